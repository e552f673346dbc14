import { isAbort } from '@jidoka/ui'
import { useCallback, useEffect, useReducer, useRef } from 'react'
import { useConsole } from '../app/console-context.tsx'
import { useLiveEvents } from '../live/live-context.tsx'
import { filterKey, matches, recentQuery, type JudgmentFilters } from './filters.ts'
import { emptyList, judgmentListStep, type JudgmentList } from './judgment-list.ts'

interface Loaded {
  readonly list: JudgmentList
  readonly reload: () => void
  readonly loadMore: () => void
}

/** The judgments that fit the filters, a page at a time. What is new is counted and not put in between. */
export function useJudgmentList(filters: JudgmentFilters): Loaded {
  const { api } = useConsole()
  const key = filterKey(filters)
  const [{ list, ofKey }, step] = useReducer(
    (
      before: { list: JudgmentList; ofKey: string },
      event: { ofKey: string; step: Parameters<typeof judgmentListStep>[1] },
    ) => {
      // A first step of other filters begins anew; a late answer of the old ones is dropped.
      if (event.step.kind === 'load')
        return {
          list: judgmentListStep(event.ofKey === before.ofKey ? before.list : emptyList, event.step),
          ofKey: event.ofKey,
        }
      return event.ofKey === before.ofKey ? { ...before, list: judgmentListStep(before.list, event.step) } : before
    },
    { list: emptyList, ofKey: key },
  )
  const latest = useRef(filters)
  /** The query of the first page: all pages are of one stretch of time. */
  const query = useRef<ReturnType<typeof recentQuery> | null>(null)
  const requests = useRef(new AbortController())
  useEffect(() => {
    latest.current = filters
  })

  const load = useCallback(
    async (cursor: string | null) => {
      const { signal } = requests.current
      const first = cursor === null
      try {
        const page = await api.recent({ ...query.current, cursor }, signal)
        if (!signal.aborted) step({ ofKey: key, step: { kind: first ? 'loaded' : 'more_loaded', ...page } })
      } catch (error) {
        if (!signal.aborted && !isAbort(error)) step({ ofKey: key, step: { kind: 'failed', error } })
      }
    },
    [api, key],
  )

  const start = useCallback(() => {
    requests.current.abort()
    requests.current = new AbortController()
    query.current = recentQuery(latest.current, Date.now())
    step({ ofKey: key, step: { kind: 'load' } })
    void load(null)
  }, [key, load])

  useEffect(() => {
    start()
    return () => requests.current.abort()
  }, [start])

  useLiveEvents({
    onEvent: (event) => {
      if (event.event !== 'judgment' || !matches(filters, event.data, Date.now())) return
      step({ ofKey: key, step: { kind: 'arrived', id: event.data.execution_id } })
    },
  })

  const shown = ofKey === key ? list : emptyList
  return {
    list: shown,
    reload: start,
    loadMore: () => {
      if (shown.nextCursor === null || shown.phase !== 'ready') return
      step({ ofKey: key, step: { kind: 'load_more' } })
      void load(shown.nextCursor)
    },
  }
}
