import { randomUUID } from 'node:crypto'
import type { Clock } from '@jidoka/base'
import { outgoingTraceparent, uuidv7 } from '@jidoka/base'
import type { Job, JobKindInfo, JobNews, JobState } from '@jidoka/contract'
import type { Permission, Role } from '@jidoka/domain'
import { may } from '@jidoka/domain'
import type { AuditPort } from '../../modules/audit/port.ts'
import type { Database, Transaction } from '../db/database.ts'
import { codeOf } from '../db/unavailable.ts'
import { ProblemError } from '../http/problem.ts'
import type { PageKey } from '../paging.ts'
import { pageOf } from '../paging.ts'
import { jobLimits } from './limits.ts'
import type { JobDefinition, JobsPort } from './port.ts'
import type { AnyJob, JobRegistry } from './registry.ts'
import { cancelJob, countWaiting, findJob, insertJob, listJobs, liveKeys, requeueJob } from './repository.ts'
import { platformZone, scheduledKey } from './scheduler.ts'

/** Who asks, as the routes know them. */
export interface Person {
  readonly tenantId: string
  readonly login: string
  readonly role: Role
}

/** What a kind takes that does not say who may start it: an administrator may still put it right. */
const mending: Permission = 'settings:manage'
const uniqueViolation = '23505'
const anotherOfIt = 'Another of this job waits or runs, and there is one at a time. Wait until that has ended.'

export interface JobsParts {
  readonly database: Database
  readonly clock: Clock
  readonly audit: AuditPort
  readonly registry: JobRegistry
  /** Whose administrators see the jobs of the platform. */
  readonly platformTenantId: string
}

/** Jobs as modules start them and people see them. Working on them is worker.ts. */
export class Jobs implements JobsPort {
  readonly #parts: JobsParts
  #wake: () => void = () => undefined
  #cancelled: (jobId: string) => void = () => undefined

  constructor(parts: JobsParts) {
    this.#parts = parts
  }

  /** The worker of this process, where it has one. */
  connect(worker: { wake: () => void; cancelled: (jobId: string) => void }): void {
    this.#wake = () => worker.wake()
    this.#cancelled = (jobId) => worker.cancelled(jobId)
  }

  register<Input>(definition: JobDefinition<Input>): void {
    this.#parts.registry.register(definition)
  }

  start: JobsPort['start'] = (kind, { tenantId, input, by, onceKey, tx }) => {
    const { registry, platformTenantId, database } = this.#parts
    const job = registry.find(kind)
    if (job === undefined) return Promise.reject(new TypeError(`there is no job "${kind}"`))
    const owner = job.scope === 'platform' ? platformTenantId : tenantId
    if (owner === null) return Promise.reject(new TypeError(`the job "${kind}" is of a tenant, and none is named`))
    if (tx === undefined)
      return database.withTenant(owner, (own) => this.#insert(own, job, { input, by, onceKey: onceKey ?? null }))
    if (tx.tenantId !== owner)
      return Promise.reject(
        new TypeError(`the job "${kind}" of ${owner} cannot be started by a transaction of ${tx.tenantId}`),
      )
    return this.#insert(tx, job, { input, by, onceKey: onceKey ?? null })
  }

  live: JobsPort['live'] = async (tx, kind, onceKeys) =>
    new Set(onceKeys.length === 0 ? [] : await liveKeys(tx, kind, onceKeys))

  async #insert(
    tx: Transaction,
    job: AnyJob,
    { input, by, onceKey }: { input: unknown; by: string; onceKey: string | null },
  ): Promise<string> {
    // What came in, and not what the schema made of it: a run reads it with the schema of its own release.
    job.input.parse(input)
    if (Buffer.byteLength(JSON.stringify(input ?? {})) > jobLimits.inputBytesMax)
      throw new ProblemError(
        'too_large',
        `The input of a job is at most ${jobLimits.inputBytesMax} bytes. Put what is larger into an object and name that.`,
      )
    const nowMs = this.#parts.clock.nowMs()
    const id = await insertJob(tx, {
      id: uuidv7(nowMs),
      kind: job.name,
      input: input ?? {},
      onceKey,
      attemptsMax: job.retries + 1,
      by,
      trace: outgoingTraceparent(),
      ticket: randomUUID(),
      at: new Date(nowMs).toISOString(),
    })
    tx.afterCommit(() => this.#wake())
    return id
  }

  list(
    tenantId: string,
    {
      state,
      kind,
      after,
      limit,
    }: { state: JobState | null; kind: string | null; after: PageKey | null; limit: number },
  ): Promise<{ rows: JobNews[]; next: string | null }> {
    return this.#parts.database.withTenant(tenantId, async (tx) =>
      pageOf(await listJobs(tx, { state, kind, after, limit: limit + 1 }), limit, (row) => ({
        at: row.created_at,
        id: row.id,
      })),
    )
  }

