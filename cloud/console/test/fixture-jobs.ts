import {
  cloudPaths,
  jobKindInfoSchema,
  jobNewsSchema,
  jobQuerySchema,
  jobSchema,
  startJobSchema,
  tenantTimeZoneSchema,
  type Job,
  type JobKindInfo,
  type JobNews,
} from '@jidoka/contract'
import { z } from 'zod'
import { found, need, page, Refusal, type Route } from './fixture-routes.ts'
import type { FixtureWorld } from './fixture-world.ts'

/** What a list and the stream tell of a job. */
export const newsOf = (job: Job): JobNews => jobNewsSchema.parse(job)

/** Puts a job as it is now in its place, and tells the streams. */
export function tellJob(world: FixtureWorld, job: Job): void {
  const isThere = world.jobs.some(({ id }) => id === job.id)
  world.jobs = isThere ? world.jobs.map((other) => (other.id === job.id ? job : other)) : [job, ...world.jobs]
  world.emit({ event: 'job', data: newsOf(job) })
}

const change = (world: FixtureWorld, id: string | undefined, from: readonly string[], changes: Partial<Job>): Job => {
  const job = found(world.jobs.find((other) => other.id === id))
  if (!from.includes(job.state)) throw new Refusal('conflict', 'The job has ended already.')
  const changed = { ...job, ...changes }
  tellJob(world, changed)
  return changed
}

export const jobRoutes: readonly Route[] = [
  [
    'GET',
    cloudPaths.timeZone,
    tenantTimeZoneSchema,
    ({ world, user }) => {
      need(user, 'job:read')
      return { data: { time_zone: world.timeZone } }
    },
  ],
  [
    'PUT',
    cloudPaths.timeZone,
    z.strictObject({}),
    ({ world, user, body }) => {
      need(user, 'settings:manage')
      world.timeZone = tenantTimeZoneSchema.parse(body).time_zone
      world.jobKinds = world.jobKinds.map((kind) => ({ ...kind, time_zone: world.timeZone }))
      return { data: {} }
    },
  ],
  [
    'GET',
    cloudPaths.jobKinds,
    z.array(jobKindInfoSchema),
    ({ world, user }) => {
      need(user, 'job:read')
      return { data: world.jobKinds }
    },
  ],
  [
    'GET',
    cloudPaths.jobs,
    z.array(jobNewsSchema),
    ({ world, user, query }) => {
      need(user, 'job:read')
      const { state, kind, ...asked } = jobQuerySchema.parse(query)
      const rows = world.jobs.filter(
        (job) => (state === undefined || job.state === state) && (kind === undefined || job.kind === kind),
      )
      return page(rows.map(newsOf), asked)
    },
  ],
  [
    'POST',
    cloudPaths.jobs,
    jobSchema,
    ({ world, user, body }) => {
      need(user, 'settings:manage')
      const { kind } = startJobSchema.parse(body)
      const job = jobOf(world.jobs.length + 1, { kind, by: user.login, state: 'waiting', attempt: 0, attempts: [] })
      tellJob(world, job)
      return { data: job }
    },
  ],
  [
    'GET',
    cloudPaths.job,
    jobSchema,
    ({ world, parts: [id] }) => ({ data: found(world.jobs.find((job) => job.id === id)) }),
  ],
  [
    'POST',
    cloudPaths.jobCancel,
    jobSchema,
    ({ world, user, parts: [id] }) => {
      need(user, 'settings:manage')
      return { data: change(world, id, ['waiting', 'running'], { state: 'cancelled' }) }
    },
  ],
  [
    'POST',
    cloudPaths.jobRequeue,
    jobSchema,
    ({ world, user, parts: [id] }) => {
      need(user, 'settings:manage')
      return { data: change(world, id, ['dead', 'cancelled'], { state: 'waiting', attempt: 0 }) }
    },
  ],
]

const minutes = (number: number) => new Date(Date.parse('2026-11-21T08:00:00.000Z') + number * 60_000).toISOString()

/** The `number`th job: each a minute after the one before. */
export const jobOf = (number: number, changes: Partial<Job> = {}): Job => ({
  id: `01920000-0000-7000-8000-${String(number).padStart(12, '0')}`,
  kind: 'partitions.keep',
  state: 'done',
  cancelling: false,
  attempt: 1,
  attempts_max: 4,
  progress: { done: 0, total: null, note: null },
  error: null,
  by: 'schedule',
  created_at: minutes(number),
  due_at: minutes(number),
  started_at: minutes(number),
  ended_at: minutes(number + 1),
  input: {},
  result: { made: 3, dropped: 1 },
  trace: null,
  attempts: [
    {
      attempt: 1,
      process: 'cloud-7f9c:1',
      started_at: minutes(number),
      ended_at: minutes(number + 1),
      outcome: 'done',
      error: null,
    },
  ],
  ...changes,
})

export const kindOf = (changes: Partial<JobKindInfo> = {}): JobKindInfo => ({
  kind: 'partitions.keep',
  title: { ko: '월별 테이블 관리', en: 'Keep partitions' },
  about: {
    ko: '앞으로 쓸 월별 테이블을 만들고, 보존 기간이 지난 것은 보관한 뒤 지웁니다.',
    en: 'Makes the months to come, archives and drops those past their time.',
  },
  scope: 'platform',
  schedule: '20 2 * * *',
  time_zone: 'UTC',
  next_at: '2026-11-22T02:20:00.000Z',
  last_at: '2026-11-21T02:20:00.000Z',
  by_programs: false,
  may_start: true,
  may_change: true,
  needs_input: false,
  concurrency: 1,
  attempts_max: 4,
  timeout_s: 21_600,
  ...changes,
})
