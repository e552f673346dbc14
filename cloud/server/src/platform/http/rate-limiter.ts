import { createHash } from 'node:crypto'
import type { Clock } from '@jidoka/base'
import type { Context } from 'hono'
import { z } from 'zod'
import { redisLimits } from '../redis/limits.ts'
import type { RedisLink } from '../redis/link.ts'
import type { AppEnv } from './env.ts'
import { ProblemError } from './problem.ts'
import type { RatePolicy, RatePolicyName } from './rate-policies.ts'
import { ratePolicies } from './rate-policies.ts'
import { giveBackScript, rateScript } from './rate-script.ts'
import type { Counts, Standing } from './sliding-window.ts'
import { countsAt, standingOf } from './sliding-window.ts'

/** One count: whose attempts of which policy. `who` may be made up by whoever asks. */
export interface RateKey {
  readonly policy: RatePolicyName
  readonly who: string
}

interface Verdict {
  readonly passes: boolean
  readonly standings: readonly Standing[]
}

/** Keys remembered of one policy in this process; the one begun longest ago goes first. Without it made-up names fill the memory. */
const keysMax = 10_000

const answerSchema = z.array(z.number().int())

/**
 * Counts attempts for all processes together where there is Redis, and for this one alone where there is none or it is away. Then up to as many times the limit
 * may pass as there are processes: better than nobody.
 */
export class RateLimiter {
  readonly #clock: Clock
  readonly #link: RedisLink | null
  readonly #policies: Record<RatePolicyName, RatePolicy>
  readonly #counts = new Map<RatePolicyName, Map<string, Counts>>()
  readonly #sharedNowMs: () => number | ''
  #restsUntilMs = Number.NEGATIVE_INFINITY

