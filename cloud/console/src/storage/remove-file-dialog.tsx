import type { StoredFile } from '@jidoka/contract'
import { Button, Dialog, ErrorNote, useToasts } from '@jidoka/ui'
import { useState } from 'react'
import { useConsole, useText } from '../app/console-context.tsx'

export function RemoveFileDialog({
  file,
  onClose,
  onDone,
}: {
  file: StoredFile
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
      await api.removeObject(file.id)
      toasts.done(t('storage.removed', { name: file.name }))
      onClose()
      onDone()
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }
  return (
    <Dialog
      title={t('storage.remove_title')}
      onClose={onClose}
      footer={
        <Button look="primary" busy={busy} onClick={() => void remove()}>
          {t('storage.remove')}
        </Button>
      }
    >
      <div className="stack">
        {error === undefined ? null : <ErrorNote error={error} />}
        <p>
          <strong className="file-name">{file.name}</strong>
        </p>
        <p>{t('storage.remove_body')}</p>
      </div>
    </Dialog>
  )
}
