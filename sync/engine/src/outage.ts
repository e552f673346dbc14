import { uplinkLimits } from './limits.ts'
import type { Draining, Outage, Surroundings, UplinkEffect } from './uplink-types.ts'

export interface OutageStep {
  readonly outage: Outage | null
  readonly effects: readonly UplinkEffect[]
}

/** The cloud was not reached. An outage enters the ledger once it has lasted. */
export function noteSilence(outage: Outage | null, cause: string, rowsWaiting: number, at: Surroundings): OutageStep {
  const known: Outage = outage ?? { fromMs: at.wallMs, sinceMs: at.nowMs, cause, recorded: false }
  if (known.recorded || known.sinceMs === null || at.nowMs - known.sinceMs < uplinkLimits.outageAfterMs)
    return { outage: known, effects: [] }
  return {
    outage: { ...known, recorded: true },
    effects: [
      { kind: 'record_outage', fromMs: known.fromMs, toMs: null, cause: known.cause, rowsWaiting, drained: null },
    ],
  }
}

/**
 * The cloud has answered. The end is counted from the beginning by the clock that does not jump, where this start of the program saw the beginning.
 * `ended` is null of a hiccup.
 */
export function noteAnswer(
  outage: Outage,
  rowsWaiting: number,
  at: Surroundings,
): {
  readonly ended: Pick<Draining, 'fromMs' | 'toMs' | 'cause' | 'rowsWaiting'> | null
  readonly effects: readonly UplinkEffect[]
} {
  if (!outage.recorded) return { ended: null, effects: [] }
  const { fromMs, sinceMs, cause } = outage
  const toMs = sinceMs === null ? Math.max(fromMs, at.wallMs) : fromMs + Math.round(at.nowMs - sinceMs)
  const ended = { fromMs, toMs, cause, rowsWaiting }
  return { ended, effects: [{ kind: 'record_outage', ...ended, drained: null }] }
}
