import type { SecretSummary } from '@jidoka/contract'
import { RemoveDialog } from '@jidoka/ui'
import { useConsole, useText } from '../app/console-context.tsx'

export function RemoveSecretDialog({
  secret: { name },
  ...closing
}: {
  secret: SecretSummary
  onClose: () => void
  onDone: () => void
}) {
  const t = useText()
  const { api } = useConsole()
  return (
    <RemoveDialog
      title={t('secrets.remove_title', { name })}
      action={t('secrets.remove')}
      remove={() => api.removeSecret(name)}
      done={t('secrets.removed', { name })}
      {...closing}
    >
      <p>{t('secrets.remove_body')}</p>
    </RemoveDialog>
  )
}
