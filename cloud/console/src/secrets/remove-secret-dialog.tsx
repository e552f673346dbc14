import type { SecretSummary } from '@jidoka/contract'
import { Button, Dialog, ErrorNote, useToasts } from '@jidoka/ui'
import { useState } from 'react'
import { useConsole, useText } from '../app/console-context.tsx'

export function RemoveSecretDialog({
  secret: { name },
  onClose,
  onDone,
}: {
  secret: SecretSummary
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
      await api.removeSecret(name)
      toasts.done(t('secrets.removed', { name }))
      onDone()
      onClose()
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }
  return (
    <Dialog
      title={t('secrets.remove_title', { name })}
      onClose={onClose}
      footer={
        <Button look="primary" busy={busy} onClick={() => void remove()}>
          {t('secrets.remove')}
        </Button>
      }
    >
      <div className="stack">
        {error === undefined ? null : <ErrorNote error={error} />}
        <p>{t('secrets.remove_body')}</p>
      </div>
    </Dialog>
  )
}
