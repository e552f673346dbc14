import { createLog, ManualClock, systemClock } from '@jidoka/base'
import fc from 'fast-check'
import { Hono } from 'hono'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { eventually, patient, redisIsMissing, RedisServer } from '../../testing/redis-server.ts'
import { readRedisAddress } from '../redis/address.ts'
import { redisLimits } from '../redis/limits.ts'
import { RedisLink } from '../redis/link.ts'
import type { AppEnv } from './env.ts'
import { ProblemError } from './problem.ts'
import { RateLimiter } from './rate-limiter.ts'
import { ratePolicies } from './rate-policies.ts'
import { rateScript } from './rate-script.ts'
import type { Counts } from './sliding-window.ts'
import { countsAt, standingOf } from './sliding-window.ts'

const log = createLog('test', { level: 'silent' })
const missing = redisIsMissing()
const steps = fc.array(fc.record({ waitMs: fc.integer({ min: 0, max: 2_500 }) }), { minLength: 1, maxLength: 60 })
const limits = fc.record({ max: fc.integer({ min: 1, max: 8 }), windowMs: fc.integer({ min: 1, max: 2_000 }) })

/** What passes of attempts at these instants. */
function passesOf(instants: readonly number[], limit: { max: number; windowMs: number }) {
  let counts: Counts | undefined
  return instants.map((nowMs) => {
    counts = countsAt(counts, nowMs, limit.windowMs)
    const passes = standingOf(counts, nowMs, limit).left >= 1
    if (passes) counts = { ...counts, now: counts.now + 1 }
    return { nowMs, passes, ...standingOf(counts, nowMs, limit) }
  })
}

const instantsOf = (waits: readonly { waitMs: number }[], startMs = 0) => {
  let nowMs = startMs
  return waits.map(({ waitMs }) => (nowMs += waitMs))
}

describe('a sliding window (I10)', () => {
  it('I10: never lets more than twice its maximum pass in any stretch of its length, nor more than its maximum at once', () => {
    fc.assert(
      fc.property(steps, limits, (waits, limit) => {
        const passed = passesOf(instantsOf(waits), limit).filter(({ passes }) => passes)
        for (const { nowMs } of passed) {
          const within = passed.filter((each) => each.nowMs >= nowMs && each.nowMs < nowMs + limit.windowMs)
          expect(within.length).toBeLessThanOrEqual(2 * limit.max)
          expect(within.filter((each) => each.nowMs === nowMs).length).toBeLessThanOrEqual(limit.max)
        }
      }),
    )
  })

  it('tells a time after which an attempt passes, and not a millisecond before which none would have', () => {
    fc.assert(
      fc.property(steps, limits, (waits, limit) => {
        const instants = instantsOf(waits)
        const refused = passesOf(instants, limit).findIndex(({ passes }) => !passes)
        fc.pre(refused !== -1)
        const before = instants.slice(0, refused)
        const at = instants[refused] ?? 0
        const { resetMs } = passesOf(instants.slice(0, refused + 1), limit)[refused] ?? { resetMs: 0 }
        const last = (nowMs: number) => passesOf([...before, nowMs], limit).at(-1)?.passes
        expect(resetMs).toBeGreaterThan(0)
        expect(last(at + resetMs)).toBe(true)
        expect(last(at + resetMs - 1)).toBe(false)
      }),
    )
  })
})

/** Redis' own clock would go on into the next window now and then. */
const sharedNowMs = () => 1_700_000_000_000

const refusalOf = async (work: Promise<void>): Promise<ProblemError | null> => {
  try {
    await work
    return null
  } catch (error) {
    if (error instanceof ProblemError) return error
    throw error
  }
}

