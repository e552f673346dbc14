import { courierMediaType, edgePaths, type CourierImport, type SyncStatus } from '@jidoka/contract'
import { ErrorNote, FileDrop, Progress, Told, useFormat } from '@jidoka/ui'
import { useState } from 'react'
import { useText } from '../messages/index.ts'
import { useSession } from '../session/session-context.tsx'
import { useSettingsRefusal } from './use-sync-status.ts'

/** 10 min: a catalogue of ten thousand tags on a small appliance's disk. */
const timeoutMs = 600_000

export function CourierImportPart({ status, onChanged }: { status: SyncStatus; onChanged: () => void }) {
  const t = useText()
  const format = useFormat()
  const { api } = useSession()
  const refusal = useSettingsRefusal()
  const [busyName, setBusyName] = useState<string | null>(null)
  const [error, setError] = useState<unknown>(undefined)
  const [result, setResult] = useState<{ name: string; outcome: CourierImport } | null>(null)

  const take = async (file: File) => {
    setBusyName(file.name)
    setError(undefined)
    setResult(null)
    try {
      const body = file.slice(0, file.size, courierMediaType)
      const { data } = await api.post<CourierImport>(edgePaths.courierImport, body, { timeoutMs })
      setResult({ name: file.name, outcome: data })
      onChanged()
    } catch (failure) {
      setError(failure)
    } finally {
      setBusyName(null)
    }
  }
  const notNow = busyName !== null ? t('courier.busy') : status.state === 'not_enrolled' ? t('line.no_cloud') : refusal
  return (
    <>
      <h3>{t('courier.in')}</h3>
      <FileDrop
        label={t('courier.drop')}
        hint={t('courier.drop_hint')}
        accept=".courier"
        refused={notNow}
        onFile={(file) => void take(file)}
      />
      {busyName === null ? null : (
        <Progress label={t('courier.in')} fraction={null}>
          {t('courier.reading', { name: busyName })}
        </Progress>
      )}
      {error === undefined ? null : <ErrorNote error={error} />}
      {result === null ? null : (
        <output className="note note-stacked">
          <p>
            <strong>{result.name}</strong>{' '}
            {t('courier.made', { time: format.instant(result.outcome.created_at, 'dateSecond') })}
          </p>
          <p>{t(`courier.desired_${result.outcome.desired}`, { items: result.outcome.items })}</p>
          {result.outcome.receipts.map((receipt) => (
            <p key={receipt.lane}>
              {t(`courier.receipt_${receipt.outcome}`, {
                lane: t(`sync.lane_short_${receipt.lane}`),
                seq: receipt.up_to_seq,
              })}
            </p>
          ))}
          {result.outcome.problems.map((problem) => (
            <p key={problem}>
              <Told text={problem} />
            </p>
          ))}
        </output>
      )}
    </>
  )
}
