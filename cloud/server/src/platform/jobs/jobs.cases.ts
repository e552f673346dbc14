import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createLog } from '@jidoka/base'
import { cloudPaths, fill } from '@jidoka/contract'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { Database } from '../db/database.ts'
import type { NewStore } from '../../testing/stores.ts'
import { World } from '../../testing/world.ts'
import type { Loose } from '../../testing/world.ts'
import { Carrier } from './carrier.ts'
import { carrierSchemaVersion, migrateCarrier, planCarrier } from './carrier-schema.ts'
import { jobLimits } from './limits.ts'
import { settleRun } from './repository.ts'
import type { JobContext, JobDefinition, JobResult } from './port.ts'

/*
 * Jobs. Goal: what was started is done, once in its effect where nobody is killed and at least once where somebody is, by one process at a time, and people
 * see what became of it. Really run: pg-boss on the database, one or two whole clouds on it, their clock turned by hand; the database's own clock, by which
 * pg-boss tells a silent process, is outwitted by putting its last sign of life back.
 */

const text = { ko: '시험', en: 'Test' }
const tenantId = 'demo'
/** Machines are busy; nothing waits as long where all is well. */
const waiting = { timeout: 15_000, interval: 5 }

/** Something that a job waits for, so that it is seen running. */
function newGate() {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: () => resolve() }
}

