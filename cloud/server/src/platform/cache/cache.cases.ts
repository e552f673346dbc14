import { createLog, ManualClock } from '@jidoka/base'
import fc from 'fast-check'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Cache } from './cache.ts'
import { cacheLimits } from './limits.ts'
import type { CacheKind } from './port.ts'
import { keyOf } from './port.ts'
import type { SharedStore } from './shared-store.ts'

export interface Sharing {
  /** One for each process; null: this process alone. */
  newStore(clock: ManualClock): SharedStore | null
  close(): Promise<void>
}

/** What holds of the cache with Redis and without. */
export function cacheCases(open: () => Promise<Sharing>): void {
  describe('a cache', () => {
    let sharing: Sharing
    beforeAll(async () => {
      sharing = await open()
    })
    afterAll(() => sharing.close())

    const log = createLog('test', { level: 'silent' })
    let kinds = 0
    /** Of a name of its own, so that no test sees what another has left in Redis. */
    const newKind = (changes: Partial<CacheKind<number>> = {}): CacheKind<number> => ({
      name: `test:kind-${process.pid}-${++kinds}`,
      schema: z.number(),
      ttlMs: 300_000,
      ...changes,
    })
    const newCache = (clock = new ManualClock()) => {
      const registry = new Registry()
      const cache = new Cache({
        clock,
        log,
        registry,
        shared: sharing.newStore(clock),
        tellDrop: null,
        random: () => 0.5,
      })
      const results = async (kind: CacheKind<number>) =>
        Object.fromEntries(
          (await registry.getSingleMetric('jidoka_cache_reads_total')?.get())?.values
            .filter(({ labels }) => labels['cache'] === kind.name)
            .map(({ labels, value }) => [labels['result'], value]) ?? [],
        )
      return { cache, clock, results }
    }
    const counted = (values: (number | null)[]) => {
      let loads = 0
      return { load: () => Promise.resolve(values[Math.min(loads++, values.length - 1)] ?? null), count: () => loads }
    }

    it('loads a value once and gives it until it ends', async () => {
      const { cache, clock, results } = newCache()
      const kind = newKind({ ttlMs: 30_000 })
      const place = { kind, tenantId: 'demo', key: 'a' }
      const { load, count } = counted([1, 2])
      expect([await cache.read(place, load), await cache.read(place, load)]).toEqual([1, 1])
      expect(count()).toBe(1)
      expect(await results(kind)).toEqual({ miss: 1, local: 1 })
      clock.advance(30_000)
      // Without Redis it is loaded anew; with it, which has a clock of its own, it is there.
      expect([1, 2]).toContain(await cache.read(place, load))
    })

    it('I6: finds nothing of one tenant for another, whatever the keys are', async () => {
      const { cache } = newCache()
      const kind = newKind()
      await cache.read({ kind, tenantId: 'a', key: 'b:c' }, () => Promise.resolve(1))
      expect(await cache.read({ kind, tenantId: 'a-b', key: 'c' }, () => Promise.resolve(2))).toBe(2)
      expect(await cache.read({ kind, tenantId: 'b', key: 'b:c' }, () => Promise.resolve(3))).toBe(3)
      await expect(cache.read({ kind, tenantId: 'a:b', key: 'c' }, () => Promise.resolve(1))).rejects.toThrow(
        'a tenant id has',
      )
    })

    it('I6: two places of different tenants never have one key', () => {
      const tenant = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,10}$/)
      fc.assert(
        fc.property(tenant, fc.string(), tenant, fc.string(), (tenantA, keyA, tenantB, keyB) => {
          fc.pre(tenantA !== tenantB)
          expect(keyOf('s:t', tenantA, keyA)).not.toBe(keyOf('s:t', tenantB, keyB))
        }),
      )
    })

    it('asks once for a key that many want at the same time, and each for itself where that one fails', async () => {
      const { cache, results } = newCache()
      const kind = newKind()
      const place = { kind, tenantId: 'demo', key: 'a' }
      const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<number>()]
      let loads = 0
      const load = () => {
        loads++
        begun.resolve()
        return gate.promise
      }
      const reads = Array.from({ length: 50 }, () => cache.read(place, load))
      await begun.promise
      gate.resolve(7)
      expect(new Set(await Promise.all(reads))).toEqual(new Set([7]))
      expect(loads).toBe(1)
      expect(await results(kind)).toEqual({ miss: 1, coalesced: 49 })
      const failing = { ...place, key: 'b' }
      const first = cache.read(failing, () => Promise.reject(new Error('its transaction is gone')))
      const second = cache.read(failing, () => Promise.resolve(8))
      await expect(first).rejects.toThrow('its transaction is gone')
      expect(await second).toBe(8)
    })

    it('remembers that there is nothing only where the kind says for how long, and nothing that the kind does not want kept', async () => {
      const { cache } = newCache()
      const without = { kind: newKind(), tenantId: 'demo', key: 'a' }
      const first = counted([null, 1])
      expect([await cache.read(without, first.load), await cache.read(without, first.load)]).toEqual([null, 1])
      const withIt = { kind: newKind({ nothingTtlMs: 1_000 }), tenantId: 'demo', key: 'a' }
      const second = counted([null, 1])
      expect([await cache.read(withIt, second.load), await cache.read(withIt, second.load)]).toEqual([null, null])
      const picky = { kind: newKind({ isKept: (value) => value > 1 }), tenantId: 'demo', key: 'a' }
      const third = counted([1, 2, 3])
      const read = () => cache.read(picky, third.load)
      expect([await read(), await read(), await read()]).toEqual([1, 2, 2])
    })

    it('drops by tag what has it and nothing else, and not of another tenant', async () => {
      const { cache } = newCache()
      const kind = newKind()
      const values = { n: 0 }
      const read = (tenantId: string, key: string, tag: string) =>
        cache.read({ kind, tenantId, key, tags: [tag, 'all'] }, () => Promise.resolve(++values.n))
      expect([await read('a', 'x', 'one'), await read('a', 'y', 'two'), await read('b', 'x', 'one')]).toEqual([1, 2, 3])
      cache.drop('a', ['one'])
      expect([await read('a', 'x', 'one'), await read('a', 'y', 'two'), await read('b', 'x', 'one')]).toEqual([4, 2, 3])
      await cache.told()
      cache.drop('a', ['all'])
      await cache.told()
      expect([await read('a', 'x', 'one'), await read('a', 'y', 'two'), await read('b', 'x', 'one')]).toEqual([5, 6, 3])
    })

    it('keeps no value that was being loaded when its tag was dropped', async () => {
      const { cache } = newCache()
      const place = { kind: newKind(), tenantId: 'demo', key: 'a', tags: ['rule:x'] }
      const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<number>()]
      const before = cache.read(place, () => {
        begun.resolve()
        return gate.promise
      })
      await begun.promise
      cache.drop('demo', ['rule:x'])
      // Who comes after the drop does not get what was begun before it.
      const after = cache.read(place, () => Promise.resolve(2))
      expect(await after).toBe(2)
      gate.resolve(1)
      expect([await before, await cache.read(place, () => Promise.resolve(3))]).toEqual([1, 2])
      await cache.told()
      expect(await newCache().cache.read(place, () => Promise.resolve(4))).not.toBe(1)
    })

    it('I10: holds no more than its bound, and lets go of what was used longest ago', async () => {
      const { cache, results } = newCache()
      const kind = newKind()
      const read = (key: number) =>
        cache.readLocal({ kind, tenantId: 'demo', keys: [String(key)] }, (keys) =>
          Promise.resolve(new Map(keys.map((each) => [each, key]))),
        )
      await read(0)
      for (let key = 1; key < cacheLimits.entriesMax; key++) await read(key)
      await read(0)
      await read(cacheLimits.entriesMax)
      await read(0)
      expect(await results(kind)).toEqual({ miss: cacheLimits.entriesMax + 1, local: 2 })
      await read(1)
      expect((await results(kind))['miss']).toBe(cacheLimits.entriesMax + 2)
    })

    it('loads of several only those that it has not', async () => {
      const { cache } = newCache()
      const kind = newKind()
      const asked: string[][] = []
      const read = (keys: string[]) =>
        cache.readLocal({ kind, tenantId: 'demo', keys }, (missing) => {
          asked.push(missing)
          return Promise.resolve(
            new Map(missing.flatMap((key) => (key === 'none' ? [] : [[key, key.length] as const]))),
          )
        })
      expect(await read(['a', 'bb'])).toEqual(
        new Map([
          ['a', 1],
          ['bb', 2],
        ]),
      )
      expect(await read(['bb', 'ccc', 'none'])).toEqual(
        new Map([
          ['bb', 2],
          ['ccc', 3],
        ]),
      )
      expect(await read(['a', 'bb'])).toEqual(
        new Map([
          ['a', 1],
          ['bb', 2],
        ]),
      )
      expect(asked).toEqual([
        ['a', 'bb'],
        ['ccc', 'none'],
      ])
    })
  })
}
