import type { TenantMove } from '@jidoka/contract'
import { Button, Dialog, ErrorNote, useFormat, useToasts } from '@jidoka/ui'
import { useState } from 'react'
import { useConsole, useText } from '../app/console-context.tsx'

export function DropOldDialog({
  move,
  onClose,
  onDone,
}: {
  move: TenantMove
  onClose: () => void
  onDone: () => void
}) {
  const t = useText()
  const format = useFormat()
  const { api } = useConsole()
  const toasts = useToasts()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(undefined)
  const drop = async () => {
    setBusy(true)
    setError(undefined)
    try {
      await api.dropOldOf(move.tenant)
      toasts.done(t('tenants.drop_asked'))
      onDone()
      onClose()
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }
  return (
    <Dialog
      title={t('tenants.drop_title', { tenant: move.tenant, database: move.from })}
      onClose={onClose}
      footer={
        <Button look="primary" busy={busy} onClick={() => void drop()}>
          {t('tenants.drop')}
        </Button>
      }
    >
      <div className="stack">
        {error === undefined ? null : <ErrorNote error={error} />}
        <p>{t('tenants.drop_body', { at: format.instant(move.dropped_from, 'shortDay') })}</p>
      </div>
    </Dialog>
  )
}
