import { createLog, ManualClock } from '@jidoka/base'
import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { pgliteStores } from '../../testing/stores.ts'
import { Database } from '../db/database.ts'
import { JobMetrics } from './job-metrics.ts'
import { Jobs } from './jobs.ts'
import { JobRegistry } from './registry.ts'
import { Scheduler } from './scheduler.ts'
import { JobWorker } from './worker.ts'

it('jobs of a tenant whose database fails keep nobody else’s waiting', async () => {
  const stores = await pgliteStores()
  const store = await stores.newStore()
  const clock = new ManualClock(Date.UTC(2026, 10, 21, 9))
  const log = createLog('test', { level: 'silent' })
  const database = new Database(store.backend, { clock })
  const registry = new JobRegistry()
  const audit = { append: () => Promise.resolve(), appendOfEdge: () => Promise.resolve() }
  const platformTenantId = 'demo'
  const jobs = new Jobs({ database, clock, audit, registry, platformTenantId })
  const ran: (string | null)[] = []
  const done = Promise.withResolvers<void>()
  const [title, about] = [
    { ko: '시험', en: 'Test' },
    { ko: '시험', en: 'Test' },
  ]
  jobs.register({
    name: 'test.note',
    title,
    about,
    scope: 'tenant',
    input: z.strictObject({}),
    startedBy: 'settings:manage',
    concurrency: 5,
    retries: 0,
    retryDelaySeconds: 30,
    timeoutSeconds: 600,
    run: ({ tenantId }) => {
      ran.push(tenantId)
      done.resolve()
      return Promise.resolve({})
    },
  })
  // The one that fails is due first.
  for (const tenantId of ['away', 'demo']) {
    await store.backend.pool.query('insert into core.tenants (id, name) values ($1, $1)', [tenantId])
    await jobs.start('test.note', { tenantId, input: {}, by: 'kim' })
    clock.advance(1_000)
  }
  const partly: Database = Object.assign(new Database(store.backend, { clock }), {
    withTenant: (tenantId: string, work: Parameters<Database['withTenant']>[1]) =>
      tenantId === 'away' ? Promise.reject(new Error('it is away')) : database.withTenant(tenantId, work),
  })
  const worker = new JobWorker({
    database: partly,
    clock,
    log,
    registry,
    metrics: new JobMetrics(new Registry()),
    atOnceMax: 4,
    scheduler: new Scheduler({ database, clock, log, registry, platformTenantId, start: jobs.start }),
    tell: () => undefined,
    isFollowed: () => false,
  })
  await worker.start()
  worker.wake()
  await done.promise
  expect(ran).toEqual(['demo'])
  await worker.stop()
  await store.close()
  await stores.end()
})
