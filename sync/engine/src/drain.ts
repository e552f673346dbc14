import { lanes } from '@jidoka/sync-protocol'
import type { DropReason, Lane } from '@jidoka/sync-protocol'
import type { Draining, Surroundings, UplinkEffect, UplinkState } from './uplink-types.ts'

type Lanes = UplinkState['lanes']

/** Begins to follow what waited when an outage ended. */
export function drainFrom(
  outage: Pick<Draining, 'fromMs' | 'toMs' | 'cause' | 'rowsWaiting'>,
  { records, readings }: Lanes,
  endedAtMs: number | null,
): Draining {
  return {
    ...outage,
    endedAtMs,
    lastSeqs: { records: records.lastSeq, readings: readings.lastSeq },
    dropped: {},
    droppedUpTo: { records: records.confirmed.seq, readings: readings.confirmed.seq },
  }
}

/** Counts the rows of a dropped range that had waited. */
export function noteDrop(
  draining: readonly Draining[],
  { lane, toSeq, fromSeq }: { readonly lane: Lane; readonly fromSeq: number; readonly toSeq: number },
  reason: DropReason,
): readonly Draining[] {
  return draining.map((outage) => {
    const { lastSeqs, droppedUpTo, dropped } = outage
    const rows = Math.min(toSeq, lastSeqs[lane]) - Math.max(fromSeq - 1, droppedUpTo[lane])
    if (rows <= 0) return outage
    return {
      ...outage,
      dropped: { ...dropped, [reason]: (dropped[reason] ?? 0) + rows },
      droppedUpTo: { ...droppedUpTo, [lane]: toSeq },
    }
  })
}

/** Which outages are done with, and the record that says so. A later one ends at higher numbers, so they are drained in order. */
export function drain(
  draining: readonly Draining[],
  { records, readings }: Lanes,
  at: Surroundings,
): { readonly draining: readonly Draining[]; readonly effects: readonly UplinkEffect[] } {
  const receipted = { records: records.confirmed.seq, readings: readings.confirmed.seq }
  const firstLeft = draining.findIndex(({ lastSeqs }) => lanes.some((lane) => receipted[lane] < lastSeqs[lane]))
  const done = firstLeft === -1 ? draining : draining.slice(0, firstLeft)
  return {
    draining: draining.slice(done.length),
    effects: done.map(({ fromMs, toMs, endedAtMs, cause, rowsWaiting, dropped }) => ({
      kind: 'record_outage',
      fromMs,
      toMs,
      cause,
      rowsWaiting,
      drained: {
        atMs: endedAtMs === null ? Math.max(toMs, at.wallMs) : toMs + Math.round(at.nowMs - endedAtMs),
        dropped,
        receipted,
      },
    })),
  }
}
