import type { Clock } from '@jidoka/base'
import { tenantIdSchema } from '@jidoka/domain'
import type { PoolClient, QueryResult } from 'pg'
import type { Backend } from './backend.ts'
import type { Histogram } from '../metrics.ts'
import type { DatabaseSettings } from './settings.ts'
import { defaultDatabaseSettings } from './settings.ts'
import { asUnavailable, codeOf, isConnectionLost } from './unavailable.ts'

/**
 * What runs statements inside a transaction, in the order in which they are asked for: one that is asked for before the one before it is answered goes
 * along with it, without a round trip of its own. The transaction ends after all of them.
 */
export interface Session {
  query<Row extends object = Record<string, unknown>>(statement: Statement, values?: readonly unknown[]): Promise<Row[]>
  /** The number of rows that a statement changed. */
  run(statement: Statement, values?: readonly unknown[]): Promise<number>
  /** Sends a statement whose answer the work has no use for: should it fail, the transaction fails with its error. */
  send(statement: Statement, values?: readonly unknown[]): void
}

/**
 * One with a name is parsed and planned once a connection: without it PostgreSQL worked 1.7 times as long on a batch of 20 judgments. Its text never
 * changes, and its plan does not depend on its values.
 */
export type Statement = string | { readonly name: string; readonly text: string }

/** A transaction of one tenant: row-level security shows and takes its rows alone (I6). */
export interface Transaction extends Session {
  readonly tenantId: string
  /** Runs once the transaction is committed, and never when it is not. Must not throw. */
  afterCommit(action: () => void): void
}

/** `serialization_failure` and `deadlock_detected`: PostgreSQL asks for the same once more. */
const repeatable = new Set(['40001', '40P01'])
/** Three: a deadlock that comes back three times is a mistake in the order of locks, not bad luck. */
const attemptsMax = 3
/** A server that stops its statements answers within this after; one that has not is gone, or the line to it is. */
const silenceMsMax = 5_000
/** Of the owner's statements, which move rows between partitions. */
const ownerMsMax = 600_000

/** The roles that migrations make; neither may log in, neither passes row-level security. */
type DatabaseRole = 'jidoka_app' | 'jidoka_directory'

export class Database {
  readonly backend: Backend
  #waitSeconds: Histogram | undefined
  #clock: Clock
  readonly #limits: string
  /** 0: none. PGlite has no timers: it answers, however late. */
  readonly #answerMsMax: number
  readonly #used = new WeakSet<PoolClient>()

  constructor(backend: Backend, options: { clock: Clock; waitSeconds?: Histogram; settings?: DatabaseSettings }) {
    this.backend = backend
    this.#clock = options.clock
    this.#waitSeconds = options.waitSeconds
    const settings = options.settings ?? defaultDatabaseSettings
    this.#limits = limitsOf(settings)
    this.#answerMsMax = backend.profile.stopsLongStatements ? settings.statement_s * 1_000 + silenceMsMax : 0
  }

  /** One transaction as `tenantId`. `work` runs again when the server asks for it, so it must have no effect outside of the database. */
  async withTenant<Result>(tenantId: string, work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const begins: Begins = { role: 'jidoka_app', setting: settingOf(tenantId), repeats: repeatable }
    let actions: (() => void)[] = []
    const result = await this.#repeated(begins, (session) => {
      actions = []
      return work({ ...session, tenantId, afterCommit: (action) => void actions.push(action) })
    })
    for (const action of actions) action()
    return result
  }

  /**
   * One transaction that may find out which tenant a login, an edge, an enrolment token or a session belongs to, and
   * nothing else: the role's grants name those columns.
   */
  asDirectory<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    return this.#repeated({ role: 'jidoka_directory', setting: '', repeats: new Set() }, work)
  }

  /** Statements of the database's owner, for partitions and other housekeeping without a tenant. Each is its own transaction. */
  async asOwner<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const queryTimeout = this.backend.profile.stopsLongStatements ? { query_timeout: ownerMsMax } : {}
    try {
      return (await this.backend.pool.query<Row>({ text, values: [...values], ...queryTimeout })).rows
    } catch (error) {
      throw asUnavailable(error)
    }
  }

  /** Tells the other processes on this database, when the transaction commits. */
  async announce(tx: Session, channel: string, payload: string): Promise<void> {
    if (this.backend.profile.sharedWithOthers) await tx.query('select pg_notify($1, $2)', [channel, payload])
  }

  async #repeated<Result>(begins: Begins, work: (session: Session) => Promise<Result>): Promise<Result> {
    let attempts = 0
    for (;;) {
      try {
        return await this.#transaction(begins, work)
      } catch (error) {
        // Each of these takes a connection out of the pool that was used before; a new one is not among them.
        if (error instanceof StaleConnectionError) continue
        attempts++
        if (attempts === attemptsMax || !begins.repeats.has(codeOf(error))) throw asUnavailable(error)
      }
    }
  }

  async #transaction<Result>(begins: Begins, work: (session: Session) => Promise<Result>): Promise<Result> {
    const startMs = this.#clock.monotonicMs()
    const client = await this.backend.pool.connect()
    this.#waitSeconds?.observe((this.#clock.monotonicMs() - startMs) / 1_000)
    const statements = new Statements(client, this.#answerMsMax)
    let broken: Error | undefined
    // A connection that ends between two statements tells nobody else, and an error that nobody hears would end the program.
    const lost = (error: Error) => {
      broken = error
    }
    client.on('error', lost)
    try {
      // What comes next goes along with it. Should it fail, they fail too: in a transaction that is broken nothing runs.
      statements.begin(`begin; set local role ${begins.role}; select ${this.#limits}${begins.setting}`)
      const result = await work(statements.session)
      await statements.commit()
      this.#used.add(client)
      return result
    } catch (error) {
      const cause = await statements.firstFailure()
      await client.query('rollback').catch((failure: unknown) => {
        broken = failure instanceof Error ? failure : new Error('rollback failed', { cause: failure })
      })
      if (statements.wasLostAtBegin && this.#used.has(client))
        throw new StaleConnectionError('the connection was lost already', { cause })
      throw isConsequence(error) ? (cause ?? error) : error
    } finally {
      client.off('error', lost)
      client.release(broken)
    }
  }
}

