import { ManualClock } from '@jidoka/base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pgliteStores } from '../../testing/stores.ts'
import type { StoreFactory, TestStore } from '../../testing/stores.ts'
import { Database } from '../db/database.ts'
import { Jobs } from './jobs.ts'
import { JobRegistry } from './registry.ts'
import { claimJob, findJob, insertJob, noteProgress, settleRun } from './repository.ts'

const at = '2026-11-21T09:00:00.000Z'
const [id, ticket] = ['01900000-0000-7000-8000-000000000001', '01900000-0000-7000-8000-000000000002']

describe('what the database is told of jobs', () => {
  const clock = new ManualClock(Date.parse(at))
  let stores: StoreFactory
  let store: TestStore
  let database: Database
  beforeAll(async () => {
    stores = await pgliteStores()
    store = await stores.newStore()
    database = new Database(store.backend, { clock })
    await store.backend.pool.query(`insert into core.tenants (id, name) values ('demo', 'Demo')`)
  })
  afterAll(async () => {
    await store.close()
    await stores.end()
  })

  it('is held whatever letters it has: a result with a zero character ends the job, and does not repeat it for ever', async () => {
    const job = await database.withTenant('demo', async (tx) => {
      const input = { text: 'a\u0000b' }
      const rest = { once: null, onceKey: null, attemptsMax: 3, by: 'kim', trace: null, ticket, at }
      await insertJob(tx, { id, kind: 'test', input, ...rest })
      const claimed = await claimJob(
        tx,
        { id: ticket, tenantId: 'demo', jobId: id, kind: 'test' },
        { process: 'one', at, undoes: false },
      )
      const key = { jobId: id, runs: claimed?.runs ?? 0 }
      await noteProgress(tx, key, { done: 1, total: 2, note: 'half\u0000way' })
      const failed = { outcome: 'failed', error: 'not\u0000now', retryAt: at } as const
      await settleRun(tx, key, failed, { at, nextTicket: ticket })
      const again = await claimJob(
        tx,
        { id: ticket, tenantId: 'demo', jobId: id, kind: 'test' },
        { process: 'one', at, undoes: false },
      )
      const done = { outcome: 'done', result: { file: 'a\u0000\ud800' } } as const
      await settleRun(tx, { jobId: id, runs: again?.runs ?? 0 }, done, { at, nextTicket: ticket })
      return findJob(tx, id)
    })
    expect(job).toMatchObject({
      state: 'done',
      input: { text: 'a\uFFFDb' },
      result: { file: 'a\uFFFD\uFFFD' },
      attempts: [{ outcome: 'done' }, { outcome: 'failed', error: 'not\uFFFDnow' }],
    })
  })

  it('says that there is another of its key, when that came in at the same moment as one is put back', async () => {
    const violation = Object.assign(new Error('duplicate key'), { code: '23505' })
    const raced: Database = Object.assign(new Database(store.backend, { clock }), {
      withTenant: () => Promise.reject(violation),
    })
    const parts = { database: raced, clock, registry: new JobRegistry(), platformTenantId: 'demo' }
    const jobs = new Jobs({
      ...parts,
      audit: { append: () => Promise.resolve(), appendOfEdge: () => Promise.resolve() },
    })
    const requeued = jobs.requeue({ tenantId: 'demo', login: 'admin', role: 'admin' }, id)
    await expect(requeued).rejects.toThrow('Another of this job waits or runs')
  })
})
