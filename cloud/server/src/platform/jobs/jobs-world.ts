import { randomUUID } from 'node:crypto'
import { vi } from 'vitest'
import { z } from 'zod'
import type { NewStore } from '../../testing/stores.ts'
import { World } from '../../testing/world.ts'
import type { Loose } from '../../testing/world.ts'
import { jobLimits } from './limits.ts'
import type { JobContext, JobDefinition, JobResult } from './port.ts'

const text = { ko: '시험', en: 'Test' }
export const tenantId = 'demo'
/** Machines are busy; nothing waits as long where all is well. */
export const waiting = { interval: 5 }

/** Something that a job waits for, so that it is seen running. */
export function newGate() {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: () => resolve() }
}

export type JobsWorld = Awaited<ReturnType<typeof openJobsWorld>>

/** Two whole clouds on one database that work on jobs, and a quiet one. */
export async function openJobsWorld(newStore: NewStore) {
  const world = await World.open(await newStore(), { jobs: true })
  const second = await World.open(world.store, { clock: world.clock, jobs: true })
  /** Starts jobs and works on none: what it starts waits for the next turn of the others. */
  const quiet = await World.open(world.store, { clock: world.clock })

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
  const begun = { count: 0 }
  const heedful = ({ signal }: JobContext<unknown>) =>
    new Promise<JobResult>((_, reject) => {
      begun.count++
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
  const close = async () => {
    await quiet.cloud.stop()
    await second.cloud.stop()
    await world.close()
  }
  return {
    world,
    second,
    quiet,
    define,
    begun,
    heedful,
    own,
    stamps,
    start,
    startQuietly,
    stateOf,
    until,
    turn,
    silence,
    untilTurned,
    close,
  }
}
