import type { Clock } from '@jidoka/base'
import { httpLimits } from '../../platform/http/limits.ts'
import { RateLimit } from '../../platform/http/rate-limit.ts'

/**
 * Bounds sign-ins by account and address, and those of an address over all accounts: one password tried on many names. An
 * attempt counts when it begins, so that parallel guesses do not slip through while the first is being hashed.
 */
export class LoginLimit {
  // Remembered apart, so that made-up names cannot push the address out that makes them up.
  readonly #accounts: RateLimit
  readonly #addresses: RateLimit

  constructor(clock: Clock) {
    const { loginWindowMs: windowMs, rateKeysMax: keysMax } = httpLimits
    this.#accounts = new RateLimit(clock, { max: httpLimits.loginsMax, windowMs, keysMax })
    this.#addresses = new RateLimit(clock, { max: httpLimits.loginsOfAddressMax, windowMs, keysMax })
  }

  /** @throws ProblemError `too_many_requests`; such an attempt leaves nothing behind. */
  begin(login: string, address: string): void {
    this.#addresses.check(address)
    this.#accounts.take(accountOf(login, address))
    this.#addresses.take(address)
  }

  /** The attempt was right: the account begins anew, the address gets this one back. */
  succeeded(login: string, address: string): void {
    this.#accounts.clear(accountOf(login, address))
    this.#addresses.giveBack(address)
  }

  /** Accounts and addresses remembered. */
  get size(): number {
    return this.#accounts.size + this.#addresses.size
  }
}

const accountOf = (login: string, address: string): string => `${login} ${address}`
