import { edgePaths, type LineToCloud } from '@jidoka/contract'
import { EmptyState, Facts, ResourceView, Table, useFormat, useResource, useTick } from '@jidoka/ui'
import { useBoard } from '../board/live-context.tsx'
import { useText } from '../messages/index.ts'
import { useSession } from '../session/session-context.tsx'
import { useHorizonText } from './horizon.ts'
import type { Outage } from './outage.ts'

/** 30 s: the list grows by a few rows a day. */
const refreshEveryMs = 30_000

function Line({ line }: { line: LineToCloud }) {
  const t = useText()
  const format = useFormat()
  const receipt = line.last_receipt
  return (
    <section className="panel stack" aria-labelledby="sync-state">
      <h2 id="sync-state">{t(`cloud.${line.state}`)}</h2>
      {line.state === 'not_enrolled' ? (
        <EmptyState title={t('sync.not_enrolled')}>{t('sync.not_enrolled_hint')}</EmptyState>
      ) : null}
      <Table
        caption={t('sync.lanes')}
        rows={line.lanes}
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
          [t('sync.state'), t('sync.since', { time: format.instant(line.since, 'dateSecond') })],
          ...(line.problem === null ? [] : [[t('sync.problem'), line.problem] as const]),
          [
            t('sync.last_receipt'),
            receipt === null
              ? t('sync.no_receipt')
              : t('sync.receipt_text', {
                  lane: t(`sync.lane_${receipt.lane}`),
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
        ]}
      />
    </section>
  )
}

function Disk({ disk }: { disk: LineToCloud['disk'] }) {
  const t = useText()
  const format = useFormat()
  const horizon = useHorizonText()
  const total = disk.free_bytes + disk.used_bytes
  return (
    <section className="panel stack" aria-labelledby="sync-disk">
      <h2 id="sync-disk">{t('sync.disk')}</h2>
      {disk.problem_kind === null ? null : (
        <div className="note note-error note-stacked">
          <p>
            <strong>{t('disk.stopped')}</strong> {t(`disk.problem_${disk.problem_kind}`)}{' '}
            {t(`disk.next_${disk.problem_kind}`)}
          </p>
          <p className="second small" lang="en">
            {disk.problem}
          </p>
        </div>
      )}
      <Facts
        facts={[
          [t('sync.free'), format.bytes(disk.free_bytes)],
          [
            t('sync.used'),
            `${format.bytes(disk.used_bytes)}${total > 0 ? ` (${format.percent(disk.used_bytes / total, 1)})` : ''}`,
          ],
        ]}
      />
      <h3>{t('sync.horizon')}</h3>
      <Facts
        facts={[
          [
            t('sync.horizon_hour'),
            <strong key="hour">{horizon(disk.horizon_days) ?? t('sync.horizon_unknown')}</strong>,
          ],
          [
            t('sync.horizon_day'),
            <strong key="day">{horizon(disk.horizon_days_at_day_rate) ?? t('sync.horizon_unknown')}</strong>,
          ],
        ]}
      />
    </section>
  )
}

function Lasted({ outage }: { outage: Outage }) {
  const format = useFormat()
  const nowMs = useTick((now) => (outage.to === null ? now : 0))
  return <>{format.duration((outage.to === null ? nowMs : Date.parse(outage.to)) - Date.parse(outage.from))}</>
}

function Outages() {
  const t = useText()
  const format = useFormat()
  const { api } = useSession()
  const resource = useResource(
    'outages',
    async (signal) => (await api.get<Outage[]>(edgePaths.outages, { signal })).data,
    refreshEveryMs,
  )
  return (
    <section className="panel stack" aria-labelledby="sync-outages">
      <h2 id="sync-outages">{t('sync.outages')}</h2>
      <ResourceView resource={resource}>
        {(outages) =>
          outages.length === 0 ? (
            <EmptyState title={t('sync.no_outages')}>{t('sync.no_outages_hint')}</EmptyState>
          ) : (
            <Table
              caption={t('sync.outages')}
              rows={outages}
              rowKey={(outage) => outage.from}
              columns={[
                {
                  key: 'from',
                  header: t('sync.outage_from'),
                  cell: (outage) => <span className="number">{format.instant(outage.from, 'dateSecond')}</span>,
                },
                {
                  key: 'to',
                  header: t('sync.outage_to'),
                  cell: (outage) =>
                    outage.to === null ? (
                      <strong>{t('sync.outage_now')}</strong>
                    ) : (
                      <span className="number">{format.instant(outage.to, 'dateSecond')}</span>
                    ),
                },
                {
                  key: 'lasted',
                  header: t('sync.outage_lasted'),
                  align: 'right',
                  cell: (outage) => <Lasted outage={outage} />,
                },
                { key: 'cause', header: t('sync.outage_cause'), cell: (outage) => outage.cause },
                {
                  key: 'rows',
                  header: t('sync.outage_rows'),
                  align: 'right',
                  cell: (outage) => format.count(outage.rows_waiting),
                },
              ]}
            />
          )
        }
      </ResourceView>
    </section>
  )
}

/** What waits, what was receipted, how long the disk lasts, and when the line was down. */
export function SyncPage() {
  const t = useText()
  const line = useBoard((board) => board.lineToCloud)
  return (
    <div className="page">
      <h1>{t('page.sync')}</h1>
      <div className="line-tables">
        <Line line={line} />
        <Disk disk={line.disk} />
      </div>
      <Outages />
    </div>
  )
}