/** What holds wherever they are counted. */
function limiterCases(linkOf: () => RedisLink | null): void {
  it('I10: refuses what is beyond the maximum, says when to come again, and leaves others alone', async () => {
    const limiter = new RateLimiter(new ManualClock(), { link: linkOf(), sharedNowMs })
    const key = { policy: 'auth', who: 'kim 10.0.0.1' } as const
    for (let attempt = 0; attempt < ratePolicies.auth.max; attempt++) await limiter.take([key])
    const refusal = await refusalOf(limiter.take([key]))
    expect(refusal).toMatchObject({ kind: 'too_many_requests' })
    expect(refusal?.retryAfterS).toBeGreaterThan(0)
    expect(refusal?.retryAfterS).toBeLessThanOrEqual(15 * 60 + 1)
    expect(refusal?.message).toContain('20 in 900 s are allowed by account and address')
    expect((await refusalOf(limiter.check(key)))?.kind).toBe('too_many_requests')
    await limiter.take([{ ...key, who: 'lee 10.0.0.1' }])
    await limiter.clear(key)
    await limiter.take([key])
  })

  it('counts an attempt for all of its keys or for none, and gives one back that was right', async () => {
    const limiter = new RateLimiter(new ManualClock(), { link: linkOf(), sharedNowMs })
    const address = { policy: 'auth_address', who: '10.0.0.9' } as const
    const account = { policy: 'auth', who: 'park 10.0.0.9' } as const
    for (let attempt = 0; attempt < ratePolicies.auth.max; attempt++) await limiter.take([account, address])
    for (let attempt = 0; attempt < 200; attempt++) await refusalOf(limiter.take([account, address]))
    for (let attempt = ratePolicies.auth.max; attempt < ratePolicies.auth_address.max; attempt++)
      await limiter.take([address])
    expect((await refusalOf(limiter.take([address])))?.kind).toBe('too_many_requests')
    await limiter.giveBack(address)
    await limiter.take([address])
  })

  it('tells in each answer how the limits stand', async () => {
    const limiter = new RateLimiter(new ManualClock(), { link: linkOf(), sharedNowMs, changes: { api_user: 2 } })
    const who = crypto.randomUUID()
    const app = new Hono<AppEnv>()
    app.get('/', async (c) => {
      await limiter.take(
        [
          { policy: 'api_user', who: `demo ${who}` },
          { policy: 'api_tenant', who },
        ],
        c,
      )
      return c.text('')
    })
    app.onError((error, c) => c.text(error.message, 429))
    const first = await app.request('/')
    expect(first.headers.get('ratelimit-policy')).toBe('"api_user";q=2;w=10, "api_tenant";q=5000;w=10')
    expect(first.headers.get('ratelimit')).toMatch(/^"api_user";r=1;t=\d+, "api_tenant";r=4999;t=\d+$/)
    await app.request('/')
    const third = await app.request('/')
    expect(third.status).toBe(429)
    expect(third.headers.get('ratelimit')).toMatch(/^"api_user";r=0;/)
  })
}

describe('limits counted in this process', () => {
  limiterCases(() => null)

  it('I10: forgets the oldest key when there are too many, so that made-up names fill no memory', async () => {
    const limiter = new RateLimiter(new ManualClock())
    for (let key = 0; key < 12_000; key++) await limiter.take([{ policy: 'auth', who: `made up ${key}` }])
    expect(limiter.size).toBe(10_000)
  })
})

describe.skipIf(missing !== null)(`limits counted in Redis${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  let server: RedisServer
  let link: RedisLink
  beforeAll(async () => {
    server = await RedisServer.start()
    link = new RedisLink({ address: readRedisAddress(server.url), clock: systemClock, log, registry: new Registry() })
    await link.start()
    patient(link)
  })
  afterAll(async () => {
    await link.stop()
    await server.close()
  })
  limiterCases(() => link)

  it('are the same for all processes', async () => {
    const limiters = [
      new RateLimiter(new ManualClock(), { link, sharedNowMs }),
      new RateLimiter(new ManualClock(), { link, sharedNowMs }),
    ]
    const key = { policy: 'enrolment', who: '10.0.0.2' } as const
    for (let attempt = 0; attempt < ratePolicies.enrolment.max; attempt++) await limiters[attempt % 2]?.take([key])
    for (const limiter of limiters) expect((await refusalOf(limiter.take([key])))?.kind).toBe('too_many_requests')
  })

  it('leave no name of a person in Redis, and nothing that stays', async () => {
    const limiter = new RateLimiter(new ManualClock(), { link, sharedNowMs })
    await limiter.take([{ policy: 'auth', who: 'choi 10.0.0.3' }])
    const keys = await link.commands.keys('rate:auth:*')
    expect(keys.length).toBeGreaterThan(0)
    expect(keys.join()).not.toContain('choi')
    for (const key of keys) expect(await link.commands.pttl(key)).toBeGreaterThan(0)
  })

  it('decide as those in the process do, attempt by attempt', async () => {
    let runs = 0
    await fc.assert(
      fc.asyncProperty(steps, limits, async (waits, limit) => {
        const key = `rate:test:${runs++}`
        const instants = instantsOf(waits, 1_700_000_000_000)
        const theirs: unknown[] = []
        for (const nowMs of instants)
          theirs.push(await rateScript.run(link.commands, [key], [nowMs, 1, limit.max, limit.windowMs]))
        expect(theirs).toEqual(
          passesOf(instants, limit).map(({ passes, left, resetMs }) => [passes ? 1 : 0, left, resetMs]),
        )
      }),
      { numRuns: 30 },
    )
  })

  it('are counted in the process while Redis is away, and soon', async () => {
    const clock = new ManualClock()
    const limiter = new RateLimiter(clock, { link, changes: { api_user: 3 } })
    const key = { policy: 'api_user', who: 'through a cut' } as const
    server.freeze()
    link.commands.options.commandTimeout = redisLimits.commandMsMax
    const asked = vi.spyOn(link.commands, 'evalsha')
    for (let attempt = 0; attempt < 3; attempt++) await limiter.take([key])
    expect((await refusalOf(limiter.take([key])))?.kind).toBe('too_many_requests')
    // One attempt has waited for it.
    expect(asked).toHaveBeenCalledTimes(1)
    patient(link)
    server.thaw()
    await eventually('Redis counts again', async () => {
      clock.advance(redisLimits.restMs)
      await refusalOf(limiter.take([{ ...key, who: 'again' }]))
      return asked.mock.settledResults.at(-1)?.type === 'fulfilled'
    })
  })
})
