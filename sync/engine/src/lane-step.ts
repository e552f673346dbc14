import type { Lane, TroubleKind } from '@jidoka/sync-protocol'
import { uplinkLimits } from './limits.ts'
import type { LaneProblem, LaneUplink, Surroundings, UplinkEffect } from './uplink-types.ts'

export interface LaneStep {
  readonly lane: LaneUplink
  readonly effects: readonly UplinkEffect[]
}

export const smaller = (bytesMax: number, by: number) => Math.max(uplinkLimits.batchBytesMin, Math.floor(bytesMax / by))

export function wait(
  lane: LaneUplink,
  delayMs: number,
  afterWait: LaneUplink['afterWait'],
  at: Surroundings,
): LaneStep {
  return {
    lane: { ...lane, state: 'waiting', afterWait, tries: lane.tries + 1, waitUntilMs: at.nowMs + delayMs },
    effects: [],
  }
}

/** Stops until a person has mended it. Of two histories the cloud is told once, so that the other copy and the fleet's people hear of it. */
export function halt(lane: LaneUplink, problem: LaneProblem, at: Surroundings, name: Lane): LaneStep {
  const trouble = troubleOf(problem)
  return {
    lane: {
      ...lane,
      state: 'halted',
      tries: lane.tries + 1,
      waitUntilMs: at.nowMs + uplinkLimits.haltedRetryMs,
      problem,
      reported: trouble?.kind ?? lane.reported,
      seesTwo: trouble !== null || lane.seesTwo,
    },
    effects:
      trouble === null || trouble.kind === lane.reported
        ? []
        : [{ kind: 'report_trouble', lane: name, trouble: trouble.kind, seq: trouble.seq, held: lane.confirmed }],
  }
}

function troubleOf(problem: LaneProblem): { readonly kind: TroubleKind; readonly seq: number } | null {
  if (problem.kind === 'cloud_ahead') return { kind: 'ahead', seq: problem.cloudSeq }
  // Of the beginning there is no receipt: the first row is where they part.
  return problem.kind === 'diverged' ? { kind: 'diverged', seq: Math.max(1, problem.seq) } : null
}
