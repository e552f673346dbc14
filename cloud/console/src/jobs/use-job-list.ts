import { isAbort } from '@jidoka/ui'
import { useEffect, useState } from 'react'
import { useConsole } from '../app/console-context.tsx'
import { useCoalesced } from '../live/use-coalesced.ts'
import { useLiveEvents } from '../live/live-context.tsx'
import { afterReading, isListed, pageRows, type JobReading, type JobRows, type JobView } from './job-view.ts'

/** A list is read again at most this often when it has news that it cannot put in by itself. */
const restMs = 2_000

/** Jobs page by page; those on the page go on live, and new ones come in front. */
export function useJobList({ state, kind }: Pick<JobView, 'state' | 'kind'>) {
  const { api } = useConsole()
  const [list, setList] = useState<JobRows | null>(null)
  const [reading, setReading] = useState<JobReading | null>({ cursor: null })
  const [error, setError] = useState<unknown>(null)

  useEffect(() => {
    if (reading === null) return undefined
    const controller = new AbortController()
    const read = async () => {
      try {
        const query = {
          limit: pageRows,
          cursor: reading.cursor,
          state: state === 'all' ? null : state,
          kind: kind === '' ? null : kind,
        }
        const page = await api.jobs(query, controller.signal)
        if (controller.signal.aborted) return
        const got = { rows: page.rows, next: page.nextCursor }
        setList((before) => afterReading(before, reading, got))
        setReading(null)
        setError(null)
      } catch (failure) {
        if (controller.signal.aborted || isAbort(failure)) return
        setReading(null)
        setError(failure)
      }
    }
    void read()
    return () => controller.abort()
  }, [api, kind, reading, state])

  const reload = () => setReading((before) => before ?? { cursor: null })
  const reloadSoon = useCoalesced(reload, restMs)
  // Whatever is being read was asked for before.
  const beginAnew = useCoalesced(() => setReading({ cursor: null, isAnew: true }), restMs)
  const rows = list?.rows ?? []
  useLiveEvents({
    onEvent: (event) => {
      if (event.event !== 'job') return
      const { data } = event
      if (rows.some(({ id }) => id === data.id)) {
        setList((before) =>
          before === null ? null : { ...before, rows: before.rows.map((row) => (row.id === data.id ? data : row)) },
        )
      } else if (isListed(data, { state, kind })) reloadSoon()
    },
    onGap: beginAnew,
  })
  const next = list?.next ?? null
  return {
    rows,
    error,
    isRead: list !== null,
    isReading: reading !== null,
    /** Null: this was all. */
    more: next === null ? null : () => setReading({ cursor: next }),
    reload,
  }
}
