import type { Archive } from '@jidoka/contract'
import { RemoveDialog } from '@jidoka/ui'
import { useConsole, useText } from '../app/console-context.tsx'
import { monthOf } from './archive-table.tsx'

export function RemoveArchiveDialog({
  archive,
  ...closing
}: {
  archive: Archive
  onClose: () => void
  onDone: () => void
}) {
  const t = useText()
  const { api } = useConsole()
  return (
    <RemoveDialog
      title={t('archives.remove_title', { month: monthOf(archive) })}
      action={t('archives.remove')}
      remove={() => api.removeArchive(archive.id)}
      done={t('archives.removed')}
      {...closing}
    >
      <p>{t('archives.remove_body')}</p>
    </RemoveDialog>
  )
}
