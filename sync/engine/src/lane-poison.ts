import type { Lane, Refusal } from '@jidoka/sync-protocol'
import { retryAfterMs, retryDelayMs } from './back-off.ts'
import { invariant } from './invariant.ts'
import { halt, smaller, wait } from './lane-step.ts'
import type { LaneStep } from './lane-step.ts'
import { uplinkLimits } from './limits.ts'
import type { LaneUplink, Poison, Surroundings } from './uplink-types.ts'

export const noPoison: Poison = { sinceMs: null, singlesUpToSeq: 0, tries: 0, setAside: 0, dayFromMs: null }

/**
 * The cloud could not read a batch. It is cut until a single segment or record is left, which is tried for long enough that a newer cloud, or
 * one put back, may take it; then it is set aside, a bounded number a day.
 */
export function takeMalformed(
  lane: LaneUplink,
  refusal: Extract<Refusal, { kind: 'malformed' }>,
  at: Surroundings,
  name: Lane,
): LaneStep {
  const { flying, poison } = lane
  invariant(flying !== null, 'a batch was refused that was not sent')
  const blocked: LaneUplink = { ...lane, problem: { kind: 'refused', refusal } }
  const slowlyMs = retryAfterMs(uplinkLimits.haltedRetryMs, 0, at.random)
  const laterMs = lane.tries < uplinkLimits.poisonTriesMax ? retryDelayMs(lane.tries, at.random) : slowlyMs
  // A dropped range has nothing in it that could be set aside: it is the cloud that must change.
  if (flying.drop !== null) return wait(blocked, laterMs, 'read', at)
  const sinceMs = poison.sinceMs ?? at.nowMs
  if (!flying.single) {
    const isSmallest = Math.min(lane.bytesMax, flying.bytes) <= uplinkLimits.batchBytesMin
    const bytesMax = smaller(Math.min(lane.bytesMax, flying.bytes), uplinkLimits.poisonShrinkBy)
    const singlesUpToSeq = isSmallest ? flying.toSeq : poison.singlesUpToSeq
    return wait({ ...blocked, bytesMax, poison: { ...poison, sinceMs, singlesUpToSeq } }, laterMs, 'read', at)
  }
  const tries = poison.tries + 1
  const tried: LaneUplink = { ...blocked, poison: { ...poison, sinceMs, tries } }
  if (tries < uplinkLimits.poisonTriesMax) return wait(tried, retryDelayMs(tries, at.random), 'read', at)
  if (at.nowMs - sinceMs < uplinkLimits.poisonAfterMs) return wait(tried, slowlyMs, 'read', at)
  if (setAsideToday(poison, at) >= uplinkLimits.poisonPerDayMax)
    return halt(tried, { kind: 'poison_limit', seq: lane.confirmed.seq + 1, detail: refusal.detail }, at, name)
  const flight = lane.flight + 1
  return {
    lane: { ...tried, state: 'setting_aside', flight },
    effects: [
      {
        kind: 'set_aside',
        lane: name,
        flight,
        fromSeq: lane.confirmed.seq + 1,
        toSeq: flying.toSeq,
        detail: refusal.detail,
      },
    ],
  }
}

/** Rows are looked for one by one again only when another batch is refused. */
export function noteSetAside(lane: LaneUplink, at: Surroundings): LaneUplink {
  const { poison } = lane
  const dayFromMs = poison.dayFromMs === null || isNewDay(poison, at) ? at.nowMs : poison.dayFromMs
  return { ...lane, poison: { ...poison, setAside: setAsideToday(poison, at) + 1, dayFromMs, singlesUpToSeq: 0 } }
}

const isNewDay = ({ dayFromMs }: Poison, at: Surroundings): boolean =>
  dayFromMs !== null && at.nowMs - dayFromMs >= uplinkLimits.poisonDayMs

const setAsideToday = (poison: Poison, at: Surroundings): number => (isNewDay(poison, at) ? 0 : poison.setAside)