  /** @throws ProblemError `not_found` */
  async get(tenantId: string, id: string): Promise<Job> {
    const job = await this.#parts.database.withTenant(tenantId, (tx) => findJob(tx, id))
    if (job === null) throw noSuchJob()
    return job
  }

  /** What this cloud can do as a job, with when it does it next. Those of the platform for its own tenant alone. */
  async kinds({ tenantId, role }: Person): Promise<JobKindInfo[]> {
    const [zone, schedules] = await this.#parts.database.withTenant(tenantId, (tx) =>
      Promise.all([
        timeZoneOf(tx),
        tx.query<{ kind: string; next_at: string; last_at: string | null }>(
          'select kind, next_at, last_at from core.job_schedules',
        ),
      ]),
    )
    const known = new Map(schedules.map((schedule) => [schedule.kind, schedule]))
    return this.#parts.registry.all
      .filter((job) => this.#isOf(job, tenantId))
      .map((job) => ({
        kind: job.name,
        title: job.title,
        about: job.about,
        scope: job.scope,
        schedule: job.schedule ?? null,
        time_zone: job.scope === 'platform' ? platformZone : zone,
        next_at: job.schedule === undefined ? null : (known.get(job.name)?.next_at ?? null),
        last_at: known.get(job.name)?.last_at ?? null,
        may_change: may(role, job.startedBy ?? mending),
        needs_input: !job.input.safeParse({}).success,
        by_programs: job.startedBy === undefined,
        may_start: job.startedBy !== undefined && may(role, job.startedBy),
        concurrency: job.concurrency,
        attempts_max: job.retries + 1,
        timeout_s: job.timeoutSeconds,
      }))
  }

