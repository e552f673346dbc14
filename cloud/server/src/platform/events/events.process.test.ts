import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createLog, systemClock } from '@jidoka/base'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, redisIsMissing, RedisServer } from '../../testing/redis-server.ts'
import { postgresIsMissing, postgresServer } from '../../testing/stores.ts'
import type { PostgresServer, TestStore } from '../../testing/stores.ts'
import { Database } from '../db/database.ts'
import { EventMetrics } from './event-metrics.ts'
import { eventLimits } from './limits.ts'
import { Sweeper } from './sweeper.ts'

// What is committed with an event has its effect exactly once, whoever dies when: processes by SIGKILL wherever they are (before and after a commit, a publish, an
// effect), Redis with everything that it held, a master for its replica. Real processes, a real PostgreSQL, a real Redis and a real sentinel.

const program = fileURLToPath(new URL('../../testing/event-process.ts', import.meta.url))
const missing = postgresIsMissing() ?? redisIsMissing()
const log = createLog('test', { level: 'silent' })

describe.skipIf(missing !== null)(
  `events through deaths${missing === null ? '' : ` (skipped: ${missing})`}`,
  { timeout: 120_000 },
  () => {
    let server: PostgresServer
    const running = new Set<ChildProcess>()
    const closing: (() => Promise<void>)[] = []
    beforeAll(async () => {
      server = await postgresServer()
    })
    afterAll(async () => {
      for (const close of closing.toReversed()) await close()
      await server.end()
    })

    const newDatabase = async () => {
      const store = await server.newStore()
      closing.push(() => store.close())
      const { pool } = store.backend
      await pool.query(`insert into core.tenants (id, name) values ('demo', 'demo');
      create table public.causes (subject text primary key); create table public.effects (subject text);
      grant usage on schema public to jidoka_app; grant select, insert on public.causes, public.effects to jidoka_app`)
      const [row] = (await pool.query<{ name: string }>('select current_database() as name')).rows
      return { store, url: server.url(row?.name ?? '') }
    }
    const start = async (environment: Record<string, string>, what: 'cause' | 'drain') => {
      const child = spawn(process.execPath, [program, what], {
        env: { PATH: process.env['PATH'], ...environment },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      running.add(child)
      await new Promise<void>((resolve, reject) => {
        child.stdout.once('data', () => resolve())
        child.once('exit', (code) => reject(new Error(`ended with ${code}`)))
      })
      return child
    }
    const kill = async (child: ChildProcess) => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
      running.delete(child)
    }
    const count = async ({ backend }: TestStore) =>
      (
        await backend.pool.query<{ causes: number; effects: number; missing: number; twice: number; waiting: number }>(
          `select (select count(*)::int from causes) as causes, (select count(*)::int from effects) as effects,
           (select count(*)::int from causes where subject not in (select subject from effects)) as missing,
           (select count(*)::int from (select subject from effects group by subject having count(*) > 1) as t) as twice,
           (select count(*)::int from core.outbox where sent_at is null) as waiting`,
        )
      ).rows[0]
    /** What a minute later looks for what Redis lost. */
    const sweepLater = async ({ backend }: TestStore) => {
      const clock = { ...systemClock, nowMs: () => Date.now() + eventLimits.resendMs * 2 }
      const database = new Database(backend, { clock })
      await new Sweeper({
        database,
        clock,
        log,
        metrics: new EventMetrics(new Registry()),
        wake: () => undefined,
      }).sweep()
      // It is due at once and not in a minute.
      await backend.pool.query('update core.outbox set due_at = now() where sent_at is null')
    }
    const allTaken = async (store: TestStore) => {
      await eventually('every event has had its effect', async () => (await count(store))?.missing === 0, 45_000)
      expect(await count(store)).toMatchObject({ missing: 0, twice: 0 })
    }

    it.each([['without Redis'], ['with Redis']] as const)(
      'have their effect once through the death of the process at any moment, %s',
      async (how) => {
        const { store, url } = await newDatabase()
        const redis = how === 'with Redis' ? await RedisServer.start() : null
        const environment = { DATABASE_URL: url, ...(redis === null ? {} : { REDIS_URL: redis.url }) }
        let wereWaiting = 0
        for (let round = 0; round < 3; round++) {
          const child = await start(environment, 'cause')
          const already = (await count(store))?.causes ?? 0
          await eventually('events are caused', async () => ((await count(store))?.causes ?? 0) >= already + 20, 30_000)
          await new Promise((resolve) => setTimeout(resolve, 7 * round))
          await kill(child)
          wereWaiting += (await count(store))?.waiting ?? 0
        }
        const before = await count(store)
        expect(before?.causes).toBeGreaterThanOrEqual(60)
        // Otherwise none was killed between its commit and its publish, and nothing would be proven.
        expect(wereWaiting).toBeGreaterThan(0)
        // Those that the dead had taken for themselves are given back by the end of their lease; here it ends now.
        await store.backend.pool.query(`update core.outbox set due_at = now() where due_at > now()`)
        const last = await start(environment, 'drain')
        await allTaken(store)
        await kill(last)
        await redis?.close()
      },
    )

    it('have their effect once through a Redis that dies with all that it holds and comes back empty', async () => {
      const { store, url } = await newDatabase()
      const redis = await RedisServer.start()
      closing.push(() => redis.close())
      const environment = { DATABASE_URL: url, REDIS_URL: redis.url }
      const child = await start(environment, 'cause')
      for (let round = 0; round < 3; round++) {
        const before = (await count(store))?.effects ?? 0
        await eventually('events flow', async () => ((await count(store))?.effects ?? 0) > before + 10)
        await redis.kill()
        const { causes = 0, effects = 0 } = (await count(store)) ?? {}
        await eventually('events are caused', async () => ((await count(store))?.causes ?? 0) > causes + 10)
        await redis.up()
        // It goes on by itself.
        await eventually('events flow again', async () => ((await count(store))?.effects ?? 0) > effects + 10)
      }
      await kill(child)
      await store.backend.pool.query(`update core.outbox set due_at = now() where due_at > now()`)
      const last = await start(environment, 'drain')
      await eventually('all are handed on', async () => (await count(store))?.waiting === 0)
      await sweepLater(store)
      await allTaken(store)
      await kill(last)
    })

    it('have their effect once through a fail-over of sentinels to the replica', async () => {
      const { store, url } = await newDatabase()
      const master = await RedisServer.start()
      closing.push(() => master.close())
      const replica = await RedisServer.start(['--replicaof', '127.0.0.1', String(master.port)])
      closing.push(() => replica.close())
      const sentinel = await RedisServer.sentinel(master, 'plant')
      closing.push(() => sentinel.close())
      const environment = { DATABASE_URL: url, REDIS_URL: `redis+sentinel://127.0.0.1:${sentinel.port}/plant` }
      const child = await start(environment, 'cause')
      await eventually('events flow', async () => ((await count(store))?.effects ?? 0) > 50)
      await eventually(
        'the sentinel knows the replica',
        async () => (await sentinel.ask('sentinel replicas plant')).includes(String(replica.port)),
        30_000,
      )
      await master.kill()
      const effects = (await count(store))?.effects ?? 0
      await eventually(
        'events flow through the replica',
        async () => ((await count(store))?.effects ?? 0) > effects + 100,
        60_000,
      )
      await kill(child)
      await store.backend.pool.query(`update core.outbox set due_at = now() where due_at > now()`)
      const last = await start(environment, 'drain')
      await eventually('all are handed on', async () => (await count(store))?.waiting === 0)
      await sweepLater(store)
      await allTaken(store)
      await kill(last)
    })
  },
)
