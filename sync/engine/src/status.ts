import { lanes, refusals } from '@jidoka/sync-protocol'
import type { Lane, Trouble } from '@jidoka/sync-protocol'
import { drainRate } from './progress.ts'
import type { LaneProblem, LaneState, UplinkState } from './uplink-types.ts'

export interface UplinkStatus {
  /** Whether the cloud answered when it was last spoken to. False until the first answer. */
  readonly online: boolean
  /** Wall clock of the first request without an answer; null while online. */
  readonly offlineSinceMs: number | null
  readonly cause: string | null
  readonly lanes: readonly LaneStatus[]
  /** What the cloud says of two histories, until a person settles it in its console. */
  readonly troubles: readonly (Trouble & { readonly sentence: string })[]
}

export interface LaneStatus {
  readonly lane: Lane
  readonly state: LaneState
  readonly lastSeq: number
  readonly receiptedSeq: number
  readonly rowsWaiting: number
  /** While rows wait: rows a second over the last minute, and seconds until none does at that rate. Null while unknown. */
  readonly rowsPerSecond: number | null
  readonly secondsLeft: number | null
  /** A sentence for people: what is wrong and what to do. Null while all goes well. */
  readonly problem: string | null
}

/** What the screens show of the line to the cloud. */
export function uplinkStatus(state: UplinkState): UplinkStatus {
  const { outage, link } = state
  const asked = link.state === 'asking' && lanes.every((name) => state.lanes[name].state === 'resuming')
  return {
    online: outage === null && link.flight > 0 && !asked,
    offlineSinceMs: outage?.fromMs ?? null,
    cause: outage?.cause ?? null,
    troubles: state.troubles.map((trouble) => ({ ...trouble, sentence: describeTrouble(trouble) })),
    lanes: lanes.map((lane) => {
      const { state: laneState, lastSeq, confirmed, problem } = state.lanes[lane]
      const rowsWaiting = lastSeq - confirmed.seq
      const rate = rowsWaiting > 0 ? drainRate(state.lanes[lane], state.atMs) : null
      const shown = problem ?? (laneState === 'resuming' ? link.problem : null)
      return {
        lane,
        state: laneState,
        lastSeq,
        receiptedSeq: confirmed.seq,
        rowsWaiting,
        rowsPerSecond: rate,
        secondsLeft: rate !== null && rate > 0 ? Math.ceil(rowsWaiting / rate) : null,
        problem: shown === null ? null : describeProblem(shown),
      }
    }),
  }
}

export function describeTrouble({ kind, lane, seq }: Trouble): string {
  const what =
    kind === 'diverged'
      ? `Two histories of this appliance have met in the cloud: at number ${seq} of the lane "${lane}" they hold different rows.`
      : `Two copies of this appliance, this one and another, have sent to the cloud: rows up to number ${seq} of the lane "${lane}" came from one of them, and the other does not have them. Compare the numbers of both (jidoka sync status) to see which.`
  return `${what} It was copied, or restored from an image. Stop the copy that shall not go on, start a new epoch on the other where its lane has stopped, then settle this in the console.`
}

export function describeProblem(problem: LaneProblem): string {
  if (problem.kind === 'refused') {
    const { refusal } = problem
    return refusal.kind === 'malformed'
      ? `${refusals.malformed.sentence} (${refusal.detail})`
      : refusals[refusal.kind].sentence
  }
  if (problem.kind === 'diverged') {
    return `At number ${problem.seq} this appliance and the cloud hold different rows. Sending has stopped and everything stays stored here; was this appliance copied or restored from an image? Then start a new epoch.`
  }
  if (problem.kind === 'cloud_ahead') {
    return `The cloud has rows up to ${problem.cloudSeq} that this appliance never wrote: it was restored from an older image, or copied. Everything stays stored here; start a new epoch.`
  }
  if (problem.kind === 'forged_receipt') {
    return 'The cloud answered with a receipt that none of the trusted keys has signed. Nothing is pruned; check the address of the cloud, or enrol again to renew the list of keys.'
  }
  if (problem.kind === 'poison_limit') {
    return `The cloud cannot read row ${problem.seq} (${problem.detail}), and as many rows as a day allows have been set aside already: it is the cloud that needs an upgrade, or to be put back. Everything else stays stored here.`
  }
  return `The journal cannot give the next batch: ${problem.cause}. It is tried again; check the disk if this stays.`
}
