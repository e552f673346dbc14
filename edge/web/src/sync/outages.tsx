import { edgePaths } from '@jidoka/contract'
import {
  Button,
  EmptyState,
  ResourceView,
  Link,
  Table,
  Told,
  useFormat,
  useLocalText,
  useResource,
  useTick,
  useUi,
} from '@jidoka/ui'
import { useState } from 'react'
import { useBoard } from '../board/live-context.tsx'
import { useText } from '../messages/index.ts'
import { useSession } from '../session/session-context.tsx'
import { droppedOf, type Outage } from './outage.ts'
import { receiptsHref } from './receipt-filter.ts'

/** 30 s: the list grows by a few rows a day. */
const refreshEveryMs = 30_000
/** A few printed pages, and years of a healthy line. */
const rowsShown = 100

function Lasted({ outage }: { outage: Outage }) {
  const format = useFormat()
  const nowMs = useTick((now) => (outage.to === null ? now : 0))
  return <>{format.duration((outage.to === null ? nowMs : Date.parse(outage.to)) - Date.parse(outage.from))}</>
}

/** Names the plant and the zone, without which a printed time says nothing. */
function PrintHead() {
  const t = useText()
  const format = useFormat()
  const local = useLocalText()
  const { timeZone } = useUi()
  const site = useBoard((board) => board.site)
  const edge = useBoard((board) => board.edge)
  const nowMs = useTick((now) => Math.floor(now / 1_000) * 1_000)
  return (
    <div className="print-only">
      <p>
        <strong>{local(site.name)}</strong>
      </p>
      <p>{t('ledger.appliance', { name: edge.name, id: edge.id ?? '–' })}</p>
      <p>{t('ledger.printed', { zone: timeZone, time: format.instant(nowMs, 'full') })}</p>
    </div>
  )
}

/** `waitingNow`: what an outage that still lasts has made wait so far; null while that is not known. */
export function Outages({ waitingNow }: { waitingNow: number | null }) {
  const t = useText()
  const format = useFormat()
  const { api } = useSession()
  /** Where each page turned to begins; the newest page is none of them. */
  const [turned, setTurned] = useState<readonly string[]>([])
  const before = turned.at(-1)
  const resource = useResource(
    `outages ${before ?? ''}`,
    (signal) => api.get<Outage[]>(edgePaths.outages, { signal, query: { limit: rowsShown, before } }),
    before === undefined ? refreshEveryMs : undefined,
  )
  const time = (at: string | null | undefined) => <span className="number">{format.instant(at ?? null, 'full')}</span>
  const older = resource.data?.meta.next_cursor
  return (
    <section className="panel stack ledger" aria-labelledby="sync-outages">
      <div className="page-head">
        <h2 id="sync-outages">{t('sync.outages')}</h2>
        <Button
          refused={resource.data?.data.length === 0 ? t('ledger.nothing_to_print') : null}
          refusedShown="spoken"
          onClick={() => globalThis.print()}
        >
          {t('ledger.print')}
        </Button>
      </div>
      <PrintHead />
      <ResourceView resource={resource}>
        {({ data: outages }) =>
          outages.length === 0 ? (
            <EmptyState title={t('sync.no_outages')}>{t('sync.no_outages_hint')}</EmptyState>
          ) : (
            <Table
              caption={t('sync.outages')}
              rows={outages}
              rowKey={(outage) => outage.from}
              columns={[
                {
                  key: 'stretch',
                  header: t('ledger.stretch'),
                  cell: (outage) => (
                    <>
                      <div>{time(outage.from)}</div>
                      {outage.to === null ? <strong>{t('sync.outage_now')}</strong> : time(outage.to)}
                    </>
                  ),
                },
                {
                  key: 'lasted',
                  header: t('sync.outage_lasted'),
                  align: 'right',
                  cell: (outage) => <Lasted outage={outage} />,
                },
                {
                  key: 'cause',
                  header: t('sync.outage_cause'),
                  cell: (outage) => <Told text={outage.cause} />,
                },
                {
                  key: 'rows',
                  header: t('sync.outage_rows'),
                  align: 'right',
                  // The ledger has what waited when the outage was entered; of one that lasts only the present figure means something.
                  cell: (outage) =>
                    outage.to !== null ? (
                      format.count(outage.rows_waiting)
                    ) : waitingNow === null ? (
                      '–'
                    ) : (
                      <>
                        {format.count(waitingNow)} <span className="second small">{t('sync.outage_waiting_now')}</span>
                      </>
                    ),
                },
                { key: 'dropped', header: t('ledger.dropped'), cell: (outage) => <Dropped outage={outage} /> },
                {
                  key: 'drained',
                  header: t('ledger.drained'),
                  cell: (outage) => (
                    <>
                      <div>
                        {outage.drained === undefined || outage.drained === null ? (
                          <span className="second">{outage.to === null ? '–' : t('ledger.not_drained')}</span>
                        ) : (
                          time(outage.drained)
                        )}
                      </div>
                      {outage.receipted ? <Receipted receipted={outage.receipted} /> : null}
                    </>
                  ),
                },
              ]}
            />
          )
        }
      </ResourceView>
      {older === undefined && turned.length === 0 ? null : (
        <div className="row no-print">
          <Button
            refused={turned.length === 0 ? t('ledger.is_newest') : null}
            refusedShown="spoken"
            onClick={() => setTurned(turned.slice(0, -1))}
          >
            {t('ledger.newer')}
          </Button>
          <Button
            refused={older === undefined ? t('ledger.is_oldest') : null}
            refusedShown="spoken"
            onClick={() => (older === undefined ? undefined : setTurned([...turned, older]))}
          >
            {t('ledger.older')}
          </Button>
        </div>
      )}
    </section>
  )
}

/** Up to which number of each lane the cloud had signed when all was sent, and where that stands. */
function Receipted({ receipted }: { receipted: NonNullable<Outage['receipted']> }) {
  const t = useText()
  return (
    <div className="second small">
      <span className="print-only">{t('ledger.receipted_text', receipted)}</span>
      {(['records', 'readings'] as const).map((lane) =>
        receipted[lane] === 0 ? null : (
          <div className="no-print" key={lane}>
            <Link href={receiptsHref(lane, receipted[lane])} aria-current={undefined}>
              {t('ledger.receipt_of', { lane: t(`sync.lane_short_${lane}`), seq: receipted[lane] })}
            </Link>
          </div>
        ),
      )}
    </div>
  )
}

function Dropped({ outage }: { outage: Outage }) {
  const t = useText()
  const format = useFormat()
  const parts = droppedOf(outage)
  if (parts.length === 0) return <span className="second">{t('ledger.nothing_dropped')}</span>
  return (
    <>
      {parts.map(({ reason, rows }) => (
        <div key={reason}>
          <strong>{format.count(rows)}</strong> {t(`drop.${reason}`)}
        </div>
      ))}
    </>
  )
}
