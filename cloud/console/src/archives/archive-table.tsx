import { restoredRowsMax, type Archive } from '@jidoka/contract'
import { Button, Table, useFormat } from '@jidoka/ui'
import { useRefusal, useText } from '../app/console-context.tsx'
import { enterRow } from '../app/use-row-keys.ts'

/** `2024-10`, or the first and the last of several: months are those of UTC, as the database cuts them. */
export function monthOf({ from, to }: Archive): string {
  const [first, last] = [from, new Date(Date.parse(to) - 1).toISOString()].map((instant) => instant.slice(0, 7))
  return first === last ? `${first}` : `${first} – ${last}`
}

/** Rows that came when their month was gone already. */
const isLate = ({ partition }: Archive): boolean => partition.includes('_late_')

export function ArchiveTable({
  rows,
  busy,
  onDownload,
  onRestore,
  onEndRestore,
  onRemove,
}: {
  rows: readonly Archive[]
  /** The id of the one that something is being done with. */
  busy: string | null
  onDownload: (id: string) => void
  onRestore: (id: string) => void
  onEndRestore: (id: string) => void
  onRemove: (archive: Archive) => void
}) {
  const t = useText()
  const format = useFormat()
  const refused = useRefusal()('settings:manage')
  const standing = ({ restoration }: Archive): string => {
    if (restoration === null) return t('archives.nowhere')
    if (restoration.state !== 'restored') return t(`archives.${restoration.state}`)
    return t('archives.restored', { at: format.instant(restoration.until, 'shortDay') })
  }
  const tooMany = ({ rows: count }: Archive) =>
    count > restoredRowsMax ? t('archives.restore_many', { max: format.count(restoredRowsMax) }) : null
  const rowsOf = (archive: Archive) => {
    const table = t(`archives.table.${archive.table}`)
    return isLate(archive) ? t('archives.late', { table }) : table
  }
  const nameOf = (what: string, archive: Archive) => `${what}, ${monthOf(archive)} ${rowsOf(archive)}`
  return (
    <Table
      caption={t('page.archives')}
      rows={rows}
      rowKey={({ id }) => id}
      onRowKey={enterRow}
      columns={[
        {
          key: 'month',
          header: t('archives.month'),
          cell: (archive) => <span className="number">{monthOf(archive)}</span>,
        },
        { key: 'table', header: t('archives.table'), cell: rowsOf },
        {
          key: 'rows',
          header: t('archives.rows'),
          align: 'right',
          cell: (archive) => <span className="number">{format.count(archive.rows)}</span>,
        },
        {
          key: 'size',
          header: t('archives.size'),
          align: 'right',
          cell: ({ bytes }) => <span className="number">{format.bytes(bytes)}</span>,
        },
        {
          key: 'at',
          header: t('archives.at'),
          cell: ({ archived_at: at }) => <span className="number">{format.instant(at, 'full')}</span>,
        },
        { key: 'there', header: t('archives.there'), cell: (archive) => standing(archive) },
        {
          key: 'actions',
          header: t('archives.actions'),
          cell: (archive) => (
            <span className="row">
              <Button
                look="quiet"
                aria-label={nameOf(t('archives.download'), archive)}
                busy={busy === archive.id}
                onClick={() => onDownload(archive.id)}
              >
                {t('archives.download')}
              </Button>
              {archive.restoration === null || archive.restoration.state === 'stopped' ? (
                <Button
                  look="quiet"
                  aria-label={nameOf(t('archives.restore'), archive)}
                  refused={refused ?? tooMany(archive)}
                  refusedShown={tooMany(archive) === null ? 'spoken' : 'beside'}
                  busy={busy === archive.id}
                  onClick={() => onRestore(archive.id)}
                >
                  {t('archives.restore')}
                </Button>
              ) : null}
              {archive.restoration === null ? null : (
                <Button
                  look="quiet"
                  aria-label={nameOf(t('archives.restore_end'), archive)}
                  refused={refused ?? (archive.restoration.state === 'ending' ? t('archives.ending') : null)}
                  refusedShown="spoken"
                  busy={busy === archive.id}
                  onClick={() => onEndRestore(archive.id)}
                >
                  {t('archives.restore_end')}
                </Button>
              )}
              <Button
                look="quiet"
                aria-label={nameOf(t('archives.remove'), archive)}
                refused={refused ?? (archive.restoration === null ? null : t('archives.remove_first'))}
                refusedShown="spoken"
                onClick={() => onRemove(archive)}
              >
                {t('archives.remove')}
              </Button>
            </span>
          ),
        },
      ]}
    />
  )
}
