import { randomUUID } from 'node:crypto'
import type { Clock, Log } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import { types } from 'pg'
import type { PoolClient } from 'pg'
import type { Db, PgBoss } from 'pg-boss'
import type { Backend } from '../db/backend.ts'
import { carrierSchema } from './carrier-schema.ts'
import { jobLimits } from './limits.ts'

const queue = 'jobs'
/** Of a transaction: processes take tickets one after the other, so that what runs at once is counted before it grows. */
const takingLock = 7_152_341
/** Attempts are counted in core.jobs: the carrier gives a ticket out again for as long as nobody has finished it. */
const retryLimit = 1_000_000
/** A finished ticket says nothing that core.jobs does not. */
const finishedSeconds = 3_600
/** One that nobody takes is handed on anew from core.jobs. */
const untakenSeconds = 7 * 24 * 3_600
/** Beyond what a job is given: the process ends it by itself, unless it hangs. */
const expiryGraceSeconds = 60

/** Of taking tickets, which others wait for: a process that vanished in the midst of it stands in their way no longer than this. */
const takingLimits = `set local lock_timeout = '5s'; set local statement_timeout = '10s'; set local idle_in_transaction_session_timeout = '3s'`
/** A server that stops its statements has answered by then; one that has not is gone, or the line to it is. */
const takingAnswerMsMax = 15_000
/** Of everything else: an index of the carrier's is made anew within it. */
const answerMsMax = 60_000

/** Which job of whom. What it is about stays in the tenant's row. */
export interface Ticket {
  readonly id: string
  readonly tenantId: string
  readonly jobId: string
  readonly kind: string
}

export interface NewTicket extends Ticket {
  readonly concurrency: number
  readonly timeoutSeconds: number
}

/** A ticket that this process has; `turn` counts how often it was given out. */
export interface TakenTicket extends Ticket {
  readonly turn: number
}

/** A group's tier says how many of it run at once: pg-boss knows no limit of a single group. */
const tiers = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`at_once_${index + 1}`, index + 1]))

/**
 * Gives each ticket to one process at a time, and to another when that one is silent: pg-boss, of which no timer and no schedule is used. Its tables are
 * the owner's; neither of the program's roles may read them.
 */
export class Carrier {
  readonly #boss: PgBoss
  readonly #backend: Backend
  /** Kinds of tickets that this process cannot work on: those of another release. */
  readonly #strange = new Set<string>()

  private constructor(boss: PgBoss, backend: Backend) {
    this.#boss = boss
    this.#backend = backend
  }

  /** Loads pg-boss, which takes a tenth of a second: not before the program is ready. */
  static async open({ backend, clock, log }: { backend: Backend; clock: Clock; log: Log }): Promise<Carrier> {
    const { PgBoss: Boss } = await import('pg-boss')
    const boss = new Boss({
      db: dbOf(backend.pool, backend.profile.stopsLongStatements ? answerMsMax : null),
      schema: carrierSchema,
      backend: backend.profile.name,
      migrate: false,
      createSchema: false,
      supervise: false,
      schedule: false,
      monitorIntervalSeconds: 10,
      // An index is rebuilt beside others' work; PGlite has nobody beside.
      reindex: backend.profile.sharedWithOthers,
      clock: timersOf(clock),
    })
    // Some of what it says is a copy of an error, and none.
    boss.on('error', (error: { message: string }) =>
      log.error(
        { action: 'jobs.carrier', success: false },
        error instanceof Error ? describeError(error) : error.message,
      ),
    )
    boss.on('warning', ({ message }) => log.warn({ action: 'jobs.carrier' }, message))
    await boss.start()
    await boss.createQueue(queue, {
      retryLimit,
      retryDelay: 0,
      deleteAfterSeconds: finishedSeconds,
      retentionSeconds: untakenSeconds,
      heartbeatSeconds: jobLimits.heartbeatSeconds,
    })
    // It looks the queue up once and keeps it. Looked up while tickets are taken, it would wait for the one connection of PGlite, which is taken then.
    await boss.touch(queue, randomUUID())
    return new Carrier(boss, backend)
  }

