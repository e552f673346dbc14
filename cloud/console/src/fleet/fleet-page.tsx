import type { EdgeSummary } from '@jidoka/contract'
import {
  Age,
  Button,
  EmptyState,
  ResourceView,
  Table,
  urlText,
  useFormat,
  useLocalText,
  useUrlState,
  type Column,
} from '@jidoka/ui'
import { useRef, useState } from 'react'
import { useRefusal, useText } from '../app/console-context.tsx'
import { useDirectory } from '../app/directory.tsx'
import { Split } from '../app/pane.tsx'
import { useRowKeys } from '../app/use-row-keys.ts'
import { EdgePane } from './edge-pane.tsx'
import { EdgeStateMark } from './edge-state-mark.tsx'
import { WaitingCell } from './edge-waiting.tsx'
import { EnrolDialog } from './enrol-dialog.tsx'
import { laneOf, sortEdges } from './item-state.ts'
import { SitesDialog } from './sites-dialog.tsx'

const fields = { edge: urlText() }

export function FleetPage() {
  const t = useText()
  const refusal = useRefusal()
  const { edges } = useDirectory()
  const [{ edge: openId }, change] = useUrlState(fields)
  const [dialog, setDialog] = useState<'enrol' | 'sites' | null>(null)
  const frame = useRef<HTMLDivElement>(null)
  const open = (id: string, replace = false) => change({ edge: id }, { replace })
  const close = () => change({ edge: '' })
  useRowKeys(frame, { openKey: openId === '' ? null : openId, onMove: (id) => open(id, true), onClose: close })

  const enrol = (
    <Button look="primary" refused={refusal('fleet:manage')} onClick={() => setDialog('enrol')}>
      {t('fleet.enrol')}
    </Button>
  )
  return (
    <div className="page" ref={frame}>
      <div className="page-head">
        <h1>{t('page.fleet')}</h1>
        <div className="row">
          <Button onClick={() => setDialog('sites')}>{t('fleet.sites')}</Button>
          {enrol}
        </div>
      </div>
      <Split
        list={
          <ResourceView resource={edges}>
            {(rows) =>
              rows.length === 0 ? (
                <EmptyState title={t('fleet.empty_title')}>{t('fleet.empty_body')}</EmptyState>
              ) : (
                <FleetTable rows={rows} narrow={openId !== ''} openId={openId} onOpen={(edge) => open(edge.id)} />
              )
            }
          </ResourceView>
        }
        pane={openId === '' ? null : <EdgePane key={openId} id={openId} onClose={close} />}
      />
      {dialog === 'enrol' ? <EnrolDialog onClose={() => setDialog(null)} /> : null}
      {dialog === 'sites' ? <SitesDialog onClose={() => setDialog(null)} /> : null}
    </div>
  )
}

function FleetTable({
  rows,
  narrow,
  openId,
  onOpen,
}: {
  rows: readonly EdgeSummary[]
  narrow: boolean
  openId: string
  onOpen: (edge: EdgeSummary) => void
}) {
  const t = useText()
  const format = useFormat()
  const local = useLocalText()
  const lane = (name: 'records' | 'readings', member: 'received_seq' | 'rows_total') => (edge: EdgeSummary) => {
    const cursor = laneOf(edge, name)
    return cursor === undefined ? '–' : format.count(cursor[member])
  }
  const all: readonly (Column<EdgeSummary> & { wide?: boolean })[] = [
    {
      key: 'name',
      header: t('fleet.name'),
      cell: (edge) => (
        <>
          <strong>{edge.name}</strong>
          {narrow ? <div className="second small">{local(edge.site.name)}</div> : null}
        </>
      ),
      compare: (a, b) => a.name.localeCompare(b.name),
    },
    {
      key: 'site',
      header: t('fleet.site'),
      wide: true,
      cell: (edge) => local(edge.site.name),
      compare: (a, b) => a.site.code.localeCompare(b.site.code),
    },
    {
      key: 'state',
      header: t('fleet.state'),
      cell: (edge) => (
        <>
          <EdgeStateMark state={edge.state} />
          {edge.open_troubles === 0 ? null : <div className="small problem">{t('trouble.mark')}</div>}
        </>
      ),
    },
    {
      key: 'seen',
      header: t('fleet.seen'),
      align: 'right',
      cell: (edge) => <Age at={edge.seen_at} />,
      compare: (a, b) => (b.seen_at ?? '').localeCompare(a.seen_at ?? ''),
    },
    { key: 'waiting', header: t('waiting.header'), align: 'right', cell: (edge) => <WaitingCell edge={edge} /> },
    {
      key: 'alarms',
      header: t('fleet.open_alarms'),
      align: 'right',
      cell: (edge) => <Count value={edge.open_alarms} />,
      compare: (a, b) => b.open_alarms - a.open_alarms,
    },
    {
      key: 'pending',
      header: t('fleet.pending'),
      align: 'right',
      wide: true,
      cell: (edge) => <Count value={edge.pending_items} />,
      compare: (a, b) => b.pending_items - a.pending_items,
    },
    {
      key: 'records_seq',
      header: t('fleet.records_seq'),
      align: 'right',
      wide: true,
      cell: lane('records', 'received_seq'),
    },
    {
      key: 'records_rows',
      header: t('fleet.records_rows'),
      align: 'right',
      wide: true,
      cell: lane('records', 'rows_total'),
    },
    {
      key: 'readings_seq',
      header: t('fleet.readings_seq'),
      align: 'right',
      wide: true,
      cell: lane('readings', 'received_seq'),
    },
    {
      key: 'readings_rows',
      header: t('fleet.readings_rows'),
      align: 'right',
      wide: true,
      cell: lane('readings', 'rows_total'),
    },
    { key: 'version', header: t('fleet.version'), wide: true, cell: (edge) => edge.program_version },
  ]
  return (
    <Table
      caption={t('page.fleet')}
      columns={all.filter((column) => !narrow || column.wide !== true)}
      rows={sortEdges(rows)}
      rowKey={(edge) => edge.id}
      onChoose={onOpen}
      chosenKey={openId === '' ? null : openId}
    />
  )
}

/** Zero draws no attention; anything else does. */
function Count({ value }: { value: number }) {
  const format = useFormat()
  return value === 0 ? <span className="second">0</span> : <strong>{format.count(value)}</strong>
}
