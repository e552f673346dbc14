import { randomUUID } from 'node:crypto'
import { createLog, ManualClock } from '@jidoka/base'
import { expect, it, vi } from 'vitest'
import { Database } from '../db/database.ts'
import { World } from '../../testing/world.ts'
import { Carrier } from './carrier.ts'
import { newGate, tenantId } from './jobs-world.ts'
import { jobLimits } from './limits.ts'
import type { JobContext } from './port.ts'
import { settleRun } from './repository.ts'
import type { JobsWorld } from './jobs-world.ts'

/** Jobs and several processes, some of which are lost or stop. */
export function jobsOfProcessesCases(opened: () => JobsWorld): void {
  it('runs on one of two processes, once, and no more at a time than its kind allows', async () => {
    const { world, second, define, start, stateOf, turn } = opened()
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
      { interval: 10 },
    )
    expect(done.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, n) => n))
    expect(most).toBeLessThanOrEqual(2)
  })

  it('is given to no two processes beyond what its kind allows, however close together they ask', async () => {
    const { world } = opened()
    const { backend } = world.store
    const log = createLog('test', { level: 'silent' })
    const carriers = await Promise.all([1, 2, 3].map(() => Carrier.open({ backend, clock: world.clock, log })))
    const [first] = carriers
    if (first === undefined) throw new Error('there is no carrier')
    const kind = 'test.raced'
    const common = { tenantId, kind, concurrency: 1, timeoutSeconds: 60 }
    const tickets = Array.from({ length: 40 }, () => ({ ...common, id: randomUUID(), jobId: randomUUID() }))
    await first.hand(tickets)
    for (let round = 0; round < tickets.length; round++) {
      const taken = (await Promise.all(carriers.map((carrier) => carrier.take(1)))).flat()
      expect(taken).toHaveLength(1)
      for (const ticket of taken) await first.finish(ticket)
    }
    for (const carrier of carriers) await carrier.close()
  })

  it('says what the database has said to the one that carries tickets, in words', async () => {
    const { backend } = opened().world.store
    const said = Promise.withResolvers<unknown>()
    const log = createLog('test', { level: 'error', destination: { write: (line) => said.resolve(JSON.parse(line)) } })
    let isCut = false
    const pool = Object.assign(Object.create(backend.pool), {
      query: (asked: string) => (isCut ? Promise.reject(new Error('the line is cut')) : backend.pool.query(asked)),
    })
    const clock = new ManualClock()
    const carrier = await Carrier.open({ backend: { ...backend, pool }, clock, log })
    isCut = true
    // It looks its queues up once a minute.
    clock.advance(60_000)
    expect(await said.promise).toMatchObject({ action: 'jobs.carrier', message: 'the line is cut' })
    await carrier.close()
  })

  it('is taken from a process that is silent; that one ends, and what it says afterwards is not written', async () => {
    const { world, second, define, stamps, start, stateOf, until, silence, untilTurned } = opened()
    const gate = newGate()
    const ran: string[] = []
    const never = newGate()
    // The clock is turned far on the way.
    const changes = { timeoutSeconds: 24 * 3_600 }
    const lost = (by: string, goesOn: Promise<void>) =>
      define(
        'test.lost',
        async () => {
          ran.push(by)
          await goesOn
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
    const { world, define, start, stateOf, until, silence, untilTurned } = opened()
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
    const { world, own, start, stateOf, until, untilTurned } = opened()
    const gone = await start('test.later')
    await until(gone, 'done')
    await own(
      `update core.jobs set state = 'waiting', handed_at = $2, ended_at = null, ticket = gen_random_uuid() where id = $1`,
      [gone, new Date(world.clock.nowMs() - 2 * jobLimits.staleMs).toISOString()],
    )
    await untilTurned(async () => (await stateOf(gone)) === 'done')
  })

  it('is given back by a process that stops, without an attempt lost, and goes on in another', async () => {
    const { world, define, heedful, stateOf, until, untilTurned } = opened()
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
}
