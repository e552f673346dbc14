import type { StoredFile } from '@jidoka/contract'
import { RemoveDialog } from '@jidoka/ui'
import { useConsole, useText } from '../app/console-context.tsx'

export function RemoveFileDialog({
  file: { id, name },
  ...closing
}: {
  file: StoredFile
  onClose: () => void
  onDone: () => void
}) {
  const t = useText()
  const { api } = useConsole()
  return (
    <RemoveDialog
      title={t('storage.remove_title')}
      action={t('storage.remove')}
      remove={() => api.removeObject(id)}
      done={t('storage.removed', { name })}
      {...closing}
    >
      <p>
        <strong className="file-name">{name}</strong>
      </p>
      <p>{t('storage.remove_body')}</p>
    </RemoveDialog>
  )
}
