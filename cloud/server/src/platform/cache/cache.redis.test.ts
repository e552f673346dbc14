import { createLog, ManualClock, systemClock } from '@jidoka/base'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { eventually, patient, redisIsMissing, RedisServer } from '../../testing/redis-server.ts'
import { readRedisAddress } from '../redis/address.ts'
import { redisLimits } from '../redis/limits.ts'
import { RedisLink } from '../redis/link.ts'
import { Cache } from './cache.ts'
import { cacheCases } from './cache.cases.ts'
import { cacheLimits } from './limits.ts'
import { keyOf } from './port.ts'
import { RedisStore } from './shared-store.ts'

const missing = redisIsMissing()
const log = createLog('test', { level: 'silent' })

describe.skipIf(missing !== null)(`with Redis 7${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  cacheCases(async () => {
    const server = await RedisServer.start()
    const link = await linkTo(server)
    return {
      newStore: (clock) => new RedisStore(link, clock),
      close: async () => {
        await link.stop()
        await server.close()
      },
    }
  })

  describe('a cache that processes share', () => {
    let server: RedisServer
    let link: RedisLink
    beforeAll(async () => {
      server = await RedisServer.start()
      link = await linkTo(server)
    })
    afterAll(async () => {
      await link.stop()
      await server.close()
    })
    const kind = { name: 'bi:cache', schema: z.object({ n: z.number() }), ttlMs: 600_000 } as const
    const dear = { ...kind, name: 'bi:dear', isDear: true } as const
    const newCache = () => {
      const registry = new Registry()
      const clock = new ManualClock()
      const cache = new Cache({ clock, log, registry, shared: new RedisStore(link, systemClock), tellDrop: null })
      return { cache, clock, metrics: () => registry.metrics() }
    }
    const value = (n: number) => () => Promise.resolve({ n })
    const stored = async (key: string) =>
      eventually(`${key} is stored`, async () => (await link.commands.exists(key)) === 1)

    it('gives another process what one has loaded, with an end, under a key that names service, type and tenant', async () => {
      const place = { kind, tenantId: 'demo', key: 'plan' }
      await newCache().cache.read(place, value(1))
      await stored('bi:cache:demo:plan')
      const ttlMs = await link.commands.pttl('bi:cache:demo:plan')
      // A tenth more or less, so that what was loaded together does not end together.
      expect(ttlMs).toBeGreaterThan(530_000)
      expect(ttlMs).toBeLessThanOrEqual(660_000)
      const second = newCache()
      expect(await second.cache.read(place, value(2))).toEqual({ n: 1 })
      expect(await second.metrics()).toContain('jidoka_cache_reads_total{cache="bi:cache",result="shared"} 1')
    })

    it('takes a value that is none of its kind as if it were not there, and writes another over it', async () => {
      const place = { kind, tenantId: 'demo', key: 'poisoned' }
      for (const poison of ['\n{"n":"no number"}', '\nnot json', 'no line', '']) {
        await link.commands.set('bi:cache:demo:poisoned', poison)
        const { cache } = newCache()
        expect(await cache.read(place, value(3))).toEqual({ n: 3 })
        await eventually(
          'it is mended',
          async () => (await link.commands.get('bi:cache:demo:poisoned')) === '\n{"n":3}',
        )
      }
    })

    it('has a tag dropped by one process for all of them, also where another was loading meanwhile', async () => {
      const place = { kind, tenantId: 'demo', key: 'tagged', tags: ['etl'] }
      const [one, two] = [newCache(), newCache()]
      await one.cache.read(place, value(1))
      await stored('bi:cache:demo:tagged')
      const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<{ n: number }>()]
      const slow = { ...place, key: 'slow' }
      const loading = two.cache.read(slow, () => {
        begun.resolve()
        return gate.promise
      })
      await begun.promise
      one.cache.drop('demo', ['etl'])
      await one.cache.told()
      gate.resolve({ n: 1 })
      await loading
      await stored('bi:cache:demo:slow')
      expect(await newCache().cache.read(place, value(2))).toEqual({ n: 2 })
      expect(await newCache().cache.read(slow, value(2))).toEqual({ n: 2 })
      expect(await newCache().cache.read({ ...place, tenantId: 'other' }, value(9))).toEqual({ n: 9 })
    })

    it('loads a dear value in one of many processes', async () => {
      const place = { kind: dear, tenantId: 'demo', key: 'dear' }
      let loads = 0
      const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const caches = Array.from({ length: 8 }, () => newCache())
      const reads = caches.map(({ cache }) =>
        cache.read(place, async () => {
          loads++
          begun.resolve()
          await gate.promise
          return { n: loads }
        }),
      )
      const done = Promise.all(reads)
      let isDone = false
      void done.then(() => (isDone = true))
      await begun.promise
      // The others ask for the right to load, and are refused it, as long as it is loaded.
      for (let look = 0; look < 5; look++) {
        for (const { clock } of caches) clock.advance(cacheLimits.lockLookMs)
        await link.commands.ping()
      }
      gate.resolve()
      await eventually('all have it', () => {
        for (const { clock } of caches) clock.advance(cacheLimits.lockLookMs)
        return isDone
      })
      expect(new Set((await done).map((each) => each?.n))).toEqual(new Set([1]))
      expect(loads).toBe(1)
    })

    it('keeps no value in Redis that is too large for it, and still gives it', async () => {
      const large = { name: 'bi:large', schema: z.string(), ttlMs: 600_000 } as const
      const text = 'x'.repeat(70_000)
      const { cache } = newCache()
      expect(await cache.read({ kind: large, tenantId: 'demo', key: 'a' }, () => Promise.resolve(text))).toBe(text)
      // What is asked of Redis behind it is answered behind it.
      await cache.read({ kind, tenantId: 'demo', key: 'behind' }, value(1))
      await stored('bi:cache:demo:behind')
      expect(await link.commands.exists(keyOf('bi:large', 'demo', 'a'))).toBe(0)
    })

    it('goes on while Redis is away, gives nothing from it that was dropped meanwhile, and finds back by itself', async () => {
      const place = { kind, tenantId: 'demo', key: 'through', tags: ['rule'] }
      const { cache, metrics } = newCache()
      await cache.read(place, value(1))
      await stored('bi:cache:demo:through')
      server.freeze()
      link.commands.options.commandTimeout = redisLimits.commandMsMax
      const asked = vi.spyOn(link.commands, 'mget')
      const other = newCache()
      expect(await other.cache.read(place, value(2))).toEqual({ n: 2 })
      // One command's time, and then it is left alone.
      expect(await other.cache.read({ ...place, key: 'soon' }, value(2))).toEqual({ n: 2 })
      expect(asked).toHaveBeenCalledTimes(1)
      cache.drop('demo', ['rule'])
      expect(await newCache().cache.read({ ...place, key: 'next' }, value(3))).toEqual({ n: 3 })
      patient(link)
      server.thaw()
      await eventually(
        'Redis is told of the drop',
        async () => {
          await cache.told()
          return (await link.commands.get(keyOf('cache:tag', 'demo', 'rule')).catch(() => null)) !== null
        },
        15_000,
      )
      expect(await cache.read(place, value(4))).toEqual({ n: 4 })
      expect(await newCache().cache.read(place, value(5))).not.toEqual({ n: 1 })
      expect(await metrics()).toContain('jidoka_cache_tags_dropped_total 1')
    })
  })
})

async function linkTo(server: RedisServer): Promise<RedisLink> {
  const link = new RedisLink({
    address: readRedisAddress(server.url),
    clock: systemClock,
    log,
    registry: new Registry(),
  })
  await link.start()
  return patient(link)
}
