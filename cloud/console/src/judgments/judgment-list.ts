import type { Execution } from '@jidoka/contract'

/** The list of one set of filters. Rows move only when the reader asks: what is new is counted until then. */
export interface JudgmentList {
  readonly rows: readonly Execution[]
  readonly nextCursor: string | null
  readonly phase: 'loading' | 'ready' | 'loading_more'
  readonly error: unknown
  /** Judgments that came since the first page was read and are not among the rows. */
  readonly waiting: ReadonlySet<string>
  /** True when there are more than are counted. */
  readonly waitingMany: boolean
}

export type JudgmentListEvent =
  | { readonly kind: 'load' }
  | { readonly kind: 'loaded'; readonly rows: readonly Execution[]; readonly nextCursor: string | null }
  | { readonly kind: 'load_more' }
  | { readonly kind: 'more_loaded'; readonly rows: readonly Execution[]; readonly nextCursor: string | null }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'arrived'; readonly id: string }

/** 999: beyond that the number says no more than "many", and the set would grow as long as a tab is left open. */
export const waitingMax = 999

export const emptyList: JudgmentList = {
  rows: [],
  nextCursor: null,
  phase: 'loading',
  error: null,
  waiting: new Set(),
  waitingMany: false,
}

export function judgmentListStep(list: JudgmentList, event: JudgmentListEvent): JudgmentList {
  switch (event.kind) {
    case 'load':
      // The count begins anew here and not with the answer: what arrives while the page is being read may not be in it.
      return { ...list, phase: 'loading', error: null, waiting: new Set(), waitingMany: false }
    case 'loaded': {
      const shown = new Set(event.rows.map((row) => row.execution_id))
      const waiting = new Set([...list.waiting].filter((id) => !shown.has(id)))
      return {
        rows: event.rows,
        nextCursor: event.nextCursor,
        phase: 'ready',
        error: null,
        waiting,
        waitingMany: false,
      }
    }
    case 'load_more':
      return list.nextCursor === null || list.phase !== 'ready' ? list : { ...list, phase: 'loading_more', error: null }
    case 'more_loaded': {
      if (list.phase !== 'loading_more') return list
      const known = new Set(list.rows.map((row) => row.execution_id))
      const rows = [...list.rows, ...event.rows.filter((row) => !known.has(row.execution_id))]
      return { ...list, rows, nextCursor: event.nextCursor, phase: 'ready' }
    }
    case 'failed':
      return { ...list, phase: 'ready', error: event.error }
    case 'arrived':
      return arrive(list, event.id)
    default:
      return event satisfies never
  }
}

function arrive(list: JudgmentList, id: string): JudgmentList {
  if (list.waiting.has(id) || list.rows.some((row) => row.execution_id === id)) return list
  if (list.waiting.size >= waitingMax) return list.waitingMany ? list : { ...list, waitingMany: true }
  return { ...list, waiting: new Set([...list.waiting, id]) }
}
