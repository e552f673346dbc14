import { objectKinds, type StoredFile } from '@jidoka/contract'
import { Choice, EmptyState, ErrorNote, Loading, urlChoice, useResource, useToasts, useUrlState } from '@jidoka/ui'
import { useEffect, useRef, useState } from 'react'
import { useConsole, useRefusal, useText } from '../app/console-context.tsx'
import { PageEnd } from '../app/page-end.tsx'
import { usePages } from '../app/use-pages.ts'
import { useRowKeys } from '../app/use-row-keys.ts'
import { DocumentUpload } from './document-upload.tsx'
import { FileTable } from './file-table.tsx'
import { RemoveFileDialog } from './remove-file-dialog.tsx'
import { StorageUsage } from './storage-usage.tsx'

export function StoragePage() {
  const t = useText()
  const refused = useRefusal()('export:create')
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('page.storage')}</h1>
      </div>
      {refused === null ? (
        <Storage />
      ) : (
        <EmptyState title={t('storage.refused_title')}>{t('storage.refused_body')}</EmptyState>
      )}
    </div>
  )
}

const kindChoices = ['all', ...objectKinds] as const
type KindChoice = (typeof kindChoices)[number]
const fields = { kind: urlChoice(kindChoices, 'all') }

/** Who hands files in sees what is used; who only reads them, too. */
function Storage() {
  const t = useText()
  const { api } = useConsole()
  const [{ kind }, change] = useUrlState(fields)
  const usage = useResource('usage', api.objectUsage)
  // What has come or gone changes both.
  const [changes, setChanges] = useState(0)
  const changed = () => {
    setChanges((before) => before + 1)
    usage.reload()
  }
  return (
    <div className="stack">
      <p className="second">{t('storage.about')}</p>
      <StorageUsage usage={usage} />
      <DocumentUpload onEnded={changed} />
      <search className="filters" aria-label={t('storage.filters')}>
        <Choice
          label={t('storage.kind')}
          value={kind}
          options={kindChoices.map((value) => ({ value, label: t(`storage.kind_${value}`) }))}
          onChange={(next) => change({ kind: next })}
        />
      </search>
      <FileList key={kind} kind={kind} changes={changes} onRemoved={changed} />
    </div>
  )
}

function FileList({
  kind,
  changes,
  onRemoved,
}: {
  kind: KindChoice
  /** Another number: files have come or gone. */
  changes: number
  onRemoved: () => void
}) {
  const t = useText()
  const { api } = useConsole()
  const toasts = useToasts()
  const list = usePages((cursor, signal) => api.objects({ cursor, kind: kind === 'all' ? null : kind }, signal))
  const { rows, again } = list
  const readFor = useRef(changes)
  useEffect(() => {
    if (readFor.current === changes) return
    readFor.current = changes
    again()
  }, [changes, again])
  const frame = useRef<HTMLDivElement>(null)
  const [busy, setBusy] = useState<string | null>(null)
  const [removing, setRemoving] = useState<StoredFile | null>(null)
  useRowKeys(frame, { openKey: null, onMove: () => undefined, onClose: () => undefined })

  const download = async ({ id }: StoredFile) => {
    setBusy(id)
    try {
      // Given as an attachment: the page stays where it is.
      location.assign((await api.objectLink(id)).path)
    } catch (failure) {
      toasts.failed(failure)
    } finally {
      setBusy(null)
    }
  }

  if (!list.isRead)
    return list.error === null ? <Loading rows={6} /> : <ErrorNote error={list.error} onRetry={list.retry} />
  if (rows.length === 0)
    return kind === 'all' ? (
      <EmptyState title={t('storage.empty_title')}>{t('storage.empty_body')}</EmptyState>
    ) : (
      <EmptyState title={t('storage.none_title')}>{t('storage.none_body')}</EmptyState>
    )
  return (
    <div className="stack" ref={frame}>
      <FileTable rows={rows} busy={busy} onDownload={(file) => void download(file)} onRemove={setRemoving} />
      <PageEnd list={list} end={t('storage.end')} />
      {removing === null ? null : (
        <RemoveFileDialog file={removing} onClose={() => setRemoving(null)} onDone={onRemoved} />
      )}
    </div>
  )
}
