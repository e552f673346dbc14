import type { Clock } from '@jidoka/base'
import { keepingLimits } from './policy.ts'

/** Whether the wall clock may be believed: it has gone with the monotonic one for long enough. */
export class ClockWatch {
  readonly #clock: Clock
  #offsetMs: number
  #steadySinceMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#offsetMs = clock.nowMs() - clock.monotonicMs()
    this.#steadySinceMs = clock.monotonicMs()
  }

  /** To be called now and then: a leap is only seen between two looks. */
  look(): void {
    const offsetMs = this.#clock.nowMs() - this.#clock.monotonicMs()
    if (Math.abs(offsetMs - this.#offsetMs) <= keepingLimits.clockDriftMsMax) return
    this.#offsetMs = offsetMs
    this.#steadySinceMs = this.#clock.monotonicMs()
  }

  get isSteady(): boolean {
    return this.#clock.monotonicMs() - this.#steadySinceMs >= keepingLimits.clockSteadyMs
  }
}
