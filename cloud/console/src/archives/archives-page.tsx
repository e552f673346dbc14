import type { Archive } from '@jidoka/contract'
import { EmptyState, ErrorNote, Loading, useToasts } from '@jidoka/ui'
import { useEffect, useRef, useState } from 'react'
import { useConsole, useRefusal, useText } from '../app/console-context.tsx'
import { PageEnd } from '../app/page-end.tsx'
import { usePages } from '../app/use-pages.ts'
import { useRowKeys } from '../app/use-row-keys.ts'
import { useLiveEvents } from '../live/live-context.tsx'
import { useCoalesced } from '../live/use-coalesced.ts'
import { ArchiveTable } from './archive-table.tsx'
import { KeptTables } from './kept-tables.tsx'
import { RemoveArchiveDialog } from './remove-archive-dialog.tsx'

/** Months that have left the database, and which shall be kept when they do. */
export function ArchivesPage() {
  const t = useText()
  const refused = useRefusal()('export:create')
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('page.archives')}</h1>
      </div>
      {refused === null ? (
        <div className="stack">
          <p className="second">{t('archives.about')}</p>
          <KeptTables />
          <ArchiveList />
        </div>
      ) : (
        <EmptyState title={t('archives.refused_title')}>{t('archives.refused_body')}</EmptyState>
      )}
    </div>
  )
}

/** What changes where the rows of an archive are. */
const jobsOfArchives: ReadonlySet<string> = new Set(['archive.restore', 'archive.restore_end'])
const restMs = 2_000
const refreshEveryMs = 15_000

const isOnItsWay = (restoration: Archive['restoration']): boolean =>
  restoration?.state === 'restoring' || restoration?.state === 'ending'

function ArchiveList() {
  const t = useText()
  const { api } = useConsole()
  const toasts = useToasts()
  const list = usePages((cursor, signal) => api.archives({ cursor }, signal))
  const { rows, again } = list
  const frame = useRef<HTMLDivElement>(null)
  const [busy, setBusy] = useState<string | null>(null)
  const [removing, setRemoving] = useState<Archive | null>(null)

  useRowKeys(frame, { openKey: null, onMove: () => undefined, onClose: () => undefined })

  const againSoon = useCoalesced(again, restMs)
  useLiveEvents({
    onEvent: (event) => {
      if (event.event === 'job' && jobsOfArchives.has(event.data.kind) && event.data.state !== 'running') againSoon()
    },
    onGap: againSoon,
  })
  // Who may not read jobs is not told of them.
  const isUnderWay = rows.some(({ restoration }) => isOnItsWay(restoration))
  useEffect(() => {
    if (!isUnderWay) return undefined
    const timer = setInterval(againSoon, refreshEveryMs)
    return () => clearInterval(timer)
  }, [againSoon, isUnderWay])

  const doing = async (id: string, work: () => Promise<void>) => {
    setBusy(id)
    try {
      await work()
    } catch (failure) {
      toasts.failed(failure)
    } finally {
      setBusy(null)
    }
  }
  const download = (id: string) =>
    doing(id, async () => {
      // Given as an attachment: the page stays where it is.
      location.assign((await api.archiveLink(id)).path)
    })
  const restore = (id: string) =>
    doing(id, async () => {
      await api.restoreArchive(id)
      toasts.done(t('archives.restore_asked'))
      again()
    })
  const endRestore = (id: string) =>
    doing(id, async () => {
      await api.endRestoreArchive(id)
      toasts.done(t('archives.restore_ended'))
      again()
    })

  if (!list.isRead)
    return list.error === null ? <Loading rows={6} /> : <ErrorNote error={list.error} onRetry={list.retry} />
  if (rows.length === 0) return <EmptyState title={t('archives.empty_title')}>{t('archives.empty_body')}</EmptyState>
  return (
    <div className="stack" ref={frame}>
      <ArchiveTable
        rows={rows}
        busy={busy}
        onDownload={(id) => void download(id)}
        onRestore={(id) => void restore(id)}
        onEndRestore={(id) => void endRestore(id)}
        onRemove={setRemoving}
      />
      <PageEnd list={list} end={t('archives.end')} />
      {removing === null ? null : (
        <RemoveArchiveDialog archive={removing} onClose={() => setRemoving(null)} onDone={again} />
      )}
    </div>
  )
}