  /** One that lies there already stays as it is. */
  async hand(tickets: readonly NewTicket[]): Promise<void> {
    if (tickets.length === 0) return
    await this.#boss.insert(
      queue,
      tickets.map(({ id, tenantId, jobId, kind, concurrency, timeoutSeconds }) => ({
        id,
        data: { tenant: tenantId, job: jobId, kind },
        group: { id: kind, tier: `at_once_${concurrency}` },
        expireInSeconds: timeoutSeconds + expiryGraceSeconds,
        retryLimit,
        heartbeatSeconds: jobLimits.heartbeatSeconds,
      })),
    )
  }

  async take(countMax: number): Promise<TakenTicket[]> {
    const { pool, profile } = this.#backend
    const client = await pool.connect()
    let broken: Error | undefined
    // A connection that ends while it is out of the pool tells nobody else, and an error that nobody hears would end the program.
    const lost = (error: Error) => {
      broken = error
    }
    client.on('error', lost)
    const db = dbOf(client, profile.stopsLongStatements ? takingAnswerMsMax : null)
    try {
      await db.executeSql(`begin; ${takingLimits}`)
      await db.executeSql('select pg_advisory_xact_lock($1)', [takingLock])
      const taken = await this.#boss.fetch<{ tenant: string; job: string; kind: string }>(queue, {
        batchSize: countMax,
        groupConcurrency: { default: 1, tiers },
        ignoreGroups: [...this.#strange],
        db,
      })
      await db.executeSql('commit')
      return taken.map(({ id, data, retryCount }) => ({
        id,
        tenantId: data.tenant,
        jobId: data.job,
        kind: data.kind,
        turn: retryCount,
      }))
    } catch (error) {
      broken = error instanceof Error ? error : new Error('tickets could not be taken', { cause: error })
      throw error
    } finally {
      client.off('error', lost)
      // A connection in the midst of a transaction is nobody's any more.
      client.release(broken)
    }
  }

  /** Says that this process is alive. Returns the tickets that it still has. */
  async beat(tickets: readonly TakenTicket[]): Promise<ReadonlySet<string>> {
    if (tickets.length === 0) return new Set()
    const told: unknown = await this.#boss.touch(queue, tickets.map(attemptOf))
    const { settled } = told as { settled?: readonly string[] | null }
    return new Set(settled ?? [])
  }

  /** It is given to nobody again. One that another process has by now stays with that. */
  async finish(ticket: TakenTicket): Promise<void> {
    await this.#boss.complete(queue, attemptOf(ticket))
  }

  /** For a process of another release; this one takes no more of its kind. */
  async giveBack(ticket: TakenTicket): Promise<void> {
    this.#strange.add(ticket.kind)
    await this.#boss.fail(queue, attemptOf(ticket))
  }

  /** Takes tickets from processes that are silent, and forgets those that are finished. */
  async supervise(): Promise<void> {
    await this.#boss.supervise(queue)
  }

  async close(): Promise<void> {
    await this.#boss.stop({ graceful: false, close: false })
  }
}

const attemptOf = ({ id, turn }: TakenTicket) => ({ id, retryCount: turn })

type Queryable = Pick<PoolClient, 'query'>

/** pg-boss reads instants as pg gives them, not as this program does. @param answerMs null: it answers, however late, as PGlite does */
function dbOf(client: Queryable, answerMs: number | null): Db {
  const limit = answerMs === null ? {} : { query_timeout: answerMs }
  return {
    executeSql: async (text, values) => {
      // Without values it may be several statements, which are answered one by one.
      const answer: unknown = await client.query({ text, types, ...limit, ...(values?.length ? { values } : {}) })
      const answers = (Array.isArray(answer) ? answer : [answer]) as { rows?: unknown[] }[]
      return { rows: answers.flatMap(({ rows }) => rows ?? []) }
    },
  }
}

/** Its few timers go by the clock of the program. */
function timersOf(clock: Clock) {
  type Timer = { cancel: () => void }
  const once = (run: () => void, ms: number): Timer => ({ cancel: clock.after(ms, run) })
  const clear = (timer: unknown) => (timer as Timer | undefined)?.cancel()
  return {
    now: () => clock.nowMs(),
    setTimeout: once,
    clearTimeout: clear,
    setInterval: (run: () => void, ms: number): Timer => {
      const timer: Timer = { cancel: () => undefined }
      const again = () => {
        // After what it set going: a clock that leaps far lets it run once.
        timer.cancel = clock.after(ms, () => void Promise.resolve(run()).finally(again))
      }
      again()
      return timer
    },
    clearInterval: clear,
  }
}
