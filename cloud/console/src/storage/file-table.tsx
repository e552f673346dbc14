import type { StoredFile } from '@jidoka/contract'
import { Button, Table, useFormat } from '@jidoka/ui'
import { useRefusal, useText } from '../app/console-context.tsx'
import { enterRow } from '../app/use-row-keys.ts'

export function FileTable({
  rows,
  busy,
  onDownload,
  onRemove,
}: {
  rows: readonly StoredFile[]
  /** The id of the one whose link is asked for. */
  busy: string | null
  onDownload: (file: StoredFile) => void
  onRemove: (file: StoredFile) => void
}) {
  const t = useText()
  const format = useFormat()
  const refused = useRefusal()('settings:manage')
  const refusedOf = ({ kind }: StoredFile) => refused ?? (kind === 'archive' ? t('storage.archive_there') : null)
  return (
    <Table
      caption={t('page.storage')}
      rows={rows}
      rowKey={({ id }) => id}
      onRowKey={enterRow}
      columns={[
        { key: 'name', header: t('storage.name'), cell: ({ name }) => <span className="file-name">{name}</span> },
        {
          key: 'kind',
          header: t('storage.kind'),
          cell: ({ kind, expires_at: until }) =>
            until === null
              ? t(`storage.kind_${kind}`)
              : t('storage.kind_until', { kind: t(`storage.kind_${kind}`), at: format.instant(until, 'shortDay') }),
        },
        {
          key: 'size',
          header: t('storage.size'),
          align: 'right',
          cell: ({ bytes }) => <span className="number">{format.bytes(bytes)}</span>,
        },
        {
          key: 'at',
          header: t('storage.at'),
          cell: ({ created_at: at }) => <span className="number">{format.instant(at, 'full')}</span>,
        },
        { key: 'by', header: t('storage.by'), cell: ({ created_by: by }) => by },
        {
          key: 'actions',
          header: t('storage.actions'),
          cell: (file) => (
            <span className="row">
              <Button
                look="quiet"
                aria-label={`${t('storage.download')}, ${file.name}`}
                busy={busy === file.id}
                onClick={() => onDownload(file)}
              >
                {t('storage.download')}
              </Button>
              <Button
                look="quiet"
                aria-label={`${t('storage.remove')}, ${file.name}`}
                refused={refusedOf(file)}
                refusedShown="spoken"
                onClick={() => onRemove(file)}
              >
                {t('storage.remove')}
              </Button>
            </span>
          ),
        },
      ]}
    />
  )
}
