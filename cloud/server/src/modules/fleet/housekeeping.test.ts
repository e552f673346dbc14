import { createLog, ManualClock } from '@jidoka/base'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Database } from '../../platform/db/database.ts'
import type { Transaction } from '../../platform/db/database.ts'
import { Metrics } from '../../platform/metrics.ts'
import { pgliteStores } from '../../testing/stores.ts'
import type { StoreFactory } from '../../testing/stores.ts'
import { World } from '../../testing/world.ts'
import { commandTidyJob } from './command-tidier.ts'
import { countFleet } from './gauges.ts'
import { ReadingsMerger } from './readings/merge-job.ts'

/** A database in which nothing of the first tenant can be reached. */
class HalfDatabase extends Database {
  readonly reached: string[] = []
  override withTenant<Result>(tenantId: string, work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    if (tenantId === 'demo') return Promise.reject(new Error('a fault of this tenant alone'))
    this.reached.push(tenantId)
    return super.withTenant(tenantId, work)
  }
}

describe('what is done for all tenants', () => {
  const log = createLog('test', { level: 'silent' })
  const clock = new ManualClock(Date.UTC(2026, 10, 21, 9))
  let factory: StoreFactory
  let worlds: World[]
  let database: HalfDatabase
  beforeAll(async () => {
    factory = await pgliteStores()
    const store = await factory.newStore()
    worlds = [await World.open(store), await World.open(store, { tenant: 'other' })]
    await worlds[1]?.newEdge()
    database = new HalfDatabase(store.backend, { clock })
  })
  afterAll(async () => {
    await worlds[1]?.cloud.stop()
    await worlds[0]?.close()
    await factory.end()
  })

  it('counts the others where one cannot be counted', async () => {
    const metrics = new Metrics()
    const silence = vi.spyOn(metrics.edgeSilenceSeconds, 'set')
    await countFleet({ database, clock, log, metrics })
    expect(database.reached).toEqual(['other'])
    expect(silence).toHaveBeenCalledOnce()
  })

  it("merges the others' readings where those of one cannot be reached", async () => {
    database.reached.length = 0
    expect(await new ReadingsMerger({ database, clock, log }).step()).toBe(false)
    expect(database.reached).toEqual(['other'])
  })

  it("forgets the others' commands where those of one cannot be reached", async () => {
    const tidied: string[] = []
    const commands = {
      tidy: (tenantId: string) => {
        tidied.push(tenantId)
        return tenantId === 'demo' ? Promise.reject(new Error('a fault of this tenant alone')) : Promise.resolve()
      },
    }
    const result = await commandTidyJob({ database, log, commands }).run({
      id: 'x',
      tenantId: null,
      input: {},
      signal: new AbortController().signal,
      log,
      progress: () => undefined,
    })
    expect(tidied).toEqual(['demo', 'other'])
    expect(result).toEqual({ tenants: 1 })
  })
})
