import type { Clock } from '@jidoka/base'

export const loginLimits = {
  /** 20 in 15 minutes by login and address (REFERENCE): a person with gloves gets there seldom, a guessing program at once. */
  attemptsMax: 20,
  windowMs: 15 * 60_000,
  /** 100 failures of one address over all logins: a spray of one password over many names. A plant behind one address signs in successfully and is not counted. */
  addressFailuresMax: 100,
  /** 10,000 remembered of each kind, some 4 MB: an attacker who invents names or addresses must not grow the tables. The oldest is forgotten first. */
  entriesMax: 10_000,
}

interface Wait {
  readonly retryAfterS: number
}

/**
 * Counts failed attempts. An attempt counts when it begins and is taken back when it succeeds, so that a burst of
 * parallel guesses cannot slip through while the first is still being hashed. One that is turned away counts for nothing
 * and leaves nothing behind: names that an address invents must not push its own window out.
 */
export class LoginLimiter {
  readonly #addresses: Windows
  readonly #pairs: Windows

  constructor(clock: Clock) {
    this.#addresses = new Windows(clock, loginLimits.addressFailuresMax)
    this.#pairs = new Windows(clock, loginLimits.attemptsMax)
  }

  /** Windows that are remembered, for tests of their bound. */
  get sizes(): { readonly pairs: number; readonly addresses: number } {
    return { pairs: this.#pairs.size, addresses: this.#addresses.size }
  }

  /** Null when the attempt may go on, else the seconds to wait. */
  begin(login: string, address: string): Wait | null {
    const pair = `${address} ${login}`
    const wait = this.#addresses.wait(address) ?? this.#pairs.wait(pair)
    if (wait !== null) return wait
    this.#addresses.count(address)
    this.#pairs.count(pair)
    return null
  }

  /** The attempt was right: the pair begins anew, the address gets this one back. */
  succeeded(login: string, address: string): void {
    this.#pairs.forget(`${address} ${login}`)
    this.#addresses.takeBack(address)
  }
}

/** Attempts by key in a window that begins with the first of them. */
class Windows {
  readonly #clock: Clock
  readonly #countMax: number
  readonly #windows = new Map<string, { count: number; readonly startedMs: number }>()

  constructor(clock: Clock, countMax: number) {
    this.#clock = clock
    this.#countMax = countMax
  }

  get size(): number {
    return this.#windows.size
  }

  /** Null while the key has attempts left. Changes nothing. */
  wait(key: string): Wait | null {
    const window = this.#current(key)
    if (window === null || window.count < this.#countMax) return null
    return { retryAfterS: Math.ceil((window.startedMs + loginLimits.windowMs - this.#clock.monotonicMs()) / 1_000) }
  }

  count(key: string): void {
    const window = this.#current(key)
    if (window !== null) {
      window.count++
      return
    }
    this.#windows.delete(key) // one that is over: the new one goes to the end of the order
    this.#windows.set(key, { count: 1, startedMs: this.#clock.monotonicMs() })
    if (this.#windows.size <= loginLimits.entriesMax) return
    const oldest = this.#windows.keys().next()
    if (!oldest.done) this.#windows.delete(oldest.value)
  }

  takeBack(key: string): void {
    const window = this.#windows.get(key)
    if (window && window.count > 0) window.count--
  }

  forget(key: string): void {
    this.#windows.delete(key)
  }

  #current(key: string): { count: number; readonly startedMs: number } | null {
    const window = this.#windows.get(key)
    if (window === undefined || this.#clock.monotonicMs() - window.startedMs >= loginLimits.windowMs) return null
    return window
  }
}
