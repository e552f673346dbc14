import type { Clock } from '@jidoka/base'
import type { Lane } from '@jidoka/sync-protocol'
import { RefusalError } from '../../platform/http/problem.ts'
import { Turns } from './intake-turns.ts'

/** Batches worked on at once. One may take 30 MB when decoded; more at once would only wait for the same database, with their memory held. */
const atOnceMax = 8
/** Places that readings may take, and while records are worked on: bulk then goes on, and slowly. */
const readingsAtOnceMax = 4
const readingsBesideRecordsMax = 1
/**
 * Batches that wait for a place; beyond it the edge is told to come later. A whole fleet that reconnects at once brings a small batch of
 * records each: sent away, they would come back in growing pauses and wait for a minute. Readings can: each of theirs holds megabytes.
 */
const waitingMax: Record<Lane, number> = { records: 1_000, readings: 16 }

/** Lets batches in, records before readings, each lane in order of arrival. */
export class IntakeGate {
  readonly #running: Record<Lane, number> = { records: 0, readings: 0 }
  readonly #waiting: Record<Lane, (() => void)[]> = { records: [], readings: [] }
  readonly #turns: Record<Lane, Turns>

  constructor(clock: Clock) {
    this.#turns = { records: new Turns(clock), readings: new Turns(clock) }
  }

  /** Waits for a place and does the work there. @throws RefusalError `busy` */
  async through<Result>(lane: Lane, work: () => Promise<Result>): Promise<Result> {
    if (this.#hasRoom(lane) && this.#waiting[lane].length === 0) this.#running[lane]++
    else {
      if (this.#waiting[lane].length >= waitingMax[lane])
        throw new RefusalError({ kind: 'busy', retry_after_ms: this.#turns[lane].next() })
      // Whoever leaves takes the place for it.
      await new Promise<void>((resolve) => this.#waiting[lane].push(resolve))
    }
    try {
      return await work()
    } finally {
      this.#running[lane]--
      this.#turns[lane].done(this.#waiting[lane].length > 0)
      this.#letIn('records')
      this.#letIn('readings')
    }
  }

  #letIn(lane: Lane): void {
    while (this.#hasRoom(lane)) {
      const next = this.#waiting[lane].shift()
      if (next === undefined) return
      this.#running[lane]++
      next()
    }
  }

  #hasRoom(lane: Lane): boolean {
    const { records, readings } = this.#running
    if (records + readings >= atOnceMax) return false
    if (lane === 'records') return true
    if (this.#waiting.records.length > 0) return false
    return readings < (records > 0 ? readingsBesideRecordsMax : readingsAtOnceMax)
  }
}
