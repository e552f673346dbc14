import type { Clock } from '@jidoka/base'
import { ProblemError } from './problem.ts'

interface Window {
  count: number
  endsMs: number
}

/**
 * Attempts by key within a window; in this process alone, so behind N replicas up to N times as many pass. Bounded: the key that
 * was begun longest ago is forgotten first.
 */
export class RateLimit {
  #windows = new Map<string, Window>()
  #clock: Clock
  #settings: { max: number; windowMs: number; keysMax: number }

  constructor(clock: Clock, settings: { max: number; windowMs: number; keysMax: number }) {
    this.#clock = clock
    this.#settings = settings
  }

  /** Counts nothing. @throws ProblemError `too_many_requests` when there are no more attempts for this key. */
  check(key: string): void {
    const nowMs = this.#clock.monotonicMs()
    const window = this.#windows.get(key)
    if (window === undefined || window.endsMs <= nowMs || window.count < this.#settings.max) return
    const retryAfterS = Math.ceil((window.endsMs - nowMs) / 1_000)
    throw new ProblemError(
      'too_many_requests',
      `Too many attempts. Wait ${Math.ceil(retryAfterS / 60)} minutes and try again.`,
      { retryAfterS },
    )
  }

  /** Counts an attempt. @throws ProblemError `too_many_requests` when it is one too many. */
  take(key: string): void {
    this.check(key)
    const nowMs = this.#clock.monotonicMs()
    let window = this.#windows.get(key)
    if (window === undefined || window.endsMs <= nowMs) {
      this.#windows.delete(key)
      window = { count: 0, endsMs: nowMs + this.#settings.windowMs }
      this.#windows.set(key, window)
      if (this.#windows.size > this.#settings.keysMax) this.#windows.delete(this.#windows.keys().next().value as string)
    }
    window.count++
  }

  /** Takes one attempt back that was right. */
  giveBack(key: string): void {
    const window = this.#windows.get(key)
    if (window !== undefined && window.count > 0) window.count--
  }

  /** Forgets the attempts of a key, after one that was right. */
  clear(key: string): void {
    this.#windows.delete(key)
  }

  /** Keys remembered. */
  get size(): number {
    return this.#windows.size
  }
}
