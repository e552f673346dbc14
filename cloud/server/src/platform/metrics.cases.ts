import { readFileSync } from 'node:fs'
import { documentedLabels, documentedMetrics, metricLabels, metricNames } from '@jidoka/base/testing'
import fc from 'fast-check'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { NewStore } from '../testing/stores.ts'
import { World } from '../testing/world.ts'

const table = readFileSync(new URL('../../../../docs/metrics.md', import.meta.url), 'utf8')

/** In every value that a request of the test makes up. */
const mark = 'zqx'

export function metricsCases(newStore: NewStore): void {
  describe('metrics', () => {
    let world: World
    const registered: unknown[] = []
    beforeAll(async () => {
      const registering = vi.spyOn(Registry.prototype, 'registerMetric')
      // An address of Redis where none is: what would be shared is counted all the same.
      world = await World.open(await newStore(), { redisUrl: 'redis://127.0.0.1:9', attemptsMax: 100_000 })
      registered.push(...registering.mock.calls.map(([metric]) => metric))
      registering.mockRestore()
    })
    afterAll(() => world.close())
    const text = async () => (await world.request('GET', '/metrics')).body as string

    it('are all in docs/metrics.md, and no other is', async () => {
      expect(metricNames(await text())).toEqual(documentedMetrics(table, 'The cloud'))
    })

    it('have the labels that docs/metrics.md says, and no others', () => {
      expect(metricLabels(registered)).toEqual(documentedLabels(table, 'The cloud'))
    })

    it('I10: have no series that a request makes, whatever its path, its method, its tenant and its headers are', async () => {
      const word = fc
        .string({ unit: fc.constantFrom('a', 'b', '-', '_', '.', '%', '/', ':', '가'), maxLength: 12 })
        .map((rest) => `${mark}${rest}`)
      const paths = world.cloud.app.routes.map(({ path }) => path)
      const path = fc
        .tuple(fc.constantFrom(...new Set(paths)), fc.array(word, { maxLength: 3 }))
        .map(([route, words]) => [route.replace(/[:*][\w{}.+?]*/g, words[0] ?? mark), ...words].join('/'))
      const request = fc.record({
        path,
        method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PROPFIND', 'ZQX'),
        name: word,
      })
      const token = await world.accessToken()
      await fc.assert(
        fc.asyncProperty(request, async ({ path: given, method, name }) => {
          await world.cloud.app.request(`http://x/${given.replace(/^\/+/, '')}`, {
            method,
            headers: {
              authorization: `Bearer ${token}`,
              'x-request-id': encodeURIComponent(name),
              'jidoka-edge': encodeURIComponent(name),
              traceparent: encodeURIComponent(name),
            },
          })
        }),
        { numRuns: 400 },
      )
      const samples = (await text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
      expect(samples.filter((line) => line.toLowerCase().includes(mark))).toEqual([])
      const routes = new Set(samples.flatMap((line) => /[{,]route="([^"]*)"/.exec(line)?.[1] ?? []))
      expect([...routes].filter((route) => !paths.includes(route))).toEqual([])
    })
  })
}
