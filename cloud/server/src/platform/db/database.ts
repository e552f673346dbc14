import type { Clock } from '@jidoka/base'
import { tenantIdSchema } from '@jidoka/domain'
import type { Backend } from './backend.ts'
import { Inquiry } from './inquiry.ts'
import type { Answer, OfTenant } from './inquiry.ts'
import { listenToAll } from './listening.ts'
import type { Place, Places } from './places.ts'
import { redirectOf } from './places.ts'
import type { Counter, Histogram } from '../metrics.ts'
import type { Replica } from './replica.ts'
import { replicaLookMs } from './replica.ts'
import type { DatabaseSettings } from './settings.ts'
import { defaultDatabaseSettings } from './settings.ts'
import type { Session, Statement } from './statements.ts'
import { repeatable, Transactions } from './transactions.ts'
import type { Begins } from './transactions.ts'
import { asUnavailable, DatabaseUnavailableError } from './unavailable.ts'
import { currentRequest, outsideRequest } from '../request-scope.ts'
import { endStatement, openStatement } from '../tracing-statements.ts'

export type { Session, Statement }

/** A transaction of one tenant: row-level security shows and takes its rows alone (I6). */
export interface Transaction extends Session {
  readonly tenantId: string
  /** Runs once the transaction is committed, and never when it is not. Must not throw. */
  afterCommit(action: () => void): void
}

/** What of it reads: `Database.reading` gives no more. */
export type Reading = Pick<Transaction, 'tenantId' | 'query' | 'ends'>

/** A tenant that moves is elsewhere once; more often than that, and two databases send its requests back and forth. */
const redirectsMax = 4
/** Of the owner's statements, which move rows between partitions. */
const ownerMsMax = 600_000

export class Database {
  /** The main one: of what is no tenant's, and of all tenants where there is no other. */
  readonly backend: Backend
  readonly #places: Places | null
  readonly #replica: Replica | null
  readonly #reads: Counter<'place'> | undefined
  readonly #clock: Clock
  readonly #settings: DatabaseSettings
  readonly #transactions: Transactions
  readonly #inquiry: Inquiry

