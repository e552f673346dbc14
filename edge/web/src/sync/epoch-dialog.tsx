import { edgePaths, type EpochBegun } from '@jidoka/contract'
import { Button, Dialog, ErrorNote, Field, useToasts } from '@jidoka/ui'
import { useState, type FormEvent } from 'react'
import { useText } from '../messages/index.ts'
import { useSession } from '../session/session-context.tsx'

/** As the contract has it: enough that nobody types the epoch of another appliance by accident. */
const typedLength = 8
/** The lane's last rows that both ends have may have to be found first, receipt by receipt. */
const timeoutMs = 60_000

export function EpochDialog({ epoch, onClose, onDone }: { epoch: string; onClose: () => void; onDone: () => void }) {
  const t = useText()
  const { api } = useSession()
  const toasts = useToasts()
  const [typed, setTyped] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(undefined)
  const present = epoch.slice(0, typedLength)
  const fits = typed.trim().toLowerCase() === present

  const begin = async (event: FormEvent) => {
    event.preventDefault()
    if (!fits || busy) return
    setBusy(true)
    setError(undefined)
    try {
      const { data } = await api.post<EpochBegun>(edgePaths.syncEpoch, { present }, { timeoutMs })
      toasts.done(t('epoch.begun', { records: data.start_records, readings: data.start_readings }))
      onDone()
      onClose()
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }
  return (
    <Dialog
      title={t('epoch.title')}
      onClose={onClose}
      footer={
        <Button type="submit" form="epoch" look="primary" busy={busy} refused={fits ? null : t('epoch.type_first')}>
          {t('epoch.begin')}
        </Button>
      }
    >
      <form id="epoch" className="stack" noValidate onSubmit={(event) => void begin(event)}>
        <p>{t('epoch.when')}</p>
        <ul className="list">
          <li>{t('epoch.stop_copy')}</li>
          <li>{t('epoch.what')}</li>
          <li>{t('epoch.kept')}</li>
        </ul>
        {error === undefined ? null : <ErrorNote error={error} />}
        <p>
          {t('epoch.present')} <code>{epoch}</code>
        </p>
        <Field
          label={t('epoch.type', { count: typedLength })}
          autoComplete="off"
          spellCheck={false}
          maxLength={36}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      </form>
    </Dialog>
  )
}
