import type { SyncStatus } from '@jidoka/contract'
import type { ExitCode } from './command.ts'

/** Looks in succession that find a lane stopped before the watch ends: a refusal can be over with the next try. */
const stoppedLooksMax = 3

type WatchedStatus = Pick<SyncStatus, 'state' | 'problem' | 'troubles'> & {
  readonly lanes: readonly Pick<SyncStatus['lanes'][number], 'lane' | 'stored_seq' | 'receipted_seq' | 'problem'>[]
}

/**
 * When a drain is over: what was stored at the first look is receipted. A plant that runs always has rows of the last second
 * waiting, so "nothing waits" may never come.
 */
export class DrainWatch {
  #goals: ReadonlyMap<string, number> | null = null
  #stoppedLooks = 0

  /** Null while it goes on. */
  look(status: WatchedStatus): { readonly sentence: string; readonly code: ExitCode } | null {
    const { lanes, troubles } = status
    const goals = (this.#goals ??= new Map(lanes.map((lane) => [lane.lane, lane.stored_seq])))
    const late = lanes.filter((lane) => lane.receipted_seq < (goals.get(lane.lane) ?? 0))
    if (late.length === 0) {
      const upTo = [...goals].map(([lane, seq]) => `${lane} up to ${seq}`).join(', ')
      const isWell = troubles.length === 0 && lanes.every(({ problem }) => problem === null)
      return { sentence: `All that waited at the start is receipted: ${upTo}.`, code: isWell ? 0 : 3 }
    }
    const why =
      late.find(({ problem }) => problem !== null)?.problem ??
      (status.state === 'not_enrolled' ? (status.problem ?? 'This appliance is not enrolled with a cloud.') : null)
    this.#stoppedLooks = why === null ? 0 : this.#stoppedLooks + 1
    if (why === null || this.#stoppedLooks < stoppedLooksMax) return null
    return { sentence: `Nothing goes up: ${why}`, code: 3 }
  }
}