  constructor(
    backend: Backend,
    options: {
      clock: Clock
      waitSeconds?: Histogram
      settings?: DatabaseSettings | undefined
      /** Absent: every tenant is in `backend`, and nothing is asked about it. */
      places?: Places | null
      /** Of `backend`. */
      replica?: Replica | null
      reads?: Counter<'place'>
    },
  ) {
    this.backend = backend
    this.#places = options.places ?? null
    this.#replica = options.replica ?? null
    this.#reads = options.reads
    this.#clock = options.clock
    this.#inquiry = new Inquiry(options.clock, backend)
    this.#settings = options.settings ?? defaultDatabaseSettings
    this.#transactions = new Transactions({
      clock: options.clock,
      waitSeconds: options.waitSeconds,
      settings: this.#settings,
      stopsLongStatements: backend.profile.stopsLongStatements,
    })
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

  /** What `reading` shows may lack what was committed within this. */
  get readingLagMs(): number {
    return this.#settings.replica_lag_s * 1_000 + replicaLookMs
  }

  /**
   * One transaction as `tenantId` that only reads, for what takes long and may be some seconds old: on the replica of the main database while it keeps up and
   * the tenant is there, else where the tenant is. `work` runs again on the primary when the replica fails.
   */
  async reading<Result>(tenantId: string, work: (tx: Reading) => Promise<Result>): Promise<Result> {
    const readingWork = (session: Session) => work({ ...session, tenantId })
    const replica = this.#replica
    const isHere = this.#places === null || this.#places.of(tenantId).place.backend === this.backend
    if (replica !== null && isHere && (await replica.isFresh())) {
      try {
        // Repeated on the primary alone: a conflict is one with what comes from there.
        const result = await this.#transactions.run(
          replica,
          { ...this.#asTenant(tenantId), repeats: never, reads: true },
          readingWork,
        )
        this.#reads?.inc({ place: 'replica' })
        return result
      } catch (error) {
        if (!replica.hasFailed(error)) throw error
      }
    }
    this.#reads?.inc({ place: 'primary' })
    return this.#whereItIs(tenantId, readingWork, true)
  }

  /**
   * One transaction in each database that may find out which tenant a login, an edge, an enrolment token or a session belongs to, and
   * nothing else: the role's grants name those columns.
   * @param rowsMax how many there can be: nobody else is waited for once they are there
   */
  async asDirectory<Row extends OfTenant>(
    work: (session: Session) => Promise<Row[]>,
    rowsMax?: number,
  ): Promise<Row[]> {
    const { rows, failure } = await this.#ask(work, rowsMax)
    // That nobody has what was asked for is not known while a database has not been asked.
    if (rows.length === 0 && failure !== null) throw failure.error
    return rows
  }

  /** The same, with the names of databases that did not answer: for whoever can do without what is there. @throws where nothing was found and the main one did not */
  async askDirectories<Row extends OfTenant>(
    work: (session: Session) => Promise<Row[]>,
  ): Promise<{ readonly rows: Row[]; readonly unreached: string[] }> {
    const { rows, unreached, failure } = await this.#ask(work)
    const main = this.#places?.all.find(({ backend }) => backend === this.backend)?.name
    if (rows.length === 0 && failure !== null && main !== undefined && unreached.includes(main)) throw failure.error
    return { rows, unreached }
  }

  async #ask<Row extends OfTenant>(
    work: (session: Session) => Promise<Row[]>,
    rowsMax = Infinity,
  ): Promise<Answer<Row>> {
    const places = this.#places
    if (places !== null)
      return this.#inquiry.ask(places, rowsMax, (place) =>
        this.#transactions.run(reachable(place.name, place.backend), directoryBegins, work),
      )
    return { rows: await this.#transactions.run(this.backend, directoryBegins, work), unreached: [], failure: null }
  }

  /** Statements of the database's owner, for partitions and other housekeeping without a tenant. Each is its own transaction. */
  asOwner<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return ownerQuery<Row>(this.backend, text, values)
  }

  /** The same, for as long as it takes: what builds an index goes on building for whoever has given up. */
  async asOwnerHoweverLong(text: string): Promise<void> {
    await ownerQuery(this.backend, text, [], null)
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

  /** The name of the database that serves the tenant, as far as this process knows. */
  placeOf(tenantId: string): string {
    return this.#places?.of(tenantId).place.name ?? 'main'
  }

  /** As `asOwner`, in the database that serves the tenant. */
  asOwnerFor<Row extends object>(tenantId: string, text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const place = this.#places?.of(tenantId).place
    return ownerQuery<Row>(place === undefined ? this.backend : reachable(place.name, place.backend), text, values)
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

  /** Hears what is announced in any of the databases. @param missed called when announcements may have been missed, and are heard again */
  listen(channel: string, heard: (payload: string) => void, missed?: () => void): Promise<() => Promise<void>> {
    if (this.#places === null) return this.backend.listen(channel, heard, missed)
    return listenToAll({ places: this.#places, main: this.backend, clock: this.#clock }, channel, heard, missed)
  }

  /** Tells the other processes on this database, when the transaction commits. */
  async announce(tx: Session, channel: string, payloads: readonly string[]): Promise<void> {
    if (this.backend.profile.sharedWithOthers)
      await tx.query('select pg_notify($1, payload) from unnest($2::text[]) as payload', [channel, payloads])
  }

  /** In the database that serves the tenant. One that has moved says so itself, and its transaction is done where it went to. */
  async #whereItIs<Result>(
    tenantId: string,
    work: (session: Session) => Promise<Result>,
    reads = false,
  ): Promise<Result> {
    for (let redirects = 0; ; redirects++) {
      const begins = this.#asTenant(tenantId)
      const place = this.#places?.of(tenantId).place ?? null
      const backend = place === null ? this.backend : reachable(place.name, place.backend)
      try {
        return await this.#transactions.run(backend, { ...begins, reads }, work)
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

  /** A database that the tenant has left, or has not come to yet, refuses by itself. */
  #asTenant(tenantId: string): Begins {
    const setting = settingOf(tenantId)
    const admission = this.#places === null ? '' : `, jidoka.admit('${tenantId}', ${this.#places.of(tenantId).version})`
    return { role: 'jidoka_app', setting: setting + admission, repeats: repeatable }
  }
}

const never: ReadonlySet<string> = new Set()
const directoryBegins: Begins = { role: 'jidoka_directory', setting: '', repeats: never }

function reachable(name: string, backend: Backend | null): Backend {
  if (backend === null)
    throw new DatabaseUnavailableError(`the database ${name} has not been reached since this process started`)
  return backend
}

async function ownerQuery<Row extends object>(
  { profile, pool }: Backend,
  text: string,
  values: readonly unknown[],
  answerMsMax: number | null = ownerMsMax,
): Promise<Row[]> {
  const queryTimeout = profile.stopsLongStatements && answerMsMax !== null ? { query_timeout: answerMsMax } : {}
  try {
    const span = openStatement(text)
    const answer = pool.query<Row>({ text, values: [...values], ...queryTimeout })
    if (span !== null) endStatement(span, answer)
    return (await answer).rows
  } catch (error) {
    throw asUnavailable(error)
  }
}

/** Checked as it becomes part of the text of a statement. */
const settingOf = (tenantId: string): string =>
  `, set_config('jidoka.tenant_id', '${tenantIdSchema.parse(tenantId)}', true)`
