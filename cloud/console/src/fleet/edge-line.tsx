import type { EdgeDetail, EdgeOutage } from '@jidoka/contract'
import {
  Age,
  Button,
  formatInstant,
  ResourceView,
  Table,
  Told,
  useFormat,
  useResource,
  useUi,
  type Column,
} from '@jidoka/ui'
import { useState } from 'react'
import { useConsole, useText } from '../app/console-context.tsx'
import { Digest } from '../app/copy-button.tsx'
import { Part } from '../app/pane.tsx'
import { EdgeWaitingText } from './edge-waiting.tsx'

/** What the edge has sent and how fast it comes, and when its line was down. */
export function EdgeLine({ edge }: { edge: EdgeDetail }) {
  const t = useText()
  return (
    <>
      <Part title={t('fleet.lanes')}>
        <LaneTable edge={edge} />
      </Part>
      <Part title={t('waiting.title')}>
        <EdgeWaitingText edge={edge} />
      </Part>
      <Part title={t('outage.title')}>
        <Outages edge={edge} />
      </Part>
    </>
  )
}

function LaneTable({ edge }: { edge: EdgeDetail }) {
  const t = useText()
  const format = useFormat()
  if (edge.lanes.length === 0) return <p className="second">{t('fleet.no_lanes')}</p>
  const rate = (name: 'records' | 'readings') => edge.progress.find(({ lane }) => lane === name)?.rows_per_s ?? null
  return (
    <Table
      caption={t('fleet.lanes')}
      rows={edge.lanes}
      rowKey={(lane) => `${lane.lane}/${lane.epoch}`}
      columns={[
        {
          key: 'lane',
          header: t('fleet.lane'),
          cell: (lane) => (
            <>
              {t(`lane.${lane.lane}`)}
              <div className="second small" title={lane.epoch}>
                {t('fleet.epoch', { epoch: lane.epoch.slice(0, 8) })}
              </div>
            </>
          ),
        },
        { key: 'seq', header: t('fleet.up_to'), align: 'right', cell: (lane) => format.count(lane.received_seq) },
        { key: 'rows', header: t('fleet.rows'), align: 'right', cell: (lane) => format.count(lane.rows_total) },
        {
          key: 'rate',
          header: t('fleet.rate'),
          align: 'right',
          cell: ({ lane }) => {
            const known = rate(lane)
            return known === null ? '–' : t('fleet.per_second', { rows: format.rate(known) })
          },
        },
        { key: 'at', header: t('fleet.received'), align: 'right', cell: (lane) => <Age at={lane.received_at} /> },
        { key: 'digest', header: t('fleet.digest'), cell: (lane) => <Digest value={lane.digest} /> },
      ]}
    />
  )
}

function Outages({ edge }: { edge: EdgeDetail }) {
  const t = useText()
  const { api } = useConsole()
  const [cursors, setCursors] = useState<readonly string[]>([])
  const cursor = cursors.at(-1)
  const resource = useResource(`outages ${edge.id} ${cursor ?? ''}`, (signal) => api.outages(edge.id, cursor, signal))
  const next = resource.data?.nextCursor ?? null
  return (
    <>
      <ResourceView resource={resource} rows={3}>
        {({ rows }) =>
          rows.length === 0 ? (
            <p className="second">{t('outage.none')}</p>
          ) : (
            <OutageTable rows={rows} timeZone={edge.site.time_zone} />
          )
        }
      </ResourceView>
      {cursors.length === 0 && next === null ? null : (
        <p className="row">
          <Button
            className="button-small"
            refused={cursors.length === 0 ? t('outage.is_newest') : null}
            refusedShown="spoken"
            onClick={() => setCursors(cursors.slice(0, -1))}
          >
            {t('outage.newer')}
          </Button>
          <Button
            className="button-small"
            refused={next === null ? t('outage.is_oldest') : null}
            refusedShown="spoken"
            onClick={() => (next === null ? undefined : setCursors([...cursors, next]))}
          >
            {t('outage.older')}
          </Button>
        </p>
      )}
    </>
  )
}

function OutageTable({ rows, timeZone }: { rows: readonly EdgeOutage[]; timeZone: string }) {
  const t = useText()
  const format = useFormat()
  const { locale } = useUi()
  const at = (instant: string | null) => (
    <span className="number">{formatInstant(instant, 'dateSecond', locale, timeZone)}</span>
  )
  const columns: readonly Column<EdgeOutage>[] = [
    {
      key: 'from',
      header: t('outage.stretch'),
      cell: (row) => (
        <>
          {at(row.from)}
          <div>{row.to === null ? <strong>{t('outage.now')}</strong> : at(row.to)}</div>
        </>
      ),
    },
    {
      key: 'lasted',
      header: t('outage.lasted'),
      align: 'right',
      cell: ({ from, to }) => (to === null ? <Age at={from} /> : format.duration(Date.parse(to) - Date.parse(from))),
    },
    { key: 'cause', header: t('outage.cause'), cell: (row) => <Told text={row.cause} /> },
    { key: 'rows', header: t('outage.rows'), align: 'right', cell: (row) => format.count(row.rows_waiting) },
    {
      key: 'dropped',
      header: t('outage.dropped'),
      cell: ({ dropped }) =>
        dropped === null ? (
          '–'
        ) : Object.keys(dropped).length === 0 ? (
          <span className="second">{t('outage.nothing_dropped')}</span>
        ) : (
          (['space', 'damaged', 'poison', 'pruned'] as const).map((reason) =>
            dropped[reason] === undefined ? null : (
              <div key={reason}>
                <strong>{format.count(dropped[reason])}</strong> {t(`drop.${reason}`)}
              </div>
            ),
          )
        ),
    },
    {
      key: 'drained',
      header: t('outage.drained'),
      cell: (row) => (
        <>
          {row.drained_at === null ? <span className="second">{t('outage.not_drained')}</span> : at(row.drained_at)}
          {row.receipted === null ? null : <div className="second small">{t('outage.receipted', row.receipted)}</div>}
        </>
      ),
    },
  ]
  return <Table caption={t('outage.title')} rows={rows} rowKey={({ from }) => from} columns={columns} />
}
