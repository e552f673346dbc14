import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'

/** A script that runs in Redis as one step. Its text is sent once, then its digest. */
export class RedisScript {
  readonly #text: string
  readonly #sha: string

  constructor(text: string) {
    this.#text = text
    this.#sha = createHash('sha1').update(text).digest('hex')
  }

  async run(redis: Redis, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await redis.evalsha(this.#sha, keys.length, ...keys, ...args)
    } catch (error) {
      // Another server, or one that was started anew.
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return redis.eval(this.#text, keys.length, ...keys, ...args)
    }
  }
}
