import type { Lane, Refusal, RefusalKind } from '@jidoka/sync-protocol'
import { retryAfterMs, retryDelayMs } from './back-off.ts'
import { takeMalformed } from './lane-poison.ts'
import { halt, smaller, wait } from './lane-step.ts'
import type { LaneStep } from './lane-step.ts'
import type { Failure, LaneProblem, LaneUplink, Surroundings } from './uplink-types.ts'

/** A refusal is one of: ask where the cloud stands, try again (sooner or later), try smaller, or wait for a person. */
const onRefusal: Record<
  Exclude<RefusalKind, 'malformed' | 'digest'>,
  'resume' | 'again' | 'wait' | 'shrink' | 'halt'
> = {
  gap: 'resume',
  wrong_epoch: 'halt',
  unknown_edge: 'halt',
  revoked: 'halt',
  too_large: 'shrink',
  protocol_version: 'halt',
  busy: 'wait',
  bad_signature: 'halt',
  // The shell has taken the time of the answer over; a nonce is new in every request.
  stale: 'again',
  replayed: 'again',
  bad_token: 'halt',
}

export function takeFailure(
  lane: LaneUplink,
  { failure }: { readonly failure: Failure },
  at: Surroundings,
  name: Lane,
): LaneStep {
  if (failure.kind === 'refused') return takeRefusal(lane, failure.refusal, at, name)
  if (failure.kind === 'timeout') return resumeSoon({ ...lane, bytesMax: smaller(lane.bytesMax, 4) }, 0, at)
  if (failure.kind === 'network') return resumeSoon(lane, 0, at)
  // A proxy with a smaller limit than the cloud's (nginx: 1 MB) answers with a page of its own.
  return resumeSoon(
    failure.status === 413 ? { ...lane, bytesMax: smaller(lane.bytesMax, 2) } : lane,
    failure.retryAfterMs ?? 0,
    at,
  )
}

function takeRefusal(lane: LaneUplink, refusal: Refusal, at: Surroundings, name: Lane): LaneStep {
  if (refusal.kind === 'malformed') return takeMalformed(lane, refusal, at, name)
  if (refusal.kind === 'digest') return halt(lane, { kind: 'diverged', seq: lane.confirmed.seq }, at, name)
  const problem: LaneProblem = { kind: 'refused', refusal }
  const remedy = onRefusal[refusal.kind]
  if (remedy === 'halt') return halt(lane, problem, at, name)
  const first = lane.tries === 0
  if (remedy === 'resume') return resumeSoon(first ? lane : { ...lane, problem }, 0, at)
  if (remedy === 'again')
    return first
      ? wait(lane, 0, 'read', at)
      : wait({ ...lane, problem }, retryDelayMs(lane.tries, at.random), 'read', at)
  const bytesMax = smaller(lane.bytesMax, 2)
  if (remedy === 'shrink' && bytesMax < lane.bytesMax) return wait({ ...lane, bytesMax }, 0, 'read', at)
  const askedMs = refusal.kind === 'busy' ? refusal.retry_after_ms : 0
  return wait({ ...lane, bytesMax, problem }, retryAfterMs(askedMs, lane.tries, at.random), 'read', at)
}

/**
 * Whether the cloud has taken the batch is not known, so it is asked before anything is sent again: the first time at once,
 * then with a growing pause. Without the pause a line that carries questions but no batches would be asked in a circle.
 */
function resumeSoon(lane: LaneUplink, askedMs: number, at: Surroundings): LaneStep {
  if (lane.tries === 0 && askedMs === 0) return { lane: { ...lane, state: 'resuming', tries: 1 }, effects: [] }
  return wait(lane, retryAfterMs(askedMs, lane.tries, at.random), 'resume', at)
}
