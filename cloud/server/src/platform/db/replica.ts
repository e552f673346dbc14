import type { Clock, Log } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import { DatabaseError } from 'pg'
import type { Pool } from 'pg'
import { openPool } from './postgres.ts'
import type { DatabaseSettings } from './settings.ts'
import { DatabaseUnavailableError, isConnectionLost } from './unavailable.ts'

export type ReplicaState = 'ok' | 'behind' | 'down'

/** How it stands is asked no more often; so a read may be older than the bound by this much. */
export const replicaLookMs = 1_000
/** Either of the two that says nothing for so long. Whoever reads waits for it once, and goes to the primary from then on. */
const lookMsMax = 1_000

/** A streaming replica keeps both numbers of its primary: no other database has them. */
const whichItIs = `(select system_identifier::text from pg_control_system()) as system,
  (select oid::text from pg_database where datname = current_database()) as database`
const primaryText = `select pg_current_wal_lsn()::text as position, clock_timestamp()::text as at, ${whichItIs}`
/**
 * What the replica has received is not asked: once its line is cut that is what it has replayed, for as long as the line is cut. Time is the primary's alone,
 * as commits have it from there too.
 */
const replicaText = `select pg_is_in_recovery() as is_replica, coalesce(pg_last_wal_replay_lsn() >= $1::pg_lsn, false) as has_all,
  coalesce(extract(epoch from $2::timestamptz - pg_last_xact_replay_timestamp())::float8 <= $3, false) as is_recent, ${whichItIs}`

interface Which {
  readonly system: string
  readonly database: string
}
type Primary = Which & { readonly position: string; readonly at: string }
type Standing = Which & { readonly is_replica: boolean; readonly has_all: boolean; readonly is_recent: boolean }

export interface ReplicaParts {
  readonly url: string
  /** The pool of the database that it is a replica of. */
  readonly primary: Pool
  readonly settings: DatabaseSettings
  readonly clock: Clock
  readonly log: Log
}

/** A server that follows the main database and may be read instead of it while it keeps up. Nothing depends on its being there. */
export class Replica {
  readonly pool: Pool
  readonly #parts: ReplicaParts
  /** Null until it was looked at. */
  #state: ReplicaState | null = null
  #lookedMs = -Infinity
  #look: Promise<void> = Promise.resolve()

  constructor(parts: ReplicaParts) {
    this.#parts = parts
    const { url, settings } = parts
    // One without a free connection is passed by sooner than a primary would be given up.
    this.pool = openPool({
      url,
      settings: { ...settings, pool_wait_s: lookMsMax / 1_000 },
      onBrokenConnection: () => undefined, // the next look says so
    })
  }

  /** Whether it may be read now. One that may not is not waited for: it is looked at meanwhile, for those who come later. */
  async isFresh(): Promise<boolean> {
    const wasPassedBy = this.#state === 'behind' || this.#state === 'down'
    const looked = this.state()
    return !wasPassedBy && (await looked) === 'ok'
  }

  /** As it was found within the last second. */
  async state(): Promise<ReplicaState> {
    const nowMs = this.#parts.clock.monotonicMs()
    if (nowMs - this.#lookedMs >= replicaLookMs) {
      this.#lookedMs = nowMs
      this.#look = this.#lookAt()
    }
    await this.#look
    return this.#state ?? 'down'
  }

  async #lookAt(): Promise<void> {
    const late = Promise.withResolvers<readonly [ReplicaState, string]>()
    const cancel = this.#parts.clock.after(lookMsMax, () => late.resolve(['down', 'it does not answer in time']))
    this.#found(...(await Promise.race([this.#standing(), late.promise])))
    cancel()
  }

  /** Told what a transaction on it has failed with. @returns whether the primary is to be asked: all but what the work itself has thrown */
  hasFailed(error: unknown): boolean {
    const isAway = error instanceof DatabaseUnavailableError
    const cause = isAway ? error.cause : error
    const hasAnswered = cause instanceof DatabaseError && !isConnectionLost(cause)
    if (isAway && !hasAnswered) this.#found('down', describeError(cause))
    return isAway || hasAnswered
  }

  close(): Promise<void> {
    return this.pool.end()
  }

  async #standing(): Promise<readonly [ReplicaState, string]> {
    const { primary: main, settings } = this.#parts
    let primary: Primary
    try {
      primary = one(await main.query<Primary>(timed(primaryText)))
    } catch (error) {
      return ['behind', `nobody knows how far, as the primary does not say where it is: ${describeError(error)}`]
    }
    try {
      const values = [primary.position, primary.at, settings.replica_lag_s]
      const replica = one(await this.pool.query<Standing>({ ...timed(replicaText), values }))
      if (replica.system !== primary.system || replica.database !== primary.database || !replica.is_replica)
        return ['down', 'it is no replica of this database. Look at JIDOKA_CLOUD_DATABASE_REPLICA_URL']
      return replica.has_all || replica.is_recent
        ? ['ok', 'it keeps up']
        : ['behind', `it lacks what was committed more than ${settings.replica_lag_s} s ago`]
    } catch (error) {
      return ['down', describeError(error)]
    }
  }

  #found(state: ReplicaState, why: string): void {
    if (state !== this.#state) {
      const { log } = this.#parts
      const fields = { action: 'database.replica', success: state === 'ok', state }
      if (state === 'ok') log.info(fields, `the replica is read: ${why}`)
      else log.warn(fields, `the replica is passed by, and the primary is read: ${why}`)
    }
    this.#state = state
  }
}

const timed = (text: string) => ({ text, query_timeout: lookMsMax })

function one<Row>({ rows }: { readonly rows: readonly Row[] }): Row {
  const [row] = rows
  if (row === undefined) throw new Error('a statement of one row has answered none')
  return row
}
