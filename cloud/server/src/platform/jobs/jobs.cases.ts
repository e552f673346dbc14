import { cloudPaths, fill } from '@jidoka/contract'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { Database } from '../db/database.ts'
import { newGate, tenantId, waiting } from './jobs-world.ts'
import { jobLimits } from './limits.ts'
import { JobUndoneError } from './port.ts'
import type { JobResult } from './port.ts'
import { openJobsWorld } from './jobs-world.ts'
import type { JobsWorld } from './jobs-world.ts'
import { jobsOfPeopleCases } from './jobs-people.cases.ts'
import { jobsOfProcessesCases } from './jobs-processes.cases.ts'
import type { NewStore } from '../../testing/stores.ts'

/*
 * Jobs. Goal: what was started is done, once in its effect where nobody is killed and at least once where somebody is, by one process at a time, and people
 * see what became of it. Really run: pg-boss on the database, one or two whole clouds on it, their clock turned by hand; the database's own clock, by which
 * pg-boss tells a silent process, is outwitted by putting its last sign of life back.
 */

export function jobsCases(newStore: NewStore): void {
  describe('jobs', () => {
    let at: JobsWorld
    beforeAll(async () => {
      at = await openJobsWorld(newStore)
    })
    afterAll(() => at.close())
    const opened = () => at

    it('keeps what a job says of itself: progress, result, attempts, who started it', async () => {
      const { world, define, until } = opened()
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
      const { world, define, start, stateOf, until, untilTurned } = opened()
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
      const { world, define, start } = opened()
      world.cloud.jobs.register(define('test.inner', () => Promise.resolve({}), { startedBy: undefined as never }))
      const post = async (json: unknown) => (await world.as('POST', cloudPaths.jobs, json)).status
      expect(await post({ kind: 'test.nobody', input: {} })).toBe(404)
      expect(await post({ kind: 'test.count', input: { n: 'seven' } })).toBe(400)
      expect(await post({ kind: 'test.count', input: { m: 7 } })).toBe(400)
      expect(await post({ kind: 'test.inner', input: {} })).toBe(403)
      const kinds = (await world.as('GET', cloudPaths.jobKinds)).body.data as { kind: string }[]
      expect(kinds.find(({ kind }) => kind === 'test.inner')).toMatchObject({ by_programs: true, may_start: false })
      await expect(start('test.count', { m: 1 })).rejects.toThrow(z.ZodError)
      await expect(start('test.nobody')).rejects.toThrow('no job')
    })

    it('gives up at once on input that its release does not take', async () => {
      const { world, define, own, startQuietly, stateOf, untilTurned } = opened()
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
      const { world, define, start, startQuietly, until, turn } = opened()
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
      const { world, define, own, startQuietly, stateOf, untilTurned } = opened()
      const id = await startQuietly(define('test.orphan', () => Promise.resolve({})))
      // As a process leaves it that was killed within.
      await own(
        `update core.jobs set state = 'running', runs = 1, attempt = 1, cancelled_by = 'admin', started_at = '2026-01-01', beat_at = '2026-01-01' where id = $1`,
        [id],
      )
      await own(
        `insert into core.job_attempts (tenant_id, job_id, no, process, started_at) values ($1, $2, 1, 'killed', '2026-01-01')`,
        [tenantId, id],
      )
      await untilTurned(async () => (await stateOf(id)) === 'cancelled')
      // It was not begun again, and does not say that it was.
      expect(await world.cloud.jobs.get(tenantId, id)).toMatchObject({
        attempt: 1,
        started_at: '2026-01-01T00:00:00.000Z',
        attempts: [{ attempt: 1, outcome: 'lost' }],
      })
    })

    it('asks one that can take back what it did to do so, whether it waits or runs, and says why it is too late', async () => {
      const { world, quiet, define, own, until, untilTurned } = opened()
      const asked: string[] = []
      const ran: boolean[] = []
      const half = newGate()
      let tooLate: string | null = null
      let hasEnded = false
      const kind = define(
        'test.undone',
        async ({ input, signal }) => {
          if (input.n === 1) await half.opened
          ran.push(signal.aborted)
          if (tooLate !== null || asked.length === 0) return {}
          throw new JobUndoneError('taken back')
        },
        {
          undo: async (input, by) => {
            if (tooLate === null) asked.push(`${input.n} ${by}`)
            if (hasEnded)
              await own(
                `update core.jobs set state = 'cancelled', ended_at = created_at where kind = 'test.undone' and state = 'waiting'`,
              )
            return tooLate
          },
        },
      )
      for (const { cloud } of [world, quiet]) cloud.jobs.register(kind)
      const begin = (n: number) => quiet.cloud.jobs.start(kind.name, { tenantId, input: { n }, by: 'test' })
      const cancel = async (id: string) => world.as('POST', fill(cloudPaths.jobCancel, { id }))
      const waits = await begin(0)
      expect((await cancel(waits)).body.data).toMatchObject({ state: 'waiting', cancelling: true })
      await untilTurned(async () => (await world.cloud.jobs.get(tenantId, waits)).state === 'cancelled')
      const runs = await begin(1)
      await untilTurned(async () => (await world.cloud.jobs.get(tenantId, runs)).state === 'running')
      await cancel(runs)
      world.clock.advance(jobLimits.beatMs)
      half.open()
      await until(runs, 'cancelled')
      expect([asked, ran]).toEqual([
        ['0 admin', '1 admin'],
        [false, false],
      ])
      // It has taken back what it did, and ended, before whoever asked comes to its row.
      hasEnded = true
      expect((await cancel(await begin(3))).body.data).toMatchObject({ state: 'cancelled' })
      hasEnded = false
      tooLate = 'It is done.'
      const late = await begin(2)
      expect((await cancel(late)).body).toMatchObject({ status: 409, detail: 'It is done.' })
      await untilTurned(async () => (await world.cloud.jobs.get(tenantId, late)).state === 'done')
    })

    it('cancels one that runs by its signal, also from another process at its next beat', async () => {
      const { world, quiet, define, heedful, start, until } = opened()
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
      const { world, define, begun, heedful, start, until } = opened()
      world.cloud.jobs.register(define('test.slow', heedful, { timeoutSeconds: 5, retries: 0 }))
      const before = begun.count
      const id = await start('test.slow')
      await until(id, 'running')
      await vi.waitUntil(() => begun.count > before, waiting)
      world.clock.advance(5_000)
      await until(id, 'dead')
      expect((await world.cloud.jobs.get(tenantId, id)).error).toBe('it was not done within 5 s')
    })

    it('gives up waiting for one that does not heed its signal', async () => {
      const { world, define, start, until } = opened()
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
      const { world, define, start, until } = opened()
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

    jobsOfProcessesCases(opened)
    jobsOfPeopleCases(opened)
  })
}
