import type { SyncStatus } from '@jidoka/contract'
import type { Outage } from './outage.ts'

type LaneStatus = SyncStatus['lanes'][number]

/** 5 s: rows of every second wait for a moment in good health too, and a bar for them would only flicker. */
const shownFromSecondsLeft = 5

/** Most rows that were seen waiting since the lane was last empty. */
export const peakAfter = (peak: number, waiting: number): number => (waiting === 0 ? 0 : Math.max(peak, waiting))

/** Rows that had gathered when the line came back, of an outage that is not drained yet; 0 for none. Readings are nearly all of them. */
export function gathered(newest: Pick<Outage, 'to' | 'drained' | 'rows_waiting'> | undefined): number {
  return newest === undefined || newest.to === null || newest.drained != null ? 0 : newest.rows_waiting
}

/** How far a lane has come in sending what had gathered; null while nothing worth a bar is being sent. */
export function drainFraction(lane: LaneStatus, peak: number): number | null {
  if (lane.rows_per_second === null || lane.seconds_left === null || lane.seconds_left < shownFromSecondsLeft)
    return null
  return peak === 0 ? null : 1 - lane.waiting_rows / peak
}

/** Of all lanes that are sending, the longest time that is left, in seconds; null where none is known. */
export function secondsLeft(lanes: readonly LaneStatus[]): number | null {
  const known = lanes.flatMap((lane) =>
    lane.waiting_rows > 0 && lane.seconds_left !== null ? [lane.seconds_left] : [],
  )
  return known.length === 0 ? null : Math.max(...known)
}
