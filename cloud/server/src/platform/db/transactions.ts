import type { Clock, Span } from '@jidoka/base'
import { inSpan } from '@jidoka/base'
import type { PoolClient } from 'pg'
import type { Backend } from './backend.ts'
import type { Histogram } from '../metrics.ts'
import type { DatabaseSettings } from './settings.ts'
import { Statements } from './statements.ts'
import type { Session } from './statements.ts'
import { asUnavailable, codeOf } from './unavailable.ts'
import { currentRequest } from '../request-scope.ts'
import type { RequestScope } from '../request-scope.ts'

/** The roles that migrations make; neither may log in, neither passes row-level security. */
type DatabaseRole = 'jidoka_app' | 'jidoka_directory'

/** How a transaction begins. */
export interface Begins {
  /** Whether the server refuses to write in it. */
  readonly reads?: boolean
  readonly role: DatabaseRole
  /** What is selected beside the limits, or nothing. */
  readonly setting: string
  /** SQLSTATEs after which the work is done once more. */
  readonly repeats: ReadonlySet<string>
}

type Pooled = Pick<Backend, 'pool'>

/** `serialization_failure` and `deadlock_detected`: PostgreSQL asks for the same once more. */
export const repeatable: ReadonlySet<string> = new Set(['40001', '40P01'])
/** A server that stops its statements answers within this after; one that has not is gone, or the line to it is. */
const silenceMsMax = 5_000

const transactionSpan = { kind: 'client', facts: { 'db.system.name': 'postgresql' } } as const

/** Transactions on connections of a pool, within the limits of the settings and those of the request that they are of. */
export class Transactions {
  readonly #clock: Clock
  readonly #waitSeconds: Histogram | undefined
  readonly #settings: DatabaseSettings
  readonly #limits: string
  /** 0: none. PGlite has no timers: it answers, however late. */
  readonly #answerMsMax: number
  readonly #used = new WeakSet<PoolClient>()

  constructor(options: {
    clock: Clock
    waitSeconds: Histogram | undefined
    settings: DatabaseSettings
    stopsLongStatements: boolean
  }) {
    this.#clock = options.clock
    this.#waitSeconds = options.waitSeconds
    this.#settings = options.settings
    this.#limits = limitsOf(options.settings)
    this.#answerMsMax = options.stopsLongStatements ? options.settings.statement_s * 1_000 + silenceMsMax : 0
  }

  /** `work` runs again when the server asks for it, or when the connection had died before. */
  async run<Result>(backend: Pooled, begins: Begins, work: (session: Session) => Promise<Result>): Promise<Result> {
    let attempts = 0
    for (;;) {
      try {
        return await inSpan('transaction', transactionSpan, (span) => this.#once(backend, begins, work, span))
      } catch (error) {
        // Each of these takes a connection out of the pool that was used before; a new one is not among them.
        if (error instanceof StaleConnectionError) continue
        attempts++
        if (attempts >= this.#settings.attempts || !begins.repeats.has(codeOf(error))) throw asUnavailable(error)
      }
    }
  }

  async #once<Result>(
    backend: Pooled,
    begins: Begins,
    work: (session: Session) => Promise<Result>,
    span: Span | null,
  ): Promise<Result> {
    const startMs = this.#clock.monotonicMs()
    const scope = currentRequest()
    scope?.check()
    const client = await backend.pool.connect()
    const waitMs = this.#clock.monotonicMs() - startMs
    this.#waitSeconds?.observe(waitMs / 1_000)
    span?.set({ 'jidoka.pool_wait_ms': waitMs })
    const statements = new Statements(client, this.#answerMsMax, scope)
    let broken: Error | undefined
    // A connection that ends between two statements tells nobody else, and an error that nobody hears would end the program.
    const lost = (error: Error) => {
      broken = error
    }
    client.on('error', lost)
    let stopped: Promise<boolean> | undefined
    const forget = scope?.onOver(() => {
      if (this.#answerMsMax > 0) stopped = statements.stop()
    })
    try {
      // Nobody waits any more for what has waited for its connection.
      scope?.check()
      // What comes next goes along with it. Should it fail, they fail too: in a transaction that is broken nothing runs.
      const begin = begins.reads === true ? 'begin read only' : 'begin'
      statements.begin(`${begin}; set local role ${begins.role}; select ${this.#limitsWithin(scope)}${begins.setting}`)
      const result = await work(statements.session)
      await statements.commit()
      this.#used.add(client)
      return result
    } catch (error) {
      const cause = await statements.firstFailure()
      await stopped
      await client.query('rollback').catch((failure: unknown) => {
        broken = failure instanceof Error ? failure : new Error('rollback failed', { cause: failure })
      })
      if (statements.wasLostAtBegin && this.#used.has(client))
        throw new StaleConnectionError('the connection was lost already', { cause })
      throw isConsequence(error) ? (cause ?? error) : error
    } finally {
      forget?.()
      // Another one's statement would be stopped on it.
      if ((await stopped) === false) broken ??= new Error('what was said to stop a statement may still be heard')
      client.off('error', lost)
      client.release(broken)
    }
  }

  /** A statement of a request ends with it: the server stops it. */
  #limitsWithin(scope: RequestScope | undefined): string {
    const leftMs = scope?.leftMs ?? null
    if (leftMs === null) return this.#limits
    const leftS = Math.max(1, Math.ceil(leftMs / 1_000))
    return leftS >= this.#settings.statement_s ? this.#limits : limitsOf({ ...this.#settings, statement_s: leftS })
  }
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

/**
 * `in_failed_sql_transaction`: something before it has failed, and that is what went wrong. `invalid_sql_statement_name`: so has what was to prepare the
 * statement, behind something that had failed.
 */
const consequences = new Set(['25P02', '26000'])
const isConsequence = (error: unknown): boolean => consequences.has(codeOf(error))
