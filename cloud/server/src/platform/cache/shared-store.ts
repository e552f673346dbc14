import { randomUUID } from 'node:crypto'
import type { Clock } from '@jidoka/base'
import { redisLimits } from '../redis/limits.ts'
import type { RedisLink } from '../redis/link.ts'
import { RedisScript } from '../redis/script.ts'
import { cacheLimits } from './limits.ts'

/** What the processes of this cloud remember together. */
export interface SharedStore {
  /** False while it makes no sense to ask. */
  readonly isUp: boolean
  onUp(heard: () => void): void
  /** `stamp` says how the tags stood when it was asked; what is kept under another one is void. Throws where it does not answer. */
  get(key: string, tags: readonly string[]): Promise<{ text: string | null; stamp: string }>
  set(key: string, text: string, options: { stamp: string; ttlMs: number }): Promise<void>
  /** Everything that is kept with these tags is void from now on. */
  dropTags(tags: readonly string[]): Promise<void>
  /** Null: somebody else loads this key. Else what gives the right back. */
  lock(key: string, ms: number): Promise<(() => Promise<void>) | null>
}

/** The right is given back by who still has it, and not by who was too slow. */
const unlockScript = new RedisScript(
  `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`,
)

/**
 * In Redis. A tag is a key of its own with a random word; a value is kept with the words of its tags as they were before it was loaded, and counts only while they
 * are the same. To drop a tag is to write another word: no key is searched for, and a value that was being loaded meanwhile is void as well.
 */
export class RedisStore implements SharedStore {
  readonly #link: RedisLink
  readonly #clock: Clock
  #restsUntilMs = Number.NEGATIVE_INFINITY

  constructor(link: RedisLink, clock: Clock) {
    this.#link = link
    this.#clock = clock
  }

  get isUp(): boolean {
    return this.#link.isUp && this.#clock.monotonicMs() >= this.#restsUntilMs
  }

  onUp(heard: () => void): void {
    this.#link.onUp(heard)
  }

  async get(key: string, tags: readonly string[]): Promise<{ text: string | null; stamp: string }> {
    const [kept, ...words] = await this.#asked(this.#link.commands.mget(key, ...tags))
    const stamp = words.map((word) => word ?? '').join(' ')
    if (kept == null) return { text: null, stamp }
    const end = kept.indexOf('\n')
    return { text: end !== -1 && kept.slice(0, end) === stamp ? kept.slice(end + 1) : null, stamp }
  }

  async set(key: string, text: string, { stamp, ttlMs }: { stamp: string; ttlMs: number }): Promise<void> {
    await this.#asked(this.#link.commands.set(key, `${stamp}\n${text}`, 'PX', Math.ceil(ttlMs)))
  }

  async dropTags(tags: readonly string[]): Promise<void> {
    const pipeline = this.#link.commands.pipeline()
    for (const tag of tags) pipeline.set(tag, randomUUID(), 'PX', cacheLimits.tagKeptMs)
    for (const [error] of (await this.#asked(pipeline.exec())) ?? []) if (error !== null) throw error
  }

  async lock(key: string, ms: number): Promise<(() => Promise<void>) | null> {
    const word = randomUUID()
    const name = `${key}:lock`
    if ((await this.#asked(this.#link.commands.set(name, word, 'PX', ms, 'NX'))) === null) return null
    return async () => void (await unlockScript.run(this.#link.commands, [name], [word]))
  }

  /** Who does not answer is left alone for a moment: a request must not wait for Redis again and again. */
  async #asked<Result>(answer: Promise<Result>): Promise<Result> {
    try {
      return await answer
    } catch (error) {
      this.#restsUntilMs = this.#clock.monotonicMs() + redisLimits.restMs
      throw error
    }
  }
}
