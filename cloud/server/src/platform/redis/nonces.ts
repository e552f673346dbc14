import type { Clock } from '@jidoka/base'
import type { RedisLink } from './link.ts'
import { redisLimits } from './limits.ts'

/** What all processes remember of requests that were signed once: a copy passes in none of them a second time. */
export class SharedNonces {
  readonly #link: RedisLink
  readonly #clock: Clock
  readonly #keptMs: number
  #restsUntilMs = Number.NEGATIVE_INFINITY

  /** @param keptMs as long as a request is young enough to be taken, seen from either end of the allowed difference of clocks */
  constructor(link: RedisLink, clock: Clock, keptMs: number) {
    this.#link = link
    this.#clock = clock
    this.#keptMs = keptMs
  }

  /**
   * False: this nonce was seen, in whichever process. To be asked once the signature was verified, as it remembers. True where Redis does not answer: each process still
   * remembers what it has seen itself, and edges are not locked out by a cache that is away.
   */
  async claim(edgeId: string, nonce: string): Promise<boolean> {
    if (!this.#link.isUp || this.#clock.monotonicMs() < this.#restsUntilMs) return true
    try {
      return (await this.#link.commands.set(`fleet:nonce:${edgeId}:${nonce}`, '1', 'PX', this.#keptMs, 'NX')) === 'OK'
    } catch {
      this.#restsUntilMs = this.#clock.monotonicMs() + redisLimits.restMs
      return true
    }
  }
}
