import type { Archive } from '@jidoka/contract'
import { Button, EmptyState, ErrorNote, isAbort, Loading, useToasts } from '@jidoka/ui'
import { useEffect, useState } from 'react'
import type { Page } from '../app/console-api.ts'
import { useConsole, useRefusal, useText } from '../app/console-context.tsx'
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

function ArchiveList() {
  const t = useText()
  const { api } = useConsole()
  const toasts = useToasts()
  const [pages, setPages] = useState<readonly Page<Archive>[]>([])
  /** The cursor of the page that is being read; null is the first one. */
  const [reading, setReading] = useState<{ cursor: string | null } | null>({ cursor: null })
  const [error, setError] = useState<unknown>(null)
  const [busy, setBusy] = useState<string | null>(null)
  const [removing, setRemoving] = useState<Archive | null>(null)

  useEffect(() => {
    if (reading === null) return undefined
    const controller = new AbortController()
    const read = async () => {
      try {
        const page = await api.archives({ cursor: reading.cursor }, controller.signal)
        if (controller.signal.aborted) return
        setPages((before) => (reading.cursor === null ? [page] : [...before, page]))
        setError(null)
      } catch (failure) {
        if (controller.signal.aborted || isAbort(failure)) return
        setError(failure)
      }
      setReading(null)
    }
    void read()
    return () => controller.abort()
  }, [api, reading])

  const again = () => setReading({ cursor: null })
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

  const rows = pages.flatMap((page) => page.rows)
  const next = pages.at(-1)?.nextCursor ?? null
  if (pages.length === 0) return error === null ? <Loading rows={6} /> : <ErrorNote error={error} onRetry={again} />
  if (rows.length === 0) return <EmptyState title={t('archives.empty_title')}>{t('archives.empty_body')}</EmptyState>
  return (
    <div className="stack">
      <ArchiveTable
        rows={rows}
        busy={busy}
        onDownload={(id) => void download(id)}
        onRestore={(id) => void restore(id)}
        onEndRestore={(id) => void endRestore(id)}
        onRemove={setRemoving}
      />
      {error === null ? null : <ErrorNote error={error} onRetry={() => setReading({ cursor: next })} />}
      {next === null ? (
        <p className="second small">{t('archives.end')}</p>
      ) : (
        <div>
          <Button busy={reading !== null} onClick={() => setReading({ cursor: next })}>
            {t('judgments.more')}
          </Button>
        </div>
      )}
      {removing === null ? null : (
        <RemoveArchiveDialog archive={removing} onClose={() => setRemoving(null)} onDone={again} />
      )}
    </div>
  )
}
