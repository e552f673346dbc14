import type { EdgeDetail, EdgeSummary } from '@jidoka/contract'

type Lane = 'records' | 'readings'
type Told = NonNullable<EdgeSummary['waiting']>

/** Rows that wait at an edge in both lanes, as it said last. */
export const rowsWaiting = (waiting: Told): number => waiting.records.rows + waiting.readings.rows

/** Since when the oldest of them wait, in milliseconds since 1970; null where none waits, or the edge did not know. */
export function waitingSinceMs(waiting: Told): number | null {
  const ages = [waiting.records, waiting.readings].flatMap(({ oldest_ms }) => (oldest_ms === null ? [] : [oldest_ms]))
  return ages.length === 0 ? null : Date.parse(waiting.told_at) - Math.max(...ages)
}

/** Seconds until nothing waits in a lane, at the rate of the last minute; null where nothing does or nothing comes. */
export function secondsLeft(edge: Pick<EdgeDetail, 'state' | 'waiting' | 'progress'>, lane: Lane): number | null {
  const rows = edge.waiting?.[lane].rows ?? 0
  const rate = edge.progress.find((each) => each.lane === lane)?.rows_per_s ?? 0
  return edge.state !== 'online' || rows === 0 || rate <= 0 ? null : Math.ceil(rows / rate)
}
