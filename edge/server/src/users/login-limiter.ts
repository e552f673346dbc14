import type { Clock } from '@jidoka/base'

export const loginLimits = {
  /** 20 in 15 minutes by login and address (REFERENCE): a person with gloves gets there seldom, a guessing program at once. */
  attemptsMax: 20,
  windowMs: 15 * 60_000,
  /** 100 failures of one address over all logins: a spray of one password over many names. A plant behind one address signs in successfully and is not counted. */
  addressFailuresMax: 100,
  /** 10,000 remembered pairs, some 2 MB: an attacker who invents names must not grow the table. The oldest is forgotten first. */
  entriesMax: 10_000,
}

interface Window {
  count: number
  startedMs: number
}

/**
 * Counts failed attempts. An attempt counts when it begins and is taken back when it succeeds, so that a burst of
 * parallel guesses cannot slip through while the first is still being hashed.
 */
export class LoginLimiter {
  readonly #clock: Clock
  readonly #windows = new Map<string, Window>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Null when the attempt may go on, else the seconds to wait. */
  begin(login: string, address: string): { readonly retryAfterS: number } | null {
    const pair = this.#window(`pair ${login} ${address}`)
    const all = this.#window(`address ${address}`)
    const blocked =
      pair.count >= loginLimits.attemptsMax ? pair : all.count >= loginLimits.addressFailuresMax ? all : null
    if (blocked)
      return { retryAfterS: Math.ceil((blocked.startedMs + loginLimits.windowMs - this.#clock.monotonicMs()) / 1_000) }
    pair.count++
    all.count++
    return null
  }

  /** The attempt was right: the pair begins anew, the address gets this one back. */
  succeeded(login: string, address: string): void {
    this.#windows.delete(`pair ${login} ${address}`)
    const all = this.#windows.get(`address ${address}`)
    if (all && all.count > 0) all.count--
  }

  #window(key: string): Window {
    const nowMs = this.#clock.monotonicMs()
    const found = this.#windows.get(key)
    if (found && nowMs - found.startedMs < loginLimits.windowMs) return found
    const fresh = { count: 0, startedMs: nowMs }
    this.#windows.delete(key)
    this.#windows.set(key, fresh)
    if (this.#windows.size > loginLimits.entriesMax) {
      const oldest = this.#windows.keys().next()
      if (!oldest.done) this.#windows.delete(oldest.value)
    }
    return fresh
  }
}
