import type { Clock } from '@jidoka/base'
import { tenantIdSchema } from '@jidoka/domain'
import type { PoolClient, QueryResult } from 'pg'
import type { Backend } from './backend.ts'
import type { Histogram } from '../metrics.ts'

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
/** Longer than any statement of this program takes; shorter than a client waits. PGlite ignores it (backend.ts). */
const statementMsMax = 30_000

/** The roles that migrations make; neither may log in, neither passes row-level security. */
type DatabaseRole = 'jidoka_app' | 'jidoka_directory'

export class Database {
  readonly backend: Backend
  #waitSeconds: Histogram | undefined
  #clock: Clock

  constructor(backend: Backend, options: { clock: Clock; waitSeconds?: Histogram }) {
    this.backend = backend
    this.#clock = options.clock
    this.#waitSeconds = options.waitSeconds
  }

  /** One transaction as `tenantId`. `work` runs again when the server asks for it, so it must have no effect outside of the database. */
  async withTenant<Result>(tenantId: string, work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const setting = settingOf(tenantId)
    for (let attempt = 1; ; attempt++) {
      const actions: (() => void)[] = []
      try {
        const result = await this.#transaction({ role: 'jidoka_app', setting }, (session) =>
          work({ ...session, tenantId, afterCommit: (action) => void actions.push(action) }),
        )
        for (const action of actions) action()
        return result
      } catch (error) {
        if (attempt === attemptsMax || !repeatable.has(codeOf(error))) throw error
      }
    }
  }

  /**
   * One transaction that may find out which tenant a login, an edge, an enrolment token or a session belongs to, and
   * nothing else: the role's grants name those columns.
   */
  asDirectory<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    return this.#transaction({ role: 'jidoka_directory', setting: '' }, work)
  }

  /** Statements of the database's owner, for partitions and other housekeeping without a tenant. Each is its own transaction. */
  async asOwner<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.backend.pool.query<Row>(text, [...values])).rows
  }

  /** Tells the other processes on this database, when the transaction commits. */
  async announce(tx: Session, channel: string, payload: string): Promise<void> {
    if (this.backend.profile.sharedWithOthers) await tx.query('select pg_notify($1, $2)', [channel, payload])
  }

  async #transaction<Result>(begins: Begins, work: (session: Session) => Promise<Result>): Promise<Result> {
    const startMs = this.#clock.monotonicMs()
    const client = await this.backend.pool.connect()
    this.#waitSeconds?.observe((this.#clock.monotonicMs() - startMs) / 1_000)
    const statements = new Statements(client)
    let broken: Error | undefined
    // A connection that ends between two statements tells nobody else, and an error that nobody hears would end the program.
    const lost = (error: Error) => {
      broken = error
    }
    client.on('error', lost)
    try {
      // What comes next goes along with it. Should it fail, they fail too: in a transaction that is broken nothing runs.
      statements.sendText(
        `begin; set local role ${begins.role}; set local statement_timeout = ${statementMsMax}; ${begins.setting}`,
      )
      const result = await work(statements.session)
      await statements.commit()
      return result
    } catch (error) {
      const cause = await statements.firstFailure()
      await client.query('rollback').catch((failure: unknown) => {
        broken = failure instanceof Error ? failure : new Error('rollback failed', { cause: failure })
      })
      throw codeOf(error) === inFailedTransaction ? (cause ?? error) : error
    } finally {
      client.off('error', lost)
      client.release(broken)
    }
  }
}

interface Begins {
  readonly role: DatabaseRole
  /** A statement, or nothing. */
  readonly setting: string
}

/** Checked as it becomes part of the text of a statement. */
const settingOf = (tenantId: string): string =>
  `select set_config('jidoka.tenant_id', '${tenantIdSchema.parse(tenantId)}', true)`

/** `in_failed_sql_transaction`: something before it has failed, and that is what went wrong. */
const inFailedTransaction = '25P02'

/** The statements of one transaction. */
class Statements {
  readonly #client: PoolClient
  readonly #sent: Promise<unknown>[] = []
  readonly session: Session
  #isOver = false
  #isGathering = false

  constructor(client: PoolClient) {
    this.#client = client
    this.session = {
      query: <Row extends object>(statement: Statement, values?: readonly unknown[]) =>
        handled(this.#query<Row>(statement, values).then(({ rows }) => rows)),
      run: (statement, values) => handled(this.#query(statement, values).then(({ rowCount }) => rowCount ?? 0)),
      send: (statement, values) => this.#keep(this.#query(statement, values)),
    }
  }

  sendText(text: string): void {
    this.#gather()
    this.#keep(this.#client.query(text))
  }

  /** @throws the error of the first statement that failed and that nobody has waited for */
  async commit(): Promise<void> {
    this.#isOver = true
    this.#gather()
    const committed = this.#client.query('commit')
    this.#keep(committed)
    await Promise.all(this.#sent)
    // A transaction that is broken is rolled back by `commit`, without an error.
    if ((await committed).command !== 'COMMIT')
      throw new Error('a transaction in which a statement has failed was kept on')
  }

  /** Ends the work; once all that was sent is answered, says what failed first. */
  async firstFailure(): Promise<unknown> {
    this.#isOver = true
    const answers = await Promise.allSettled(this.#sent)
    return answers.find((answer) => answer.status === 'rejected')?.reason
  }

  #query<Row extends object>(statement: Statement, values: readonly unknown[] = []): Promise<QueryResult<Row>> {
    // Behind the end of its transaction it would run in none, as whoever signed in to the database.
    if (this.#isOver) return Promise.reject(new Error('a statement was sent after the end of its transaction'))
    this.#gather()
    const text = typeof statement === 'string' ? { text: statement } : statement
    return this.#client.query<Row>({ ...text, values: [...values] })
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

  #keep(answer: Promise<unknown>): void {
    this.#sent.push(handled(answer))
  }
}

/** Of several that were asked for at once the first failure is thrown where they are awaited; the others are of the same transaction and say no more. */
function handled<Answer>(answer: Promise<Answer>): Promise<Answer> {
  answer.catch(() => undefined)
  return answer
}

/** SQLSTATE of a database error, or "". */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
