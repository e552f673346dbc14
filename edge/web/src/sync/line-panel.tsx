import { edgePaths, type SyncStatus } from '@jidoka/contract'
import {
  Button,
  EmptyState,
  Facts,
  Progress,
  Table,
  Told,
  useFormat,
  useResource,
  useTick,
  useToasts,
} from '@jidoka/ui'
import { useState } from 'react'
import { useText } from '../messages/index.ts'
import { useSession } from '../session/session-context.tsx'
import { drainFraction, gathered, peakAfter, secondsLeft } from './drain.ts'
import { EpochDialog } from './epoch-dialog.tsx'
import type { Outage } from './outage.ts'
import { useSettingsRefusal } from './use-sync-status.ts'

type LaneStatus = SyncStatus['lanes'][number]

/** How the line is, in a sentence that can be read out over the telephone. */
function useStateSentence(status: SyncStatus): string {
  const t = useText()
  const format = useFormat()
  const lastedMs = useTick((nowMs) => Math.floor(Math.max(0, nowMs - Date.parse(status.since)) / 1_000) * 1_000)
  const since = { time: format.instant(status.since, 'dateSecond'), duration: format.duration(lastedMs) }
  if (status.state === 'not_enrolled') return t('line.alone')
  if (status.state === 'connecting') return t('line.connecting', since)
  if (status.state === 'offline') return t('line.offline', since)
  const rows = status.lanes.reduce((sum, lane) => sum + lane.waiting_rows, 0)
  const left = secondsLeft(status.lanes)
  if (rows === 0) return t('line.all_sent', since)
  return left === null
    ? t('line.sending', { ...since, rows })
    : t('line.sending_left', { ...since, rows, left: format.duration(left * 1_000) })
}

function LaneProgress({
  lane,
  name,
  isMoving,
  atLeast,
}: {
  lane: LaneStatus
  name: string
  isMoving: boolean
  /** Rows that are known to have waited before this page was opened. */
  atLeast: number
}) {
  const t = useText()
  const format = useFormat()
  const [before, setPeak] = useState(0)
  const peak = peakAfter(before, lane.waiting_rows)
  if (peak !== before) setPeak(peak)
  const fraction = isMoving ? drainFraction(lane, Math.max(peak, atLeast)) : null
  if (fraction === null || lane.rows_per_second === null || lane.seconds_left === null) return null
  return (
    <Progress label={t('line.progress_of', { lane: name })} fraction={fraction}>
      {t('line.progress', {
        lane: name,
        rows: lane.waiting_rows,
        rate: format.rate(lane.rows_per_second),
        left: format.duration(lane.seconds_left * 1_000),
      })}
    </Progress>
  )
}

export function LinePanel({ status, onChanged }: { status: SyncStatus; onChanged: () => void }) {
  const t = useText()
  const format = useFormat()
  const { api } = useSession()
  const toasts = useToasts()
  const refusal = useSettingsRefusal()
  const sentence = useStateSentence(status)
  const [isTrying, setIsTrying] = useState(false)
  const [isAsking, setIsAsking] = useState(false)
  const newest = useResource(`newest outage ${status.since}`, async (signal) => {
    const { data } = await api.get<Outage[]>(edgePaths.outages, { signal, query: { limit: 1 } })
    return data[0] ?? null
  })
  const gatheredRows = gathered(newest.data ?? undefined)
  const isAlone = status.state === 'not_enrolled'
  const receipt = status.last_receipt
  const problems = status.lanes.filter(({ problem }) => problem !== null)

  const tryNow = async () => {
    setIsTrying(true)
    try {
      await api.post(edgePaths.syncNow)
      onChanged()
    } catch (error) {
      toasts.failed(error)
    } finally {
      setIsTrying(false)
    }
  }
  return (
    <section className="panel stack" aria-labelledby="sync-state">
      <h2 id="sync-state">{t(`cloud.${status.state}`)}</h2>
      <p className={status.state === 'offline' ? 'sync-sentence sync-sentence-offline' : 'sync-sentence'}>{sentence}</p>
      {isAlone ? <EmptyState title={t('sync.not_enrolled')}>{t('sync.not_enrolled_hint')}</EmptyState> : null}
      {problems.map(({ lane, problem }) => (
        <div className="note note-error note-stacked" role="alert" key={lane}>
          <p>
            <strong>{t('line.lane_stopped', { lane: t(`sync.lane_${lane}`) })}</strong>
          </p>
          <p>{problem === null ? null : <Told text={problem} />}</p>
        </div>
      ))}
      {status.lanes.map((lane) => (
        <LaneProgress
          key={lane.lane}
          lane={lane}
          name={t(`sync.lane_short_${lane.lane}`)}
          isMoving={status.state === 'online'}
          atLeast={lane.lane === 'readings' ? gatheredRows : 0}
        />
      ))}
      <Table
        caption={t('sync.lanes')}
        rows={status.lanes}
        rowKey={(lane) => lane.lane}
        columns={[
          { key: 'lane', header: t('sync.lane'), cell: (lane) => t(`sync.lane_${lane.lane}`) },
          {
            key: 'waiting',
            header: t('sync.waiting'),
            align: 'right',
            cell: (lane) => <strong>{format.count(lane.waiting_rows)}</strong>,
          },
          {
            key: 'oldest',
            header: t('sync.oldest'),
            align: 'right',
            cell: (lane) => (lane.oldest_unsent_s === null ? '–' : format.duration(lane.oldest_unsent_s * 1_000)),
          },
          {
            key: 'receipted',
            header: t('sync.receipted'),
            align: 'right',
            cell: (lane) => format.count(lane.receipted_seq),
          },
          { key: 'stored', header: t('sync.stored'), align: 'right', cell: (lane) => format.count(lane.stored_seq) },
        ]}
      />
      <Facts
        facts={[
          ...(status.problem === null
            ? []
            : [[t('sync.problem'), <Told key="problem" text={status.problem} />] as const]),
          [
            t('sync.last_receipt'),
            receipt === null
              ? t('sync.no_receipt')
              : t('sync.receipt_text', {
                  lane: t(`sync.lane_short_${receipt.lane}`),
                  seq: receipt.up_to_seq,
                  time: format.instant(receipt.received_at, 'dateSecond'),
                }),
          ],
          ...(receipt === null
            ? []
            : [
                [t('sync.digest'), <code key="digest">{receipt.digest}</code>] as const,
                [t('sync.receipt_key'), <code key="key">{receipt.key_id}</code>] as const,
              ]),
          [t('sync.epoch'), <code key="epoch">{status.epoch}</code>],
        ]}
      />
      <div className="row">
        <Button busy={isTrying} refused={isAlone ? t('line.no_cloud') : null} onClick={() => void tryNow()}>
          {t('line.try_now')}
        </Button>
        <Button refused={isAlone ? t('line.no_cloud') : refusal} onClick={() => setIsAsking(true)}>
          {t('epoch.begin')}
        </Button>
      </div>
      {isAsking ? <EpochDialog epoch={status.epoch} onClose={() => setIsAsking(false)} onDone={onChanged} /> : null}
    </section>
  )
}
