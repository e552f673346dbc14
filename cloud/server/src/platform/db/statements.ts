import type { PoolClient, QueryResult } from 'pg'
import { RequestOverError } from '../request-scope.ts'
import type { RequestScope } from '../request-scope.ts'
import { stopStatement } from './stop-statement.ts'
import { endStatement, openStatement } from '../tracing-statements.ts'
import { isConnectionLost } from './unavailable.ts'

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
  /**
   * Says that no statement follows: the end of the transaction goes along with what was sent, without a round trip of its own. For work that only reads, as
   * nothing that it finds out from then on can undo anything.
   */
  ends(): void
}

/**
 * One with a name is parsed and planned once a connection: without it PostgreSQL worked 1.7 times as long on a batch of 20 judgments. Its text never
 * changes, and its plan does not depend on its values.
 */
export type Statement = string | { readonly name: string; readonly text: string }

/** The statements of one transaction. */
export class Statements {
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
  #committed: Promise<QueryResult> | undefined
  #isGathering = false
  #begun: Promise<void> = Promise.resolve()
  #unanswered = 0
  #isCommitting = false
  readonly #scope: RequestScope | undefined

  constructor(client: PoolClient, answerMsMax: number, scope: RequestScope | undefined) {
    this.#client = client
    this.#scope = scope
    this.#timeout = answerMsMax === 0 ? {} : { query_timeout: answerMsMax }
    this.session = {
      query: <Row extends object>(statement: Statement, values?: readonly unknown[]) =>
        handled(this.#query<Row>(statement, values).then(({ rows }) => rows)),
      run: (statement, values) => handled(this.#query(statement, values).then(({ rowCount }) => rowCount ?? 0)),
      send: (statement, values) => void handled(this.#query(statement, values)),
      ends: () => void this.#end(),
    }
  }

  begin(text: string): void {
    this.#gather()
    const begun = this.#client.query({ text, ...this.#timeout })
    this.#begun = begun.then(
      () => undefined,
      (error: unknown) => void (this.wasLostAtBegin = isConnectionLost(error)),
    )
    this.#watch(begun)
  }

  /**
   * Has the server stop what is under way, for whoever waits no more. A commit is never stopped, but where it went along with what only reads: it is there, or it is
   * not, and who asks again finds out. Nor is `begin`: what was sent behind it would be done outside of the transaction.
   * @returns whether the client can be used again
   */
  async stop(): Promise<boolean> {
    await this.#begun
    return this.#unanswered === 0 || this.#isCommitting || (await stopStatement(this.#client))
  }

  /** @throws the error of the first statement that failed, also where the work has passed it over */
  async commit(): Promise<void> {
    this.#isCommitting = this.#committed === undefined
    const committed = this.#end()
    await Promise.all(this.#answered)
    if (this.#failed !== null) throw this.#failed.error
    // A transaction that is broken is rolled back by `commit`, without an error.
    if ((await committed).command !== 'COMMIT')
      throw new Error('a transaction in which a statement has failed was kept on')
  }

  #end(): Promise<QueryResult> {
    this.#isOver = true
    if (this.#committed !== undefined) return this.#committed
    this.#scope?.check()
    this.#gather()
    this.#committed = this.#client.query({ text: 'commit', ...this.#timeout })
    this.#watch(this.#committed)
    return this.#committed
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
    if (this.#scope?.isOver === true) return Promise.reject(new RequestOverError())
    this.#gather()
    const text = typeof statement === 'string' ? { text: statement } : statement
    const span = openStatement(statement)
    const answer = this.#client.query<Row>({ ...text, values: [...values], ...this.#timeout })
    this.#watch(answer)
    if (span !== null) endStatement(span, answer)
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
    this.#unanswered++
    this.#answered.push(
      answer.then(
        () => void this.#unanswered--,
        (error: unknown) => {
          this.#unanswered--
          this.#failed ??= { error }
        },
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