export function jobsCases(newStore: NewStore): void {
  describe('jobs', () => {
    let world: World
    let second: World
    /** Starts jobs and works on none: what it starts waits for the next turn of the others. */
    let quiet: World

    const define = (
      name: string,
      run: (context: JobContext<{ n?: number | undefined }>) => Promise<JobResult>,
      changes: Partial<JobDefinition<{ n?: number | undefined }>> = {},
    ): JobDefinition<{ n?: number | undefined }> => ({
      name,
      title: text,
      about: text,
      scope: 'tenant',
      input: z.strictObject({ n: z.number().optional() }),
      startedBy: 'settings:manage',
      concurrency: 5,
      retries: 2,
      retryDelaySeconds: 30,
      timeoutSeconds: 600,
      run,
      ...changes,
    })
    let heedfulBegun = 0
    const heedful = ({ signal }: JobContext<unknown>) =>
      new Promise<JobResult>((_, reject) => {
        heedfulBegun++
        signal.addEventListener('abort', () => reject(signal.reason as Error))
      })
    const own = async (statement: string, values: unknown[] = []): Promise<Loose[]> =>
      (await world.store.backend.pool.query(statement, values)).rows
    const stamps = () => ({ at: new Date(world.clock.nowMs()).toISOString(), nextTicket: randomUUID() })
    const start = (name: string, input: unknown = {}, onceKey?: string) =>
      world.cloud.jobs.start(name, { tenantId, input, by: 'test', ...(onceKey === undefined ? {} : { onceKey }) })
    const startQuietly = (definition: JobDefinition<{ n?: number | undefined }>, input: unknown = {}) => {
      for (const { cloud } of [world, quiet]) cloud.jobs.register(definition)
      return quiet.cloud.jobs.start(definition.name, { tenantId, input, by: 'test' })
    }
    const stateOf = async (id: string) => (await world.cloud.jobs.get(tenantId, id)).state
    /** A process that does not know the kind may have had the ticket: then the others have it with their next turn. */
    const until = (id: string, state: string) => {
      const turnsFromMs = performance.now() + 500
      return vi.waitUntil(async () => {
        if (performance.now() > turnsFromMs) turn()
        return (await stateOf(id)) === state
      }, waiting)
    }
    /** A turn of every process; none of one that is at it. */
    const turn = () => world.clock.advance(jobLimits.turnMs)
    /** Whoever works on something now is taken for dead when it is looked for next, whatever sign of life it gives. */
    const silence = async () => {
      await own(`update pgboss.job set heartbeat_seconds = -3600 where state = 'active'`)
      await own('update pgboss.queue set monitor_on = null, monitor_claim_on = null')
    }
    /** Time passes, as much as it takes. */
    const untilTurned = (isTrue: () => Promise<boolean>, ms: number = jobLimits.turnMs) =>
      vi.waitUntil(() => {
        world.clock.advance(ms)
        return isTrue()
      }, waiting)

    beforeAll(async () => {
      world = await World.open(await newStore(), { jobs: true })
      second = await World.open(world.store, { clock: world.clock, jobs: true })
      quiet = await World.open(world.store, { clock: world.clock })
    })
    afterAll(async () => {
      await quiet.cloud.stop()
      await second.cloud.stop()
      await world.close()
    })

    it('keeps what a job says of itself: progress, result, attempts, who started it', async () => {
      const half = newGate()
      const seen: unknown[] = []
      world.cloud.jobs.register(
        define('test.count', async ({ input, progress, tenantId: of }) => {
          progress(1, 2, 'half')
          await half.opened
          return { n: input.n ?? 0, of }
        }),
      )
      const answer = await world.as('POST', cloudPaths.jobs, { kind: 'test.count', input: { n: 7 } })
      expect(answer.status).toBe(200)
      const { id } = answer.body.data
      await vi.waitUntil(async () => {
        const { body } = await world.as('GET', fill(cloudPaths.job, { id }))
        seen.push(body.data.progress)
        return body.data.progress.total === 2
      }, waiting)
      expect(seen.at(-1)).toEqual({ done: 1, total: 2, note: 'half' })
      half.open()
      await until(id, 'done')
      const { body } = await world.as('GET', fill(cloudPaths.job, { id }))
      expect(body.data).toMatchObject({
        kind: 'test.count',
        by: 'admin',
        input: { n: 7 },
        result: { n: 7, of: tenantId },
        error: null,
        attempts: [{ attempt: 1, outcome: 'done', error: null }],
      })
    })

    it('is tried again each time twice as late, then is dead, and is put back with all its attempts', async () => {
      let isMended = false
      world.cloud.jobs.register(
        define('test.fails', async ({ input }) => {
          await Promise.resolve()
          if (!isMended) throw new Error(`no ${input.n}`)
          return {}
        }),
      )
      const id = await start('test.fails', { n: 1 })
      const attemptsOf = async () => (await world.cloud.jobs.get(tenantId, id)).attempts.length
      for (const [attempt, delayS] of [
        [1, 30],
        [2, 60],
      ] as const) {
        await vi.waitUntil(async () => (await attemptsOf()) === attempt && (await stateOf(id)) === 'waiting', waiting)
        const job = await world.cloud.jobs.get(tenantId, id)
        expect(job.error).toBe('no 1')
        expect(Date.parse(job.due_at) - Date.parse(job.attempts[0]?.ended_at ?? '')).toBe(delayS * 1_000)
        world.clock.advance(delayS * 1_000 - 1)
        expect(await attemptsOf()).toBe(attempt)
        await untilTurned(async () => (await attemptsOf()) > attempt)
      }
      await until(id, 'dead')
      expect((await world.cloud.jobs.get(tenantId, id)).attempts.map(({ outcome }) => outcome)).toEqual([
        'failed',
        'failed',
        'failed',
      ])
      isMended = true
      expect((await world.as('POST', fill(cloudPaths.jobRequeue, { id }))).status).toBe(200)
      await until(id, 'done')
      expect(await attemptsOf()).toBe(4)
      expect((await world.as('POST', fill(cloudPaths.jobRequeue, { id }))).status).toBe(409)
    })

    it('refuses a kind that there is not, input that is not its own, and a kind that programs alone start', async () => {
      world.cloud.jobs.register(define('test.inner', () => Promise.resolve({}), { startedBy: undefined as never }))
      const post = async (json: unknown) => (await world.as('POST', cloudPaths.jobs, json)).status
      expect(await post({ kind: 'test.nobody', input: {} })).toBe(404)
      expect(await post({ kind: 'test.count', input: { n: 'seven' } })).toBe(400)
      expect(await post({ kind: 'test.count', input: { m: 7 } })).toBe(400)
      expect(await post({ kind: 'test.inner', input: {} })).toBe(403)
      await expect(start('test.count', { m: 1 })).rejects.toThrow(z.ZodError)
      await expect(start('test.nobody')).rejects.toThrow('no job')
    })

    it('gives up at once on input that its release does not take', async () => {
      const id = await startQuietly(
        define('test.older', () => Promise.resolve({})),
        { n: 1 },
      )
      await own(`update core.jobs set input = '{"old": true}' where id = $1`, [id])
      await untilTurned(async () => (await stateOf(id)) === 'dead')
      const job = await world.cloud.jobs.get(tenantId, id)
      expect(job.error).toMatch(/input is not right/)
      expect(job.attempts).toHaveLength(1)
    })

    it('cancels one that waits, so that it never runs', async () => {
      const ran: string[] = []
      const id = await startQuietly(
        define('test.later', () => {
          ran.push('later')
          return Promise.resolve({})
        }),
      )
      expect((await world.as('POST', fill(cloudPaths.jobCancel, { id }))).body.data.state).toBe('cancelled')
      expect((await world.as('POST', fill(cloudPaths.jobCancel, { id }))).status).toBe(409)
      turn()
      const after = await start('test.later')
      await until(after, 'done')
      expect(ran).toHaveLength(1)
    })

    it('cancels one whose process was lost, when its turn comes again', async () => {
      const id = await startQuietly(define('test.orphan', () => Promise.resolve({})))
      // As a process leaves it that was killed within.
      await own(
        `update core.jobs set state = 'running', runs = 1, attempt = 1, cancelled_by = 'admin', beat_at = '2026-01-01' where id = $1`,
        [id],
      )
      await untilTurned(async () => (await stateOf(id)) === 'cancelled')
    })

    it('cancels one that runs by its signal, also from another process at its next beat', async () => {
      world.cloud.jobs.register(define('test.long', heedful))
      for (const from of [world, quiet]) {
        const id = await start('test.long')
        await until(id, 'running')
        const { status } = await from.as('POST', fill(cloudPaths.jobCancel, { id }))
        expect(status).toBe(200)
        if (from === quiet) {
          expect((await world.cloud.jobs.get(tenantId, id)).cancelling).toBe(true)
          world.clock.advance(jobLimits.beatMs)
        }
        await until(id, 'cancelled')
        expect((await world.cloud.jobs.get(tenantId, id)).attempts[0]?.outcome).toBe('cancelled')
      }
    })

    it('ends one that is out of time', async () => {
      world.cloud.jobs.register(define('test.slow', heedful, { timeoutSeconds: 5, retries: 0 }))
      const before = heedfulBegun
      const id = await start('test.slow')
      await until(id, 'running')
      await vi.waitUntil(() => heedfulBegun > before, waiting)
      world.clock.advance(5_000)
      await until(id, 'dead')
      expect((await world.cloud.jobs.get(tenantId, id)).error).toBe('it was not done within 5 s')
    })

    it('gives up waiting for one that does not heed its signal', async () => {
      let hasBegun = false
      const deaf = () => {
        hasBegun = true
        return new Promise<JobResult>(() => undefined)
      }
      world.cloud.jobs.register(define('test.deaf', deaf, { timeoutSeconds: 5, retries: 0 }))
      const id = await start('test.deaf')
      await until(id, 'running')
      await vi.waitUntil(() => hasBegun, waiting)
      world.clock.advance(5_000)
      world.clock.advance(jobLimits.graceMs)
      await until(id, 'dead')
    })

    it('is there if and only if the transaction that starts it is, and once under one key', async () => {
      const database = new Database(world.store.backend, { clock: world.clock })
      const gate = newGate()
      world.cloud.jobs.register(
        define('test.keyed', async () => {
          await gate.opened
          return {}
        }),
      )
      const first = await start('test.keyed', {}, 'one')
      expect(await start('test.keyed', {}, 'one')).toBe(first)
      expect(await start('test.keyed', {}, 'other')).not.toBe(first)
      gate.open()
      await until(first, 'done')
      expect(await start('test.keyed', {}, 'one')).not.toBe(first)
      let within = ''
      const broken = database.withTenant(tenantId, async (tx) => {
        within = await world.cloud.jobs.start('test.keyed', { tenantId, input: {}, by: 'test', tx })
        throw new Error('something else went wrong')
      })
      await expect(broken).rejects.toThrow('something else')
      await expect(world.cloud.jobs.get(tenantId, within)).rejects.toThrow('no such job')
      const kept = await database.withTenant(tenantId, (tx) =>
        world.cloud.jobs.start('test.keyed', { tenantId, input: {}, by: 'test', tx }),
      )
      await until(kept, 'done')
      const foreign = database.withTenant('other', (tx) =>
        world.cloud.jobs.start('test.keyed', { tenantId, input: {}, by: 'test', tx }),
      )
      await expect(foreign).rejects.toThrow('cannot be started by a transaction of other')
    })

    it('runs on one of two processes, once, and no more at a time than its kind allows', async () => {
      let now = 0
      let most = 0
      const done: number[] = []
      const run = async ({ input }: JobContext<{ n?: number | undefined }>) => {
        most = Math.max(most, ++now)
        await new Promise((resolve) => setImmediate(resolve))
        now--
        done.push(input.n ?? -1)
        return {}
      }
      for (const cloud of [world, second]) cloud.cloud.jobs.register(define('test.shared', run, { concurrency: 2 }))
      const ids = await Promise.all(Array.from({ length: 12 }, (_, n) => start('test.shared', { n })))
      await vi.waitUntil(
        async () => {
          turn()
          return (await Promise.all(ids.map(stateOf))).every((state) => state === 'done')
        },
        { timeout: 20_000, interval: 10 },
      )
      expect(done.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, n) => n))
      expect(most).toBeLessThanOrEqual(2)
    })

    it('is given to no two processes beyond what its kind allows, however close together they ask', async () => {
      const { backend } = world.store
      const log = createLog('test', { level: 'silent' })
      const carriers = await Promise.all([1, 2, 3].map(() => Carrier.open({ backend, clock: world.clock, log })))
      const [first] = carriers
      if (first === undefined) throw new Error('there is no carrier')
      const kind = 'test.raced'
      const of = { tenantId, kind, concurrency: 1, timeoutSeconds: 60 }
      const tickets = Array.from({ length: 40 }, () => ({ ...of, id: randomUUID(), jobId: randomUUID() }))
      await first.hand(tickets)
      for (let round = 0; round < tickets.length; round++) {
        const taken = (await Promise.all(carriers.map((carrier) => carrier.take(1)))).flat()
        expect(taken).toHaveLength(1)
        for (const ticket of taken) await first.finish(ticket)
      }
      for (const carrier of carriers) await carrier.close()
    })

    it('is taken from a process that is silent; that one ends, and what it says afterwards is not written', async () => {
      const gate = newGate()
      const ran: string[] = []
      const never = newGate()
      // The clock is turned far on the way.
      const changes = { timeoutSeconds: 24 * 3_600 }
      const lost = (by: string, opened: Promise<void>) =>
        define(
          'test.lost',
          async () => {
            ran.push(by)
            await opened
            return { by }
          },
          changes,
        )
      world.cloud.jobs.register(lost('first', gate.opened))
      const id = await start('test.lost')
      await until(id, 'running')
      second.cloud.jobs.register(lost('second', never.opened))
      await silence()
      await untilTurned(
        async () => (await world.cloud.jobs.get(tenantId, id)).attempts.length === 2,
        jobLimits.superviseMs,
      )
      expect(ran).toHaveLength(2)
      // What the first would write, had it not heard yet that it is not wanted any more.
      const database = new Database(world.store.backend, { clock: world.clock })
      const stale = await database.withTenant(tenantId, (tx) =>
        settleRun(tx, { jobId: id, runs: 1 }, { outcome: 'done', result: { by: 'stale' } }, stamps()),
      )
      expect([stale, await stateOf(id)]).toEqual([false, 'running'])
      gate.open()
      never.open()
      await until(id, 'done')
      const job = await world.cloud.jobs.get(tenantId, id)
      expect(job.attempts.map(({ outcome }) => outcome)).toEqual(['done', 'lost'])
      expect(job.result).toEqual({ by: ran[1] })
    })

    it('is dead when every process that ran it was lost', async () => {
      const never = newGate()
      world.cloud.jobs.register(
        define(
          'test.poison',
          async () => {
            await never.opened
            return {}
          },
          { retries: 0, timeoutSeconds: 24 * 3_600 },
        ),
      )
      const id = await start('test.poison')
      await until(id, 'running')
      await silence()
      await untilTurned(async () => (await stateOf(id)) === 'dead', jobLimits.superviseMs)
      never.open()
      expect((await world.cloud.jobs.get(tenantId, id)).error).toMatch(/process that ran it ended/)
    })

    it('hands on anew what the carrier has lost', async () => {
      const gone = await start('test.later')
      await until(gone, 'done')
      await own(
        `update core.jobs set state = 'waiting', handed_at = $2, ended_at = null, ticket = gen_random_uuid() where id = $1`,
        [gone, new Date(world.clock.nowMs() - 2 * jobLimits.staleMs).toISOString()],
      )
      await untilTurned(async () => (await stateOf(gone)) === 'done')
    })

    it('is given back by a process that stops, without an attempt lost, and goes on in another', async () => {
      const third = await World.open(world.store, { clock: world.clock, jobs: true })
      let runs = 0
      const run = (context: JobContext<unknown>) => {
        if (++runs > 1) return Promise.resolve({ runs })
        return heedful(context)
      }
      third.cloud.jobs.register(define('test.drained', run, { retries: 0 }))
      const id = await third.cloud.jobs.start('test.drained', { tenantId, input: {}, by: 'test' })
      await until(id, 'running')
      await third.cloud.stop()
      expect(await stateOf(id)).toBe('waiting')
      world.cloud.jobs.register(define('test.drained', run, { retries: 0 }))
      await untilTurned(async () => (await stateOf(id)) === 'done')
      const job = await world.cloud.jobs.get(tenantId, id)
      expect(job.attempts.map(({ outcome }) => outcome)).toEqual(['done', 'released'])
      expect(job.attempt).toBe(1)
    })

    it('starts what is due by the clock once over all processes, in the zone of the tenant, and once for what was missed', async () => {
      const started: string[] = []
      const scheduled = define(
        'test.nightly',
        ({ tenantId: of }) => {
          started.push(`${of} ${new Date(world.clock.nowMs()).toISOString().slice(0, 13)}`)
          return Promise.resolve({})
        },
        { schedule: '0 3 * * *', input: z.object({}) as never },
      )
      for (const cloud of [world, second]) cloud.cloud.jobs.register(scheduled)
      const rowOf = async () =>
        (
          await own(
            `select rule, next_at, last_at from core.job_schedules where kind = 'test.nightly' and tenant_id = $1`,
            [tenantId],
          )
        )[0]
      await untilTurned(async () => (await rowOf()) !== undefined)
      expect((await rowOf()).rule).toBe('0 3 * * * Asia/Seoul')
      expect((await world.as('PUT', cloudPaths.timeZone, { time_zone: 'Europe/Berlin' })).status).toBe(200)
      expect((await world.as('PUT', cloudPaths.timeZone, { time_zone: 'Mars/Olympus' })).status).toBe(400)
      await untilTurned(async () => (await rowOf()).rule === '0 3 * * * Europe/Berlin')
      const nextMs = Date.parse((await rowOf()).next_at)
      expect(new Date(nextMs).toISOString().slice(11, 16)).toBe('02:00')
      const kinds = (await world.as('GET', cloudPaths.jobKinds)).body.data
      expect(kinds.find(({ kind }: Loose) => kind === 'test.nightly')).toMatchObject({
        schedule: '0 3 * * *',
        time_zone: 'Europe/Berlin',
        next_at: new Date(nextMs).toISOString(),
        may_start: true,
      })
      expect(started).toEqual([])
      // Three nights later, in one leap of the wall clock: as after a cloud that was off.
      world.clock.jump(nextMs - world.clock.nowMs() + 2 * 24 * 3_600_000 + 60_000)
      await untilTurned(() => Promise.resolve(started.length > 0))
      for (let looks = 0; looks < 3; looks++) world.clock.advance(jobLimits.scheduleMs)
      await untilTurned(
        async () => (await own(`select from core.jobs where kind = 'test.nightly' and state = 'done'`)).length === 1,
      )
      expect(started).toHaveLength(1)
      expect(Date.parse((await rowOf()).next_at)).toBe(nextMs + 3 * 24 * 3_600_000)
    })

    it('pages through the list by its keys, by state and kind', async () => {
      const seen: string[] = []
      for (let cursor: string | undefined; ;) {
        const { body } = await world.as(
          'GET',
          `${cloudPaths.jobs}?limit=5&kind=test.shared&state=done${cursor === undefined ? '' : `&cursor=${cursor}`}`,
        )
        seen.push(...body.data.map(({ id }: Loose) => id))
        cursor = body.meta.next_cursor
        if (cursor === undefined) break
      }
      expect(new Set(seen).size).toBe(seen.length)
      expect(seen.length).toBe(12)
      expect((await world.as('GET', `${cloudPaths.jobs}?state=asleep`)).status).toBe(400)
    })

    it('I6: another tenant sees nothing of a job, and can do nothing to it', async () => {
      const other = await World.open(world.store, { clock: world.clock, tenant: 'other' })
      await other.cloud.stop()
      const id = await start('test.fails', { n: 1 })
      const as = (method: string, path: string, json?: unknown) => world.as(method, path, json, 'admin@other')
      expect((await as('GET', fill(cloudPaths.job, { id }))).status).toBe(404)
      expect((await as('POST', fill(cloudPaths.jobCancel, { id }))).status).toBe(404)
      expect((await as('POST', fill(cloudPaths.jobRequeue, { id }))).status).toBe(404)
      expect((await as('GET', cloudPaths.jobs)).body.data).toEqual([])
      const kinds = (await as('GET', cloudPaths.jobKinds)).body.data
      // Those of the platform are of its own tenant alone.
      expect(kinds.filter(({ scope }: Loose) => scope === 'platform')).toEqual([])
      expect((await as('POST', cloudPaths.jobs, { kind: 'jobs.tidy', input: {} })).status).toBe(404)
      expect((await as('PUT', cloudPaths.timeZone, { time_zone: 'UTC' })).status).toBe(200)
      expect((await world.as('GET', cloudPaths.timeZone)).body.data.time_zone).toBe('Europe/Berlin')
    })

    it('I6: the carrier holds ids and kinds, and neither role of the program may look into it', async () => {
      const rows = await own(
        `select distinct jsonb_object_keys(data) as key from pgboss.job where data is not null order by 1`,
      )
      expect(rows.map(({ key }) => key)).toEqual(['job', 'kind', 'tenant'])
      for (const role of ['jidoka_app', 'jidoka_directory']) {
        const client = await world.store.backend.pool.connect()
        try {
          await client.query(`begin; set local role ${role}`)
          await expect(client.query('select from pgboss.job')).rejects.toThrow(/permission denied/)
        } finally {
          await client.query('rollback')
          client.release()
        }
      }
    })

    it('makes the tables of pg-boss as its pinned version wants them, once', async () => {
      const { pool } = world.store.backend
      const { pgboss } = JSON.parse(
        readFileSync(new URL('../package.json', import.meta.resolve('pg-boss')), 'utf8'),
      ) as { pgboss: { schema: number } }
      expect(carrierSchemaVersion).toBe(pgboss.schema)
      expect(await migrateCarrier(pool)).toBeNull()
      expect(await planCarrier(pool)).toBeNull()
      const { PgBoss } = await import('pg-boss')
      const url = { executeSql: async (statement: string, values?: unknown[]) => pool.query(statement, values) }
      const boss = new PgBoss({ db: url, schema: 'pgboss', migrate: false, supervise: false, schedule: false })
      expect((await boss.detectSchemaDrift()).ok).toBe(true)
    })

    it('forgets what ended long ago, and keeps what is dead for longer', async () => {
      const day = 24 * 3_600_000
      const [before] = await own(`select count(*)::int as count from core.jobs where state = 'dead'`)
      world.clock.jump((jobLimits.keptEndedDays + 1) * day)
      const id = await world.cloud.jobs.start('jobs.tidy', { tenantId: null, input: {}, by: 'test' })
      await until(id, 'done')
      expect(await own(`select from core.jobs where state in ('done', 'cancelled') and id <> $1`, [id])).toEqual([])
      const [after] = await own(`select count(*)::int as count from core.jobs where state = 'dead'`)
      expect(after.count).toBe(before.count)
      expect(after.count).toBeGreaterThan(0)
    })
  })
}