interface Begins {
  readonly role: DatabaseRole
  /** What is selected beside the limits, or nothing. */
  readonly setting: string
  /** SQLSTATEs after which the work is done once more. */
  readonly repeats: ReadonlySet<string>
}

/** A connection of the pool that had died since it was used last: `begin` is what finds out, so that no statement is spent on asking. */
class StaleConnectionError extends Error {}

const limitsOf = (settings: DatabaseSettings): string =>
  (['statement', 'lock', 'idle_in_transaction'] as const)
    .map((what) => {
      const name = what === 'idle_in_transaction' ? `${what}_session_timeout` : `${what}_timeout`
      return `set_config('${name}', '${settings[`${what}_s`]}s', true)`
    })
    .join(', ')

/** Checked as it becomes part of the text of a statement. */
const settingOf = (tenantId: string): string =>
  `, set_config('jidoka.tenant_id', '${tenantIdSchema.parse(tenantId)}', true)`

/**
 * `in_failed_sql_transaction`: something before it has failed, and that is what went wrong. `invalid_sql_statement_name`: so has what was to prepare the
 * statement, behind something that had failed.
 */
const consequences = new Set(['25P02', '26000'])
const isConsequence = (error: unknown): boolean => consequences.has(codeOf(error))

/** The statements of one transaction. */
class Statements {
  readonly #client: PoolClient
  /** One for each statement that was sent; none is rejected. */
  readonly #answered: Promise<void>[] = []
  /** Answers come in the order of their statements: the first that is one is of the statement that went wrong. */
  #failed: { readonly error: unknown } | null = null
  readonly session: Session
  readonly #timeout: { readonly query_timeout?: number }
  /** Whether `begin` found the connection dead: nothing that was sent behind it was done. */
  wasLostAtBegin = false
  #isOver = false
  #isGathering = false

  constructor(client: PoolClient, answerMsMax: number) {
    this.#client = client
    this.#timeout = answerMsMax === 0 ? {} : { query_timeout: answerMsMax }
    this.session = {
      query: <Row extends object>(statement: Statement, values?: readonly unknown[]) =>
        handled(this.#query<Row>(statement, values).then(({ rows }) => rows)),
      run: (statement, values) => handled(this.#query(statement, values).then(({ rowCount }) => rowCount ?? 0)),
      send: (statement, values) => void handled(this.#query(statement, values)),
    }
  }

  begin(text: string): void {
    this.#gather()
    const begun = this.#client.query({ text, ...this.#timeout })
    begun.catch((error: unknown) => (this.wasLostAtBegin = isConnectionLost(error)))
    this.#watch(begun)
  }

  /** @throws the error of the first statement that failed, also where the work has passed it over */
  async commit(): Promise<void> {
    this.#isOver = true
    this.#gather()
    const committed = this.#client.query({ text: 'commit', ...this.#timeout })
    this.#watch(committed)
    await Promise.all(this.#answered)
    if (this.#failed !== null) throw this.#failed.error
    // A transaction that is broken is rolled back by `commit`, without an error.
    if ((await committed).command !== 'COMMIT')
      throw new Error('a transaction in which a statement has failed was kept on')
  }

  /** Ends the work; once all that was sent is answered, says what failed first. */
  async firstFailure(): Promise<unknown> {
    this.#isOver = true
    await Promise.all(this.#answered)
    return this.#failed?.error
  }

  #query<Row extends object>(statement: Statement, values: readonly unknown[] = []): Promise<QueryResult<Row>> {
    // Behind the end of its transaction it would run in none, as whoever signed in to the database.
    if (this.#isOver) return Promise.reject(new Error('a statement was sent after the end of its transaction'))
    this.#gather()
    const text = typeof statement === 'string' ? { text: statement } : statement
    const answer = this.#client.query<Row>({ ...text, values: [...values], ...this.#timeout })
    this.#watch(answer)
    return answer
  }

  /** What is sent in one go of the event loop is one write to the socket: writing each by itself was a quarter of the program's time. */
  #gather(): void {
    if (this.#isGathering) return
    this.#isGathering = true
    const { stream } = this.#client.connection
    stream.cork()
    process.nextTick(() => {
      this.#isGathering = false
      stream.uncork()
    })
  }

  /** Its rows are not held: a transaction may read more than fits into memory. */
  #watch(answer: Promise<unknown>): void {
    this.#answered.push(
      answer.then(
        () => undefined,
        (error: unknown) => void (this.#failed ??= { error }),
      ),
    )
  }
}

/**
 * Of several that were asked for at once the first failure is thrown where they are awaited; the others are of the same transaction and say no more. Whoever
 * keeps a promise that is made of such an answer for later says so by this: should an earlier one fail, nobody comes to wait for it, and Node would end the
 * program.
 */
export function handled<Answer>(answer: Promise<Answer>): Promise<Answer> {
  answer.catch(() => undefined)
  return answer
}
