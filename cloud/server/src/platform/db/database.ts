import type { Clock, Span } from '@jidoka/base'
import { inSpan } from '@jidoka/base'
import { tenantIdSchema } from '@jidoka/domain'
import type { PoolClient } from 'pg'
import type { Backend } from './backend.ts'
import type { Place, Places } from './places.ts'
import { redirectOf } from './places.ts'
import type { Histogram } from '../metrics.ts'
import type { DatabaseSettings } from './settings.ts'
import { defaultDatabaseSettings } from './settings.ts'
import { Statements } from './statements.ts'
import type { Session, Statement } from './statements.ts'
import { asUnavailable, codeOf, DatabaseUnavailableError } from './unavailable.ts'
import { currentRequest, outsideRequest } from '../request-scope.ts'
import type { RequestScope } from '../request-scope.ts'
import { endStatement, openStatement } from '../tracing-statements.ts'

export type { Session, Statement }

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
/** A tenant that moves is elsewhere once; more often than that, and two databases send its requests back and forth. */
const redirectsMax = 4
/** Of the owner's statements, which move rows between partitions. */
const ownerMsMax = 600_000

/** The roles that migrations make; neither may log in, neither passes row-level security. */
type DatabaseRole = 'jidoka_app' | 'jidoka_directory'

export class Database {
  /** The main one: of what is no tenant's, and of all tenants where there is no other. */
  readonly backend: Backend
  readonly #places: Places | null
  #waitSeconds: Histogram | undefined
  #clock: Clock
  readonly #settings: DatabaseSettings
  readonly #limits: string
  /** 0: none. PGlite has no timers: it answers, however late. */
  readonly #answerMsMax: number
  readonly #used = new WeakSet<PoolClient>()

  constructor(
    backend: Backend,
    options: {
      clock: Clock
      waitSeconds?: Histogram
      settings?: DatabaseSettings | undefined
      /** Absent: every tenant is in `backend`, and nothing is asked about it. */
      places?: Places | null
    },
  ) {
    this.backend = backend
    this.#places = options.places ?? null
    this.#clock = options.clock
    this.#waitSeconds = options.waitSeconds
    const settings = options.settings ?? defaultDatabaseSettings
    this.#settings = settings
    this.#limits = limitsOf(settings)
    this.#answerMsMax = backend.profile.stopsLongStatements ? settings.statement_s * 1_000 + silenceMsMax : 0
  }

