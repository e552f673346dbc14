import type { Clock } from '@jidoka/base'
import { isPassed } from '../judge/timers.ts'
import type { IsDue } from '../judge/timers.ts'
import { meta, setMeta } from '../store/database.ts'
import type { Database } from '../store/database.ts'

/** Name in `meta`: when the rules on the clock were last looked at. */
const tickedMs = 'timers_ticked_ms'

/** After a start devices connect again and tell what they hold: a rule that judged at once for an instant of the stop would say that nothing comes. */
export const devicesReturnMs = 10_000

/**
 * Which rules on the clock are due. An instant that lay in a stop is made up for once, when devices had time to come back, unless another
 * has come meanwhile. Until then the mark in the store stays where it was, so that a kill loses none.
 */
export class TickTimes {
  readonly #database: Database
  readonly #clock: Clock
  readonly #startMs: number
  readonly #makeUpAtMs: number
  /** The last look of the life before, as long as it is not made up for what came between. */
  #beforeStopMs: number | null
  #lastMs: number

  constructor(database: Database, clock: Clock) {
    this.#database = database
    this.#clock = clock
    this.#startMs = clock.nowMs()
    this.#makeUpAtMs = clock.monotonicMs() + devicesReturnMs
    this.#lastMs = this.#startMs
    const stored = meta(database, tickedMs)
    this.#beforeStopMs = stored === null ? null : Number(stored)
  }

  /** What is due at this look. */
  due(nowMs: number): IsDue {
    const lastMs = this.#lastMs
    if (!this.#makesUp) return (everyMs) => isPassed(everyMs, lastMs, nowMs)
    const [beforeMs, startMs] = [this.#beforeStopMs ?? lastMs, this.#startMs]
    return (everyMs) =>
      isPassed(everyMs, lastMs, nowMs) || (isPassed(everyMs, beforeMs, startMs) && !isPassed(everyMs, startMs, nowMs))
  }

  /** Inside the commit that holds what came of a look, or one that comes from time to time: what a kill takes back is looked at again. */
  write(nowMs: number): void {
    if (this.#beforeStopMs === null || this.#makesUp) setMeta(this.#database, tickedMs, String(nowMs))
  }

  /** What was looked at is committed. */
  done(nowMs: number): void {
    this.#lastMs = nowMs
    if (this.#makesUp) this.#beforeStopMs = null
  }

  get #makesUp(): boolean {
    return this.#beforeStopMs !== null && this.#clock.monotonicMs() >= this.#makeUpAtMs
  }
}
