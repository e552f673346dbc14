import type { EdgeDetail } from '@jidoka/contract'
import { RemoveDialog } from '@jidoka/ui'
import { useConsole, useText } from '../app/console-context.tsx'

/** Cannot be taken back, so the name is typed: a row too far down in a list must not shut a plant out. */
export function RevokeDialog({
  edge: { id, name },
  ...closing
}: {
  edge: EdgeDetail
  onClose: () => void
  onDone: () => void
}) {
  const t = useText()
  const { api } = useConsole()
  return (
    <RemoveDialog
      title={t('revoke.title', { edge: name })}
      action={t('revoke.revoke')}
      remove={() => api.revokeEdge(id)}
      done={t('revoke.done', { edge: name })}
      word={{ is: name, label: t('revoke.name', { edge: name }), refused: t('revoke.type_name') }}
      {...closing}
    >
      <p>{t('revoke.body')}</p>
    </RemoveDialog>
  )
}