  /** @throws ProblemError when there is no such kind, or this person may not */
  async startByPerson(person: Person, kind: string, input: unknown): Promise<Job> {
    const { database, registry } = this.#parts
    const job = registry.find(kind)
    if (job === undefined || !this.#isOf(job, person.tenantId))
      throw new ProblemError('not_found', `There is no job "${kind}". Look at the list of kinds for its name.`)
    if (job.startedBy === undefined)
      throw new ProblemError('not_permitted', 'Programs alone start this job: it needs what they know.')
    if (!may(person.role, job.startedBy))
      throw new ProblemError('not_permitted', `Starting this job needs the permission ${job.startedBy}.`)
    const id = await database.withTenant(person.tenantId, async (tx) => {
      if ((await countWaiting(tx, kind)) >= jobLimits.waitingMax)
        throw new ProblemError(
          'conflict',
          `${jobLimits.waitingMax} of this job wait already. Cancel some, or come again.`,
        )
      const started = await this.#insert(tx, job, {
        input,
        by: person.login,
        onceKey: job.schedule === undefined ? null : scheduledKey,
      })
      await this.#note(tx, 'job.start', started, person, kind)
      return started
    })
    return this.get(person.tenantId, id)
  }

  /** One that waits ends at once; one that runs is told to, and ends when it has heard, or when it has taken back what it did. @throws ProblemError */
  async cancel(person: Person, id: string): Promise<Job> {
    const at = new Date(this.#parts.clock.nowMs()).toISOString()
    const goesOn = await this.#askToUndo(person, await this.get(person.tenantId, id))
    await this.#parts.database.withTenant(person.tenantId, async (tx) => {
      const before = await cancelJob(tx, id, { by: person.login, at, goesOn })
      if (before === null) throw noSuchJob()
      this.#mustMend(person, before.kind)
      // It may have taken back what it did before this comes to its row.
      const isTakenBack = goesOn && before.state === 'cancelled'
      if (before.state !== 'waiting' && before.state !== 'running' && !isTakenBack)
        throw new ProblemError('conflict', 'The job has ended already. Reload the page to see how.')
      await this.#note(tx, 'job.cancel', id, person, before.kind)
      tx.afterCommit(() => (goesOn ? this.#wake() : this.#cancelled(id)))
    })
    return this.get(person.tenantId, id)
  }

  /** @returns whether it goes on to take back what it has done. @throws ProblemError where it cannot any more */
  async #askToUndo(person: Person, { kind, state, input }: Job): Promise<boolean> {
    const definition = this.#parts.registry.find(kind)
    if (!definition?.undo || (state !== 'waiting' && state !== 'running')) return false
    this.#mustMend(person, kind)
    const read = definition.input.safeParse(input)
    // It was never begun: no release that takes this input is there.
    if (!read.success) return false
    const tooLate = await definition.undo(read.data, person.login)
    if (tooLate !== null) throw new ProblemError('conflict', tooLate)
    return true
  }

  /** Puts one that is dead or was cancelled back, with all its attempts. @throws ProblemError */
  async requeue(person: Person, id: string): Promise<Job> {
    const at = new Date(this.#parts.clock.nowMs()).toISOString()
    const queued = this.#parts.database.withTenant(person.tenantId, async (tx) => {
      const job = await findJob(tx, id)
      if (job === null) throw noSuchJob()
      this.#mustMend(person, job.kind)
      if (!(await requeueJob(tx, id, { at, ticket: randomUUID() })))
        throw new ProblemError(
          'conflict',
          job.state === 'dead' || job.state === 'cancelled'
            ? anotherOfIt
            : 'Only a job that failed for good or was cancelled can be put back. Reload the page.',
        )
      await this.#note(tx, 'job.requeue', id, person, job.kind)
      tx.afterCommit(() => this.#wake())
    })
    await queued.catch((error: unknown) => {
      // Another of its key was put in since it was looked for.
      throw codeOf(error) === uniqueViolation ? new ProblemError('conflict', anotherOfIt) : error
    })
    return this.get(person.tenantId, id)
  }

  timeZone(tenantId: string): Promise<string> {
    return this.#parts.database.withTenant(tenantId, timeZoneOf)
  }

  /** Schedules of the tenant are due by the new zone from the next look on. */
  async setTimeZone({ tenantId, login }: Person, zone: string): Promise<void> {
    await this.#parts.database.withTenant(tenantId, async (tx) => {
      const before = await timeZoneOf(tx)
      if (before === zone) return
      await tx.run('update core.tenants set time_zone = $1', [zone])
      await this.#parts.audit.append(tx, {
        actor: login,
        action: 'tenant.time_zone',
        subject: tenantId,
        detail: { from: before, to: zone },
      })
    })
  }

  #isOf(job: AnyJob, tenantId: string): boolean {
    return job.scope === 'tenant' || tenantId === this.#parts.platformTenantId
  }

  #mustMend({ role }: Person, kind: string): void {
    const needed = this.#parts.registry.find(kind)?.startedBy ?? mending
    if (!may(role, needed))
      throw new ProblemError('not_permitted', `Changing what becomes of this job needs the permission ${needed}.`)
  }

  async #note(tx: Transaction, action: string, subject: string, { login }: Person, kind: string): Promise<void> {
    await this.#parts.audit.append(tx, { actor: login, action, subject, detail: { kind } })
  }
}

const noSuchJob = () =>
  new ProblemError('not_found', 'There is no such job; what has ended is kept for some weeks. Reload the list.')

async function timeZoneOf(tx: Transaction): Promise<string> {
  const [row] = await tx.query<{ time_zone: string }>('select time_zone from core.tenants')
  return row?.time_zone ?? platformZone
}
