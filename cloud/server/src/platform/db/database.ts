import type { Clock } from '@jidoka/base'
import { tenantIdSchema } from '@jidoka/domain'
import type { PoolClient, QueryResult } from 'pg'
import type { Backend } from './backend.ts'
import type { Histogram } from '../metrics.ts'

/** What runs statements inside a transaction. */
export interface Session {
  query<Row extends object = Record<string, unknown>>(statement: Statement, values?: readonly unknown[]): Promise<Row[]>
  /** The number of rows that a statement changed. */
  run(statement: Statement, values?: readonly unknown[]): Promise<number>
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
    // Checked as it becomes part of the text of a statement.
    const tenant = tenantIdSchema.parse(tenantId)
    for (let attempt = 1; ; attempt++) {
      const actions: (() => void)[] = []
      try {
        const result = await this.#transaction(
          'jidoka_app',
          `select set_config('jidoka.tenant_id', '${tenant}', true)`,
          (session) => work({ ...session, tenantId: tenant, afterCommit: (action) => void actions.push(action) }),
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
    return this.#transaction('jidoka_directory', '', work)
  }

  /** Statements of the database's owner, for partitions and other housekeeping without a tenant. Each is its own transaction. */
  async asOwner<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.backend.pool.query<Row>(text, [...values])).rows
  }

  /** Tells the other processes on this database, when the transaction commits. */
  async announce(tx: Session, channel: string, payload: string): Promise<void> {
    if (this.backend.profile.sharedWithOthers) await tx.query('select pg_notify($1, $2)', [channel, payload])
  }

  async #transaction<Result>(
    role: DatabaseRole,
    setting: string,
    work: (session: Session) => Promise<Result>,
  ): Promise<Result> {
    const startMs = this.#clock.monotonicMs()
    const client = await this.backend.pool.connect()
    this.#waitSeconds?.observe((this.#clock.monotonicMs() - startMs) / 1_000)
    let broken: Error | undefined
    try {
      // One round trip for all that begins a transaction.
      await client.query(`begin; set local role ${role}; set local statement_timeout = ${statementMsMax}; ${setting}`)
      const result = await work(sessionOf(client))
      await client.query('commit')
      return result
    } catch (error) {
      await client.query('rollback').catch((cause: unknown) => {
        broken = cause instanceof Error ? cause : new Error('rollback failed', { cause })
      })
      throw error
    } finally {
      client.release(broken)
    }
  }
}

function sessionOf(client: PoolClient): Session {
  const query = <Row extends object>(
    statement: Statement,
    values: readonly unknown[] = [],
  ): Promise<QueryResult<Row>> =>
    client.query<Row>({ ...(typeof statement === 'string' ? { text: statement } : statement), values: [...values] })
  return {
    query: async <Row extends object>(statement: Statement, values?: readonly unknown[]) =>
      (await query<Row>(statement, values)).rows,
    run: async (statement, values) => (await query(statement, values)).rowCount ?? 0,
  }
}

/** SQLSTATE of a database error, or "". */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
