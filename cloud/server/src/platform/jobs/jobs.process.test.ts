import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createLog, silentTracer, systemClock } from '@jidoka/base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '../../config.ts'
import { eventually } from '../../testing/redis-server.ts'
import { stepsJob } from '../../testing/steps-job.ts'
import { postgresIsMissing, postgresServer } from '../../testing/stores.ts'
import type { PostgresServer, TestStore } from '../../testing/stores.ts'
import { Database } from '../db/database.ts'
import { EventHub } from '../events.ts'
import { Metrics } from '../metrics.ts'
import type { Jobs } from './jobs.ts'
import { openJobs } from './open-jobs.ts'

// A job outlives the process that runs it, and has its effect once: real processes, killed and stopped in the midst of their work, on a real PostgreSQL. Only the
// half minute after which pg-boss takes a process for dead is made shorter, by putting its last sign of life back.

const program = fileURLToPath(new URL('../../testing/job-process.ts', import.meta.url))
const missing = postgresIsMissing()
const steps = 20

describe.skipIf(missing !== null)(
  `jobs through deaths${missing === null ? '' : ` (skipped: ${missing})`}`,
  { timeout: 60_000 },
  () => {
    let server: PostgresServer
    let store: TestStore
    let url: string
    let jobs: Jobs
    const running = new Set<ChildProcess>()
    beforeAll(async () => {
      server = await postgresServer()
      store = await server.newStore()
      const { pool } = store.backend
      await pool.query(`insert into core.tenants (id, name) values ('demo', 'demo');
        create table public.effects (job uuid, step int, pid int);
        grant usage on schema public to jidoka_app; grant select, insert on public.effects to jidoka_app`)
      const [row] = (await pool.query<{ name: string }>('select current_database() as name')).rows
      url = server.url(row?.name ?? '')
      ;({ jobs } = openJobs({
        config: readConfig({ JIDOKA_CLOUD_JOBS: 'false' }),
        database: new Database(store.backend, { clock: systemClock }),
        clock: systemClock,
        log: createLog('test', { level: 'silent' }),
        metrics: new Metrics(),
        hub: new EventHub(),
        audit: { append: () => Promise.resolve(), appendOfEdge: () => Promise.resolve() },
        tracer: silentTracer,
      }))
      jobs.register({
        ...stepsJob,
        run: () => Promise.reject(new Error('another process runs it')),
      })
    })
    afterAll(async () => {
      for (const child of running) await end(child, 'SIGKILL')
      await store.close()
      await server.end()
    })

    const begin = async () => {
      const child = spawn(process.execPath, [program], {
        env: { PATH: process.env['PATH'], DATABASE_URL: url },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      running.add(child)
      await new Promise<void>((resolve, reject) => {
        child.stdout.once('data', () => resolve())
        child.once('exit', (code) => reject(new Error(`ended with ${code}`)))
      })
      return child
    }
    const end = async (child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM') => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill(signal)
      await ended
      running.delete(child)
    }
    const stepsOf = async (id: string) =>
      (
        await store.backend.pool.query<{ step: number; pid: number }>(
          'select step, pid from effects where job = $1 order by step, pid',
          [id],
        )
      ).rows
    const start = () => jobs.start('test.steps', { tenantId: 'demo', input: { steps }, by: 'test' })
    const midst = (id: string) => eventually('it is in its midst', async () => (await stepsOf(id)).length >= 3, 20_000)
    const done = (id: string) =>
      eventually('it is done', async () => (await jobs.get('demo', id)).state === 'done', 30_000)

    it('goes on in another process when the first is killed in its midst, and does no step twice', async () => {
      const first = await begin()
      const id = await start()
      await midst(id)
      await end(first, 'SIGKILL')
      expect((await jobs.get('demo', id)).state).toBe('running')
      await store.backend.pool.query(
        `update pgboss.job set heartbeat_on = now() - interval '1 minute' where state = 'active'`,
      )
      await store.backend.pool.query('update pgboss.queue set monitor_on = null, monitor_claim_on = null')
      const second = await begin()
      await done(id)
      const rows = await stepsOf(id)
      expect(rows.map(({ step }) => step)).toEqual(Array.from({ length: steps }, (_, step) => step))
      expect(new Set(rows.map(({ pid }) => pid))).toEqual(new Set([first.pid, second.pid]))
      const job = await jobs.get('demo', id)
      expect(job.attempts.map(({ outcome }) => outcome)).toEqual(['done', 'lost'])
      expect(job.result).toEqual({ began_at: rows.filter(({ pid }) => pid === first.pid).length })
      await end(second, 'SIGTERM')
    })

    it('is given back in order when its process is told to stop, and costs it no attempt', async () => {
      const first = await begin()
      const id = await start()
      await midst(id)
      await end(first, 'SIGTERM')
      expect((await jobs.get('demo', id)).state).toBe('waiting')
      const second = await begin()
      await done(id)
      const rows = await stepsOf(id)
      expect(rows.map(({ step }) => step)).toEqual(Array.from({ length: steps }, (_, step) => step))
      const job = await jobs.get('demo', id)
      expect(job.attempts.map(({ outcome }) => outcome)).toEqual(['done', 'released'])
      expect(job.attempt).toBe(1)
      await end(second, 'SIGTERM')
    })
  },
)
