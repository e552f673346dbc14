import { uplinkLimits } from './limits.ts'
import type { Outage, Surroundings, UplinkEffect } from './uplink-types.ts'

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
    effects: [{ kind: 'record_outage', fromMs: known.fromMs, toMs: null, cause: known.cause, rowsWaiting }],
  }
}

/** The cloud has answered. The end is counted from the beginning by the clock that does not jump, where this start of the program saw the beginning. */
export function noteAnswer(outage: Outage | null, rowsWaiting: number, at: Surroundings): OutageStep {
  if (outage === null || !outage.recorded) return { outage: null, effects: [] }
  const toMs =
    outage.sinceMs === null ? Math.max(outage.fromMs, at.wallMs) : outage.fromMs + Math.round(at.nowMs - outage.sinceMs)
  return {
    outage: null,
    effects: [{ kind: 'record_outage', fromMs: outage.fromMs, toMs, cause: outage.cause, rowsWaiting }],
  }
}
