import { signatureHeaders } from './signing.ts'

/** A time beyond it is no server's clock but rubbish in a header: year 2200. */
const serverTimeMsMax = 7_258_118_400_000

/**
 * How far the cloud's clock is from this machine's. An edge whose battery died signs with a time of last year; the cloud
 * refuses it as stale, says its own time, and the edge signs with that from then on. Its own clock stays as it is.
 */
export class ClockOffset {
  #offsetMs = 0

  get offsetMs(): number {
    return this.#offsetMs
  }

  /** The time to sign with. */
  apply(nowMs: number): number {
    return nowMs + this.#offsetMs
  }

  /**
   * Takes the time of an answer over. Only of an answer that refuses as `stale`: a single late answer must not move a good clock.
   * @returns whether there was a time in it
   */
  learn(answer: Headers, nowMs: number): boolean {
    const text = answer.get(signatureHeaders.time)
    if (text === null || !/^\d{1,15}$/.test(text) || Number(text) > serverTimeMsMax) return false
    this.#offsetMs = Number(text) - nowMs
    return true
  }
}
