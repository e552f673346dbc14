import { hostname } from 'node:os'
import { randomUUID } from 'node:crypto'
import type { Clock, Log, Service, Tracer } from '@jidoka/base'
import { activeSpan, describeError, outsideTraces, silentTracer } from '@jidoka/base'
import type { JobNews } from '@jidoka/contract'
import type { Database } from '../db/database.ts'
import { Carrier } from './carrier.ts'
import type { NewTicket, TakenTicket } from './carrier.ts'
import type { JobMetrics } from './job-metrics.ts'
import { jobLimits } from './limits.ts'
import type { JobRegistry } from './registry.ts'
import { claimJob, findNews, noteBeat, noteHanded, noteProgress, settleRun, ticketsToHandOn } from './repository.ts'
import type { ClaimedJob, Settlement } from './repository.ts'
import type { Ended } from './run.ts'
import { Run } from './run.ts'
import type { Scheduler } from './scheduler.ts'

export interface WorkerParts {
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
  readonly metrics: JobMetrics
  /** Absent: nothing is recorded. */
  readonly tracer?: Tracer
  readonly registry: JobRegistry
  readonly scheduler: Scheduler
  readonly atOnceMax: number
  /** Tells consoles that a job has come on. */
  readonly tell: (tenantId: string, news: JobNews) => void
  readonly isFollowed: (tenantId: string) => boolean
}

interface Held {
  readonly ticket: TakenTicket
  readonly run: Run
  readonly ended: Promise<void>
}

/** Works on jobs in this process: turn by turn it hands tickets on, takes as many as it may run, and runs them beside. */
export class JobWorker implements Service {
  readonly name = 'jobs'
  readonly #parts: WorkerParts
  /** Who it is, in the history of a job. */
  readonly #process = `${hostname().slice(0, 60)}:${process.pid}`
  readonly #held = new Map<string, Held>()
  #carrier: Carrier | null = null
  #cancelTurn: () => void = () => undefined
  #cancelBeat: () => void = () => undefined
  #turning: Promise<void> | null = null
  #beating: Promise<void> = Promise.resolve()
  #isWoken = false
  #isStopping = false
  #superviseFromMs = 0
  #scheduleFromMs = 0

  constructor(parts: WorkerParts) {
    this.#parts = parts
  }

  /** At once: pg-boss is loaded in the first turn, behind the start of the program. */
  start(): Promise<void> {
    this.#turnAfter(jobLimits.turnMs)
    this.#beatAfter()
    return Promise.resolve()
  }

