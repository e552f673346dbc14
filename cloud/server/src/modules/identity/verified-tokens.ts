import type { Caller } from '../../platform/http/env.ts'

/** A token is some 1.5 kB. With fewer a plant's consoles would push one another out; each that is forgotten costs one look at its signature. */
const tokensMax = 2_000

/**
 * Access tokens whose signature was found right, to the byte, until they end: looking at it took longer than anything else that a request does here. It cannot become
 * wrong meanwhile, as the key is one for the life of the process; whether it was taken back is asked of the caller each time.
 */
export class VerifiedTokens {
  /** The one used longest ago first. */
  readonly #callers = new Map<string, Caller>()

  find(token: string, nowMs: number): Caller | null {
    const caller = this.#callers.get(token)
    if (caller === undefined) return null
    this.#callers.delete(token)
    // As jose has it: ended in the second that it names.
    if (caller.expiresAtS <= Math.floor(nowMs / 1_000)) return null
    this.#callers.set(token, caller)
    return caller
  }

  remember(token: string, caller: Caller): void {
    this.#callers.set(token, caller)
    const [oldest] = this.#callers.keys()
    if (oldest !== undefined && this.#callers.size > tokensMax) this.#callers.delete(oldest)
  }
}
