import { monthOf, startOfMonthMs } from '../../platform/partitions/periods.ts'
import { partitionedTables } from '../../platform/partitions/tables.ts'

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

const hotMs = partitionedTables['core.judgment_executions'].daysHot * 24 * 3_600_000
/** Months of the stretches before the hot ones; then everything older. */
const olderMonths = [1, 3, 6, 6]

/**
 * Where a page that begins at `newestMs` is looked for, one stretch after the other until it is full: first in the months that have all their indexes, then in more and
 * more of those that have not. Asked of all at once, each old month would be sorted for the sake of its newest row.
 */
export function pageSpans({ newestMs, fromMs, nowMs }: SpansOfPage): [Span, ...Span[]] {
  let month = monthOf(Math.min(nowMs - hotMs, newestMs))
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