  /** Takes no more, tells what runs to end, and waits for it; what does not end is another process's. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#cancelTurn()
    await this.#turning
    for (const { run } of this.#held.values()) run.end('stopping')
    await Promise.all([...this.#held.values()].map(({ ended }) => ended))
    this.#cancelBeat()
    await this.#beating
    await this.#carrier?.close()
  }

  /** There is something to do: it is not waited for until the next turn. */
  wake(): void {
    this.#isWoken = true
    if (this.#turning === null) this.#turn()
  }

  /** When a job of this process was cancelled here; others hear of it with their next beat. */
  cancelled(jobId: string): void {
    for (const { run } of this.#held.values()) if (run.key.jobId === jobId) run.end('cancelled')
  }

  #turnAfter(ms: number): void {
    if (!this.#isStopping) this.#cancelTurn = this.#parts.clock.after(ms, () => this.#turn())
  }

  #turn(): void {
    if (this.#isStopping || this.#turning !== null) return
    this.#cancelTurn()
    this.#isWoken = false
    this.#turning = outsideTraces(() => this.#work())
      .catch((error: unknown) => {
        // Everything that it had to do stands in the database, and is found again.
        this.#parts.log.error({ action: 'jobs.turn', success: false }, describeError(error))
        return false
      })
      .then((isMore) => {
        this.#turning = null
        if (isMore || this.#isWoken) this.#turn()
        else this.#turnAfter(jobLimits.turnMs)
        return undefined
      })
  }

  /** @returns whether there may be more to do at once */
  async #work(): Promise<boolean> {
    const { clock, scheduler, log, database, atOnceMax } = this.#parts
    this.#carrier ??= await Carrier.open({ backend: database.backend, clock, log })
    const carrier = this.#carrier
    const nowMs = clock.monotonicMs()
    if (nowMs >= this.#scheduleFromMs) {
      this.#scheduleFromMs = nowMs + jobLimits.scheduleMs
      await scheduler.look()
      await this.#count()
    }
    if (nowMs >= this.#superviseFromMs) {
      this.#superviseFromMs = nowMs + jobLimits.superviseMs
      await carrier.supervise()
    }
    await this.#handOn(carrier)
    const free = atOnceMax - this.#held.size
    if (free <= 0 || this.#isStopping) return false
    const taken = await carrier.take(free)
    for (const ticket of taken) await this.#begin(carrier, ticket)
    return taken.length === free && this.#held.size < atOnceMax
  }

  async #handOn(carrier: Carrier): Promise<void> {
    const { database, clock, registry, log } = this.#parts
    const nowMs = clock.nowMs()
    const at = new Date(nowMs).toISOString()
    const staleAt = new Date(nowMs - jobLimits.staleMs).toISOString()
    const found = await database.asDirectory((directory) =>
      ticketsToHandOn(directory, { kinds: registry.kinds, at, staleAt }),
    )
    const tickets = found.flatMap((ticket): NewTicket[] => {
      const job = registry.find(ticket.kind)
      return job === undefined
        ? []
        : [
            {
              id: ticket.ticket,
              tenantId: ticket.tenant_id,
              jobId: ticket.job_id,
              kind: ticket.kind,
              concurrency: job.concurrency,
              timeoutSeconds: job.timeoutSeconds,
            },
          ]
    })
    await carrier.hand(tickets)
    for (const [tenantId, theirs] of Map.groupBy(tickets, (ticket) => ticket.tenantId)) {
      try {
        await database.withTenant(tenantId, (tx) => noteHanded(tx, theirs, at))
      } catch (error) {
        // Handed on once more in the next turn, where it lies already; nobody else's wait for that.
        log.warn({ action: 'jobs.hand_on', success: false, tenant: tenantId }, describeError(error))
      }
    }
  }

  async #begin(carrier: Carrier, ticket: TakenTicket): Promise<void> {
    const { database, registry, log } = this.#parts
    const definition = registry.find(ticket.kind)
    if (definition === undefined) return carrier.giveBack(ticket)
    let job: ClaimedJob | null
    try {
      job = await database.withTenant(ticket.tenantId, (tx) =>
        claimJob(tx, ticket, { process: this.#process, at: this.#now(), undoes: definition.undo !== null }),
      )
    } catch (error) {
      // The carrier gives it out again when it has heard nothing of it for a while.
      log.error({ action: 'jobs.begin', success: false, job: ticket.jobId, kind: ticket.kind }, describeError(error))
      return
    }
    if (job?.state !== 'running') {
      if (job !== null) await this.#tell(ticket)
      return carrier.finish(ticket)
    }
    const run = new Run(definition, job, {
      clock: this.#parts.clock,
      log,
      tenantId: ticket.tenantId,
      scopeTenantId: definition.scope === 'platform' ? null : ticket.tenantId,
      keep: async (key, progress) => {
        await database.withTenant(ticket.tenantId, (tx) => noteProgress(tx, key, progress))
        await this.#tell(ticket)
      },
    })
    const { tracer = silentTracer } = this.#parts
    const facts = { 'jidoka.job': job.id, 'jidoka.attempt': job.attempt, 'jidoka.tenant': ticket.tenantId }
    // It goes on with the trace of whoever has started it.
    const ended = tracer.begin(`job ${ticket.kind}`, { kind: 'consumer', traceparent: job.trace, facts }, () =>
      this.#runToEnd(carrier, ticket, run, job, definition.retries, definition.retryDelaySeconds),
    )
    this.#held.set(ticket.id, { ticket, run, ended })
    this.#parts.metrics.running.set(this.#held.size)
    await this.#tell(ticket)
  }

  async #runToEnd(
    carrier: Carrier,
    ticket: TakenTicket,
    run: Run,
    job: ClaimedJob,
    retries: number,
    delaySeconds: number,
  ): Promise<void> {
    const { clock, metrics, log, database } = this.#parts
    const startMs = clock.monotonicMs()
    const ended = await run.execute()
    metrics.seconds.observe({ kind: run.kind }, (clock.monotonicMs() - startMs) / 1_000)
    try {
      const nowMs = clock.nowMs()
      const retryAt = job.attempt > retries ? null : iso(nowMs + retryDelayMs(job.attempt, delaySeconds))
      const settlement = settlementOf(ended, retryAt)
      const isWritten =
        settlement !== null &&
        (await database.withTenant(ticket.tenantId, (tx) =>
          settleRun(tx, run.key, settlement, { at: iso(nowMs), nextTicket: randomUUID() }),
        ))
      if (isWritten) await carrier.finish(ticket)
      const outcome = isWritten ? outcomeOf(settlement) : 'lost'
      metrics.ended.inc({ kind: run.kind, outcome })
      activeSpan()?.set({ 'jidoka.outcome': outcome })
      const fields = { action: 'jobs.run', success: outcome === 'done', job: job.id, kind: run.kind, outcome }
      if (ended.kind === 'failed') log.warn(fields, ended.error)
      else log.info(fields, `job ${outcome}`)
    } catch (error) {
      // Not written down: when the carrier has heard nothing for a while another process runs it again.
      log.error({ action: 'jobs.settle', success: false, job: job.id, kind: run.kind }, describeError(error))
    }
    this.#held.delete(ticket.id)
    metrics.running.set(this.#held.size)
    await this.#tell(ticket)
    // Something may have waited for a place.
    if (!this.#isStopping) this.wake()
  }

  #beatAfter(): void {
    this.#cancelBeat = this.#parts.clock.after(jobLimits.beatMs, () => {
      this.#beating = this.#beat()
        .catch((error: unknown) => this.#parts.log.warn({ action: 'jobs.beat', success: false }, describeError(error)))
        .then(() => this.#beatAfter())
    })
  }

  /** Says of each job that it is worked on, and hears whether it shall be. */
  async #beat(): Promise<void> {
    const held = [...this.#held.values()]
    if (held.length === 0 || this.#carrier === null) return
    const still = await this.#carrier.beat(held.map(({ ticket }) => ticket))
    for (const { ticket, run } of held) {
      try {
        const isCancelled = still.has(ticket.id)
          ? await this.#parts.database.withTenant(run.tenantId, (tx) => noteBeat(tx, run.key, this.#now()))
          : null
        if (isCancelled === null) run.end('lost')
        else if (isCancelled) run.end('cancelled')
      } catch (error) {
        // The tenant's database does not answer: the job goes on, as the carrier has heard of it.
        this.#parts.log.warn({ action: 'jobs.beat', success: false, job: run.key.jobId }, describeError(error))
      }
    }
  }

  async #count(): Promise<void> {
    const { database, clock, metrics } = this.#parts
    const nowMs = clock.nowMs()
    const rows = await database.asDirectory((directory) =>
      directory.query<{ tenant_id: string; count: number; oldest: string }>(
        `select tenant_id, count(*)::int as count, min(due_at) as oldest from core.jobs
         where state = 'waiting' and due_at <= $1 group by tenant_id`,
        [new Date(nowMs).toISOString()],
      ),
    )
    metrics.waiting.set(rows.reduce((sum, { count }) => sum + count, 0))
    metrics.lateSeconds.set((nowMs - Math.min(nowMs, ...rows.map(({ oldest }) => Date.parse(oldest)))) / 1_000)
  }

  async #tell({ tenantId, jobId }: TakenTicket): Promise<void> {
    const { database, isFollowed, tell, log } = this.#parts
    if (!isFollowed(tenantId)) return
    try {
      const news = await database.withTenant(tenantId, (tx) => findNews(tx, jobId))
      if (news !== null) tell(tenantId, news)
    } catch (error) {
      log.warn({ action: 'jobs.tell', success: false }, describeError(error))
    }
  }

  #now(): string {
    return iso(this.#parts.clock.nowMs())
  }
}

const iso = (ms: number): string => new Date(ms).toISOString()

const retryDelayMs = (attempt: number, delaySeconds: number): number =>
  Math.min(delaySeconds * 2 ** (attempt - 1), jobLimits.retryDelaySecondsMax) * 1_000

/** Null: nothing is to be written. */
function settlementOf(ended: Ended, retryAt: string | null): Settlement | null {
  if (ended.kind === 'lost') return null
  if (ended.kind === 'done') return { outcome: 'done', result: ended.result }
  if (ended.kind === 'cancelled') return { outcome: 'cancelled', error: ended.error }
  if (ended.kind === 'released') return { outcome: 'released' }
  return { outcome: 'failed', error: ended.error, retryAt: ended.isFinal ? null : retryAt }
}

const outcomeOf = (settlement: Settlement): string =>
  settlement.outcome === 'failed' && settlement.retryAt === null ? 'dead' : settlement.outcome
