import { monthOf, startOfMonthMs } from '../../platform/partitions/periods.ts'

/** A stretch of time; null where it has no end. */
export interface Span {
  readonly fromMs: number | null
  /** The first instant behind. */
  readonly toMs: number | null
}

export interface SpansOfPage {
  readonly newestMs: number
  /** What is older is not wanted; null: everything is. */
  readonly fromMs: number | null
  readonly nowMs: number
}

/** The first stretch reaches back so far, and to the start of that month: most pages are full with it. */
const newestSpanMs = 90 * 24 * 3_600_000
/** Months of the stretches before the newest, each about as many as those before it together; then everything older. */
const olderMonths = [4, 8]

/**
 * Where a page that begins at `newestMs` is looked for, one stretch after the other until it is full. Each month that is asked for is planned by itself: a page that is full with a few
 * does not wait for the plan of all. And PostgreSQL knows how often each of two conditions holds, not how often both do: of a rule and a line that are both frequent and were never
 * together it looks through all of one, so a search may end between two stretches.
 */
export function pageSpans({ newestMs, fromMs, nowMs }: SpansOfPage): [Span, ...Span[]] {
  let month = monthOf(Math.min(nowMs - newestSpanMs, newestMs))
  const newest = { fromMs: startOfMonthMs(month), toMs: null }
  const spans: [Span, ...Span[]] = [newest]
  let toMs = newest.fromMs
  for (const months of [...olderMonths, null]) {
    // What is older than wanted is left out by a condition of its own.
    if (fromMs !== null && toMs <= fromMs) break
    if (months === null) spans.push({ fromMs: null, toMs })
    else {
      month -= months
      spans.push({ fromMs: startOfMonthMs(month), toMs })
      toMs = startOfMonthMs(month)
    }
  }
  return spans
}
