import type { CourierFile, EdgeDetail } from '@jidoka/contract'
import { Button, formatInstant, Table, Told, useFormat, useToasts, useUi } from '@jidoka/ui'
import { useConsole, useText } from '../app/console-context.tsx'

/** Files that were brought here; of other edges too, since a stick may hold several and a file says itself whose it is. */
export function CourierFiles({
  rows,
  edge,
  onChanged,
}: {
  rows: readonly CourierFile[]
  edge: EdgeDetail
  onChanged: () => void
}) {
  const t = useText()
  const format = useFormat()
  const { locale } = useUi()
  const { api } = useConsole()
  const toasts = useToasts()
  if (rows.length === 0) return <p className="second">{t('courier.no_files')}</p>
  const forget = async (file: CourierFile) => {
    try {
      await api.forgetCourierFile(file.file_id)
      onChanged()
    } catch (error) {
      toasts.failed(error)
    }
  }
  const stretch = (of: CourierFile['records']) =>
    of === null ? '–' : `${format.count(of.from_seq)} – ${format.count(of.to_seq)}`
  return (
    <Table
      caption={t('courier.files')}
      rows={rows}
      rowKey={(file) => file.file_id}
      columns={[
        {
          key: 'file',
          header: t('courier.file'),
          cell: (file) => (
            <>
              {file.edge_id === edge.id ? (
                formatInstant(file.created_at, 'dateSecond', locale, edge.site.time_zone)
              ) : (
                <strong>{file.edge_name}</strong>
              )}
              <div className="second small">
                {format.bytes(file.bytes)} · {file.begun_by}
              </div>
            </>
          ),
        },
        {
          key: 'state',
          header: t('fleet.state'),
          cell: (file) => (
            <>
              <span className={file.state === 'refused' ? 'item-state item-state-refused' : 'item-state'}>
                {t(`courier_state.${file.state}`, progressOf(file))}
              </span>
              {file.problem === null ? null : (
                <div className="small problem">
                  <Told text={file.problem} />
                </div>
              )}
            </>
          ),
        },
        {
          key: 'rows',
          header: t('courier.stretch'),
          cell: (file) => (
            <span className="small number">
              {t('lane.records')} {stretch(file.records)}
              <br />
              {t('lane.readings')} {stretch(file.readings)}
            </span>
          ),
        },
        { key: 'new', header: t('courier.rows_new'), align: 'right', cell: (file) => format.count(file.rows_new) },
        {
          key: 'do',
          header: <span className="visually-hidden">{t('courier.forget')}</span>,
          cell: (file) => (
            <Button look="quiet" className="button-small" onClick={() => void forget(file)}>
              {t('courier.forget')}
            </Button>
          ),
        },
      ]}
    />
  )
}

function progressOf(file: CourierFile) {
  return file.state === 'receiving'
    ? { part: file.pieces - file.pieces_missing.length, all: file.pieces }
    : { part: file.batches_applied, all: file.batches ?? '…' }
}
