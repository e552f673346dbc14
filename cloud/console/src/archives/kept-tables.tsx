import type { ArchivableTable } from '@jidoka/contract'
import { archivableTables } from '@jidoka/contract'
import { ErrorNote, isAbort, Loading, useToasts } from '@jidoka/ui'
import { useEffect, useState } from 'react'
import { useConsole, useRefusal, useText } from '../app/console-context.tsx'

/** Which tables are archived before their months go. */
export function KeptTables() {
  const t = useText()
  const { api } = useConsole()
  const toasts = useToasts()
  const refused = useRefusal()('settings:manage')
  const [kept, setKept] = useState<readonly ArchivableTable[] | null>(null)
  const [error, setError] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const [reading, setReading] = useState(true)

  useEffect(() => {
    if (!reading) return undefined
    const controller = new AbortController()
    const read = async () => {
      try {
        const { tables } = await api.archiveSettings(controller.signal)
        if (controller.signal.aborted) return
        setKept(tables)
        setError(null)
      } catch (failure) {
        if (controller.signal.aborted || isAbort(failure)) return
        setError(failure)
      }
      setReading(false)
    }
    void read()
    return () => controller.abort()
  }, [api, reading])

  const put = async (table: ArchivableTable, isKept: boolean) => {
    if (kept === null || busy) return
    const tables = isKept ? [...kept, table] : kept.filter((each) => each !== table)
    // The mark is where it was put; a refusal puts it back.
    setKept(tables)
    setBusy(true)
    try {
      await api.putArchiveSettings(tables)
      toasts.done(t(isKept ? 'archives.kept' : 'archives.not_kept'))
    } catch (failure) {
      setKept(kept)
      toasts.failed(failure)
    } finally {
      setBusy(false)
    }
  }

  if (error !== null) return <ErrorNote error={error} onRetry={() => setReading(true)} />
  if (kept === null) return <Loading rows={2} />
  return (
    <fieldset className="checks" disabled={busy}>
      <legend>{t('archives.keep')}</legend>
      {archivableTables.map((table) => (
        <label key={table} className="check">
          <input
            type="checkbox"
            checked={kept.includes(table)}
            aria-disabled={refused !== null || undefined}
            onChange={({ target }) => {
              if (refused === null) void put(table, target.checked)
            }}
          />
          <span>{t(`archives.${table}`)}</span>
        </label>
      ))}
      {refused === null ? null : <p className="second small">{refused}</p>}
    </fieldset>
  )
}