  /** @param changes other maxima than those of the table, for some */
  constructor(
    clock: Clock,
    options: {
      link?: RedisLink | null
      changes?: Partial<Record<RatePolicyName, number | undefined>>
      /** For tests; absent: the clock of Redis. */
      sharedNowMs?: () => number
    } = {},
  ) {
    this.#clock = clock
    this.#link = options.link ?? null
    this.#sharedNowMs = options.sharedNowMs ?? (() => '')
    this.#policies = Object.fromEntries(
      Object.entries(ratePolicies).map(([name, policy]) => [
        name,
        { ...policy, max: options.changes?.[name as RatePolicyName] ?? policy.max },
      ]),
    ) as Record<RatePolicyName, RatePolicy>
  }

  /**
   * Counts one attempt for all of these keys, or for none. With the context of a request it also says in the answer how its limits stand.
   * @throws ProblemError `too_many_requests` when one of them has no attempts left
   */
  async take(keys: readonly RateKey[], c?: Context<AppEnv>): Promise<void> {
    const { passes, standings } = await this.#ask(keys, 1)
    if (c !== undefined) this.#say(c, keys, standings)
    if (!passes) throw this.#refusal(keys, standings)
  }

  /** Counts nothing. @throws ProblemError `too_many_requests` when there are no attempts left. */
  async check(key: RateKey): Promise<void> {
    const { standings } = await this.#ask([key], 0)
    if ((standings[0]?.left ?? 1) < 1) throw this.#refusal([key], standings)
  }

  /** Takes one attempt back that was right. */
  async giveBack(key: RateKey): Promise<void> {
    const counts = this.#counts.get(key.policy)?.get(key.who)
    if (counts !== undefined && counts.now > 0)
      this.#counts.get(key.policy)?.set(key.who, { ...counts, now: counts.now - 1 })
    await this.#shared((redis) => giveBackScript.run(redis, [nameOf(key)], []))
  }

  /** Forgets the attempts of a key, after one that was right. */
  async clear(key: RateKey): Promise<void> {
    this.#counts.get(key.policy)?.delete(key.who)
    await this.#shared((redis) => redis.del(nameOf(key)))
  }

  /** Keys remembered here. */
  get size(): number {
    let size = 0
    for (const counts of this.#counts.values()) size += counts.size
    return size
  }

  async #ask(keys: readonly RateKey[], cost: number): Promise<Verdict> {
    const answer = await this.#shared((redis) => {
      const settings = keys.flatMap(({ policy }) => [this.#policies[policy].max, this.#policies[policy].windowMs])
      return rateScript.run(redis, keys.map(nameOf), [this.#sharedNowMs(), cost, ...settings])
    })
    const [passes, ...figures] = answer === null ? [] : (answerSchema.safeParse(answer).data ?? [])
    if (passes === undefined) return this.#askHere(keys, cost)
    return {
      passes: passes === 1,
      standings: keys.map((_, index) => ({ left: figures[2 * index] ?? 0, resetMs: figures[2 * index + 1] ?? 0 })),
    }
  }

  #askHere(keys: readonly RateKey[], cost: number): Verdict {
    const nowMs = Math.floor(this.#clock.monotonicMs())
    const counted = keys.map(({ policy, who }) => {
      const limit = this.#policies[policy]
      const counts = countsAt(this.#counts.get(policy)?.get(who), nowMs, limit.windowMs)
      return { policy, who, limit, counts, standing: standingOf(counts, nowMs, limit) }
    })
    const passes = counted.every(({ standing }) => standing.left >= cost)
    if (!passes || cost === 0) return { passes, standings: counted.map(({ standing }) => standing) }
    return {
      passes,
      standings: counted.map(({ policy, who, limit, counts }) => {
        const next = { ...counts, now: counts.now + cost }
        this.#remember(policy, who, next)
        return standingOf(next, nowMs, limit)
      }),
    }
  }

  #remember(policy: RatePolicyName, who: string, counts: Counts): void {
    const known = this.#counts.get(policy) ?? new Map<string, Counts>()
    this.#counts.set(policy, known)
    known.set(who, counts)
    const [oldest] = known.keys()
    if (oldest !== undefined && known.size > keysMax) known.delete(oldest)
  }

  /** Null where there is no Redis now. */
  async #shared<Answer>(ask: (redis: RedisLink['commands']) => Promise<Answer>): Promise<Answer | null> {
    if (this.#link === null || !this.#link.isUp || this.#clock.monotonicMs() < this.#restsUntilMs) return null
    try {
      return await ask(this.#link.commands)
    } catch {
      // Its link says that it is gone; a request is not to wait for it again at once.
      this.#restsUntilMs = this.#clock.monotonicMs() + redisLimits.restMs
      return null
    }
  }

  /** The header fields of draft-ietf-httpapi-ratelimit-headers-10. */
  #say(c: Context<AppEnv>, keys: readonly RateKey[], standings: readonly Standing[]): void {
    const policies = keys.map(({ policy }) => {
      const { max, windowMs } = this.#policies[policy]
      return `"${policy}";q=${max};w=${Math.ceil(windowMs / 1_000)}`
    })
    const limits = keys.map(({ policy }, index) => {
      const { left = 0, resetMs = 0 } = standings[index] ?? {}
      return `"${policy}";r=${Math.max(0, left)};t=${Math.ceil(resetMs / 1_000)}`
    })
    c.header('ratelimit-policy', policies.join(', '))
    c.header('ratelimit', limits.join(', '))
  }

  #refusal(keys: readonly RateKey[], standings: readonly Standing[]): ProblemError {
    // The one to wait for longest; at least one has none left.
    let [retryAfterMs, sentence] = [0, '']
    for (const [index, { policy }] of keys.entries()) {
      const { left = 0, resetMs = 0 } = standings[index] ?? {}
      const { max, windowMs, by } = this.#policies[policy]
      if (left > 0 || resetMs < retryAfterMs) continue
      retryAfterMs = resetMs
      sentence = `${max} in ${Math.ceil(windowMs / 1_000)} s are allowed by ${by}`
    }
    const retryAfterS = Math.max(1, Math.ceil(retryAfterMs / 1_000))
    return new ProblemError(
      'too_many_requests',
      `Too many attempts: ${sentence}. Wait ${retryAfterS} s and try again.`,
      {
        retryAfterS,
      },
    )
  }
}

/** What somebody made up is hashed: it is bounded, and says nothing of a person to whoever looks into Redis. */
function nameOf({ policy, who }: RateKey): string {
  return `rate:${policy}:${createHash('sha256').update(who).digest('base64url')}`
}
