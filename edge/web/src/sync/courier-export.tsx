import { edgePaths, type CourierExport, type SyncStatus } from '@jidoka/contract'
import { Button, ErrorNote, Progress, ResourceView, saveFile, Table, useFormat, useResource } from '@jidoka/ui'
import { useState } from 'react'
import { useText } from '../messages/index.ts'
import { useSession } from '../session/session-context.tsx'
import { nextFrom, type ExportFrom } from './courier-next.ts'
import { useSettingsRefusal } from './use-sync-status.ts'

/** 512 MB: fits on any stick and in what a panel's browser keeps for a download; weeks take several. */
const fileBytesMax = 512_000_000

export function CourierExportPart({ status }: { status: SyncStatus }) {
  const t = useText()
  const format = useFormat()
  const { api } = useSession()
  const refusal = useSettingsRefusal()
  const mayManage = refusal === null
  const exports = useResource(
    mayManage ? 'courier exports' : null,
    async (signal) => (await api.get<CourierExport[]>(edgePaths.courierExports, { signal })).data,
  )
  const [bytes, setBytes] = useState<number | null>(null)
  const [error, setError] = useState<unknown>(undefined)
  const [from, setFrom] = useState<ExportFrom | null>(null)
  const waiting = status.lanes.reduce((sum, lane) => sum + lane.waiting_rows, 0)

  const save = async (start: ExportFrom | null) => {
    setBytes(0)
    setError(undefined)
    try {
      const { blob, name } = await api.download(edgePaths.courierExport, {
        query: { max_bytes: fileBytesMax, from_records: start?.records, from_readings: start?.readings },
        onBytes: setBytes,
      })
      saveFile(blob, name ?? 'jidoka.courier')
      const { data } = await api.get<CourierExport[]>(edgePaths.courierExports)
      setFrom(nextFrom(data[0], start))
      exports.reload()
    } catch (failure) {
      setError(failure)
    } finally {
      setBytes(null)
    }
  }
  return (
    <>
      <h3>{t('courier.out')}</h3>
      <p>{waiting === 0 ? t('courier.nothing_waits') : t('courier.waits', { rows: waiting })}</p>
      {error === undefined ? null : <ErrorNote error={error} />}
      {bytes === null ? null : (
        <Progress label={t('courier.out')} fraction={null}>
          {t('courier.writing', { bytes: format.bytes(bytes) })}
        </Progress>
      )}
      <div className="row row-top">
        <Button busy={bytes !== null} refused={refusal} onClick={() => void save(null)}>
          {t('courier.export')}
        </Button>
        {from === null ? null : (
          <Button look="primary" busy={bytes !== null} onClick={() => void save(from)}>
            {t('courier.export_next')}
          </Button>
        )}
      </div>
      {from === null ? null : <output>{t('courier.has_more')}</output>}
      {mayManage ? (
        <ResourceView resource={exports} rows={1}>
          {(files) => (files.length === 0 ? null : <ExportTable files={files.slice(0, filesShown)} />)}
        </ResourceView>
      ) : null}
    </>
  )
}

/** Those of one trip; the appliance knows twenty. */
const filesShown = 5

function ExportTable({ files }: { files: readonly CourierExport[] }) {
  const t = useText()
  const format = useFormat()
  const stretch = (rows: CourierExport['records']) =>
    rows === null ? '–' : `${format.count(rows.from_seq)} – ${format.count(rows.to_seq)}`
  return (
    <Table
      caption={t('courier.files')}
      rows={files}
      rowKey={(file) => file.file_id}
      columns={[
        { key: 'at', header: t('courier.file_at'), cell: (file) => format.instant(file.created_at, 'dateSecond') },
        { key: 'bytes', header: t('courier.file_bytes'), align: 'right', cell: (file) => format.bytes(file.bytes) },
        {
          key: 'records',
          header: t('sync.lane_short_records'),
          align: 'right',
          cell: (file) => stretch(file.records),
        },
        {
          key: 'readings',
          header: t('sync.lane_short_readings'),
          align: 'right',
          cell: (file) => stretch(file.readings),
        },
      ]}
    />
  )
}
