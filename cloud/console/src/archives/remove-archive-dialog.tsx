import type { Archive } from '@jidoka/contract'
import { Button, Dialog, ErrorNote, useToasts } from '@jidoka/ui'
import { useState } from 'react'
import { useConsole, useText } from '../app/console-context.tsx'
import { monthOf } from './archive-table.tsx'

export function RemoveArchiveDialog({
  archive,
  onClose,
  onDone,
}: {
  archive: Archive
  onClose: () => void
  onDone: () => void
}) {
  const t = useText()
  const { api } = useConsole()
  const toasts = useToasts()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(undefined)
  const remove = async () => {
    setBusy(true)
    setError(undefined)
    try {
      await api.removeArchive(archive.id)
      toasts.done(t('archives.removed'))
      onDone()
      onClose()
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }
  return (
    <Dialog
      title={t('archives.remove_title', { month: monthOf(archive) })}
      onClose={onClose}
      footer={
        <Button look="primary" busy={busy} onClick={() => void remove()}>
          {t('archives.remove')}
        </Button>
      }
    >
      <div className="stack">
        {error === undefined ? null : <ErrorNote error={error} />}
        <p>{t('archives.remove_body')}</p>
      </div>
    </Dialog>
  )
}