  /** One transaction as `tenantId`. `work` runs again when the server asks for it, so it must have no effect outside of the database. */
  async withTenant<Result>(tenantId: string, work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    let actions: (() => void)[] = []
    const mark = currentRequest()?.beforeCommit
    const result = await this.#whereItIs(tenantId, async (session) => {
      actions = []
      const tx = { ...session, tenantId, afterCommit: (action: () => void) => void actions.push(action) }
      if (mark === undefined) return work(tx)
      const done = work({ ...tx, ends: () => undefined })
      await done
      await mark(session, tenantId)
      return done
    })
    // What they set going is not done for whoever has asked, and outlives the time of that request.
    for (const action of actions) outsideRequest(action)
    return result
  }

  /**
   * One transaction in each database that may find out which tenant a login, an edge, an enrolment token or a session belongs to, and
   * nothing else: the role's grants name those columns.
   */
  async asDirectory<Row extends OfTenant>(work: (session: Session) => Promise<Row[]>): Promise<Row[]> {
    const places = this.#places
    if (places === null) return this.#repeated(this.backend, directoryBegins, work)
    const answers = await Promise.allSettled(
      places.all.map(async ({ name, backend }) => this.#repeated(reachable(name, backend), directoryBegins, work)),
    )
    const rows: Row[] = []
    let missed: { readonly error: unknown } | null = null
    for (const [index, answer] of answers.entries()) {
      const place = places.all[index] as Place
      if (answer.status === 'rejected') {
        missed ??= { error: answer.reason }
        places.missed(place, answer.reason)
        continue
      }
      // A tenant that moves has rows in two databases; they count where it is.
      for (const row of answer.value) if (places.of(row.tenant_id).place === place) rows.push(row)
    }
    // That nobody has what was asked for is not known while a database has not been asked.
    if (rows.length === 0 && missed !== null) throw missed.error
    return rows
  }

  /** Statements of the database's owner, for partitions and other housekeeping without a tenant. Each is its own transaction. */
  asOwner<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return ownerQuery<Row>(this.backend, text, values)
  }

  /**
   * The same in each database, for what all of them must have. One that is away, and is not the main one, keeps nobody else from it.
   * @returns whether all have done it
   */
  async asOwnerOfEach(text: string, values: readonly unknown[] = []): Promise<boolean> {
    const places = this.#places
    if (places === null) {
      await this.asOwner(text, values)
      return true
    }
    const answers = await Promise.allSettled(
      places.all.map(async ({ name, backend }) => ownerQuery(reachable(name, backend), text, values)),
    )
    for (const [index, answer] of answers.entries()) {
      if (answer.status === 'fulfilled') continue
      const place = places.all[index] as Place
      if (place.backend === this.backend || !(answer.reason instanceof DatabaseUnavailableError)) throw answer.reason
      places.missed(place, answer.reason)
    }
    return answers.every(({ status }) => status === 'fulfilled')
  }

  /** Each that can be reached, by itself: for housekeeping of what is not a tenant's, with the tenants that are there. */
  each(): readonly Database[] {
    const places = this.#places
    if (places === null) return [this]
    return places.all.flatMap((place) => {
      if (place.backend === null) return []
      const alone: Places = {
        all: [place],
        of: (tenantId) => places.of(tenantId),
        learn: (tenantId, redirect) => places.learn(tenantId, redirect),
        missed: (missed, error) => places.missed(missed, error),
      }
      return [new Database(place.backend, { clock: this.#clock, settings: this.#settings, places: alone })]
    })
  }

  /** Hears what is announced in any of the databases. */
  async listen(channel: string, heard: (payload: string) => void): Promise<() => Promise<void>> {
    const backends = this.#places?.all.flatMap(({ backend }) => backend ?? []) ?? [this.backend]
    const ends = await Promise.all(backends.map((backend) => backend.listen(channel, heard)))
    return async () => void (await Promise.all(ends.map((end) => end())))
  }

  /** Tells the other processes on this database, when the transaction commits. */
  async announce(tx: Session, channel: string, payload: string): Promise<void> {
    if (this.backend.profile.sharedWithOthers) await tx.query('select pg_notify($1, $2)', [channel, payload])
  }

  /** A statement of a request ends with it: the server stops it. */
  #limitsWithin(scope: RequestScope | undefined): string {
    const leftMs = scope?.leftMs ?? null
    if (leftMs === null) return this.#limits
    const leftS = Math.max(1, Math.ceil(leftMs / 1_000))
    return leftS >= this.#settings.statement_s ? this.#limits : limitsOf({ ...this.#settings, statement_s: leftS })
  }

  /** In the database that serves the tenant. One that has moved says so itself, and its transaction is done where it went to. */
  async #whereItIs<Result>(tenantId: string, work: (session: Session) => Promise<Result>): Promise<Result> {
    const setting = settingOf(tenantId)
    for (let redirects = 0; ; redirects++) {
      const { place, version } = this.#places?.of(tenantId) ?? { place: null, version: 0 }
      const backend = place === null ? this.backend : reachable(place.name, place.backend)
      const admission = place === null ? '' : `, jidoka.admit('${tenantId}', ${version})`
      try {
        return await this.#repeated(
          backend,
          { role: 'jidoka_app', setting: setting + admission, repeats: repeatable },
          work,
        )
      } catch (error) {
        const redirect = redirectOf(error, place?.name ?? 'main')
        if (redirect === null) throw error
        if (redirects === redirectsMax || this.#places?.learn(tenantId, redirect) !== true)
          throw new DatabaseUnavailableError(
            `the tenant ${tenantId} is served by the database ${redirect.database ?? redirect.from}, which this process does not use; give it the same settings as the others have`,
            { cause: error },
          )
      }
    }
  }

  async #repeated<Result>(
    backend: Backend,
    begins: Begins,
    work: (session: Session) => Promise<Result>,
  ): Promise<Result> {
    let attempts = 0
    for (;;) {
      try {
        return await inSpan('transaction', transactionSpan, (span) => this.#transaction(backend, begins, work, span))
      } catch (error) {
        // Each of these takes a connection out of the pool that was used before; a new one is not among them.
        if (error instanceof StaleConnectionError) continue
        attempts++
        if (attempts === attemptsMax || !begins.repeats.has(codeOf(error))) throw asUnavailable(error)
      }
    }
  }

  async #transaction<Result>(
    backend: Backend,
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
    try {
      // What comes next goes along with it. Should it fail, they fail too: in a transaction that is broken nothing runs.
      statements.begin(`begin; set local role ${begins.role}; select ${this.#limitsWithin(scope)}${begins.setting}`)
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

const transactionSpan = { kind: 'client', facts: { 'db.system.name': 'postgresql' } } as const

/** Of a list of all tenants: whose it is. */
interface OfTenant {
  readonly tenant_id: string
}

const directoryBegins: Begins = { role: 'jidoka_directory', setting: '', repeats: new Set() }

function reachable(name: string, backend: Backend | null): Backend {
  if (backend === null)
    throw new DatabaseUnavailableError(`the database ${name} has not been reached since this process started`)
  return backend
}

async function ownerQuery<Row extends object>(
  { profile, pool }: Backend,
  text: string,
  values: readonly unknown[],
): Promise<Row[]> {
  const queryTimeout = profile.stopsLongStatements ? { query_timeout: ownerMsMax } : {}
  try {
    const span = openStatement(text)
    const answer = pool.query<Row>({ text, values: [...values], ...queryTimeout })
    if (span !== null) endStatement(span, answer)
    return (await answer).rows
  } catch (error) {
    throw asUnavailable(error)
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
