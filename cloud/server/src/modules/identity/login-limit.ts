import type { Context } from 'hono'
import type { AppEnv } from '../../platform/http/env.ts'
import type { RateKey, RateLimiter } from '../../platform/http/rate-limiter.ts'

/**
 * Bounds sign-ins by account and address, and those of an address over all accounts: one password tried on many names. An
 * attempt counts when it begins, so that parallel guesses do not slip through while the first is being hashed.
 */
export class LoginLimit {
  readonly #limiter: RateLimiter

  constructor(limiter: RateLimiter) {
    this.#limiter = limiter
  }

  /** Says in the answer how the limits stand. @throws ProblemError `too_many_requests`; such an attempt leaves nothing behind. */
  async begin(login: string, address: string, c?: Context<AppEnv>): Promise<void> {
    await this.#limiter.take([accountOf(login, address), addressKey(address)], c)
  }

  /** The attempt was right: the account begins anew, the address gets this one back. */
  async succeeded(login: string, address: string): Promise<void> {
    await this.#limiter.clear(accountOf(login, address))
    await this.#limiter.giveBack(addressKey(address))
  }
}

const accountOf = (login: string, address: string): RateKey => ({ policy: 'auth', who: `${login} ${address}` })
const addressKey = (address: string): RateKey => ({ policy: 'auth_address', who: address })
