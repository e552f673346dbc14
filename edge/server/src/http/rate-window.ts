import type { Clock } from '@jidoka/base'
import { httpLimits } from './limits.ts'

/** Requests of each address in a fixed window. */
export class RateWindow {
  readonly #clock: Clock
  #startedMs: number
  #counts = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startedMs = clock.monotonicMs()
  }

  /** Seconds to wait when the address has had its share, else null. */
  count(address: string): number | null {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#startedMs >= httpLimits.requestsWindowMs || this.#counts.size >= httpLimits.addressesMax) {
      this.#counts = new Map()
      this.#startedMs = nowMs
    }
    const count = (this.#counts.get(address) ?? 0) + 1
    this.#counts.set(address, count)
    if (count <= httpLimits.requestsPerWindowMax) return null
    return Math.max(1, Math.ceil((this.#startedMs + httpLimits.requestsWindowMs - nowMs) / 1_000))
  }
}
