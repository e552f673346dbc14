import { numberSetting } from '@jidoka/base'
import { z } from 'zod'

const count = (min: number, max: number) => numberSetting(z.number().int().min(min).max(max))

/** How the program uses its PostgreSQL. PGlite is one session without timers: of these it takes `attempts` alone. */
export const databaseSettingsSchema = z.strictObject({
  /** Kept open. */
  pool: count(1, 500).default(20),
  /** Opened beyond those while there is more to do, and closed when they have been idle. With `pool` times the processes below the server's max_connections. */
  pool_overflow: count(0, 500).default(40),
  /** A request that gets no connection within this is told to come again. */
  pool_wait_s: count(1, 300).default(30),
  /** A connection is replaced at this age: what the server keeps for one only grows, and behind a balancer new ones find new servers. */
  connection_age_s: count(60, 86_400).default(3_600),
  /** Longer than any statement of this program takes; shorter than a client waits. */
  statement_s: count(1, 600).default(30),
  /** For a row or a table that another transaction holds. Below `statement_s`, so that the log says which of the two it was. */
  lock_s: count(1, 600).default(10),
  /** A transaction whose program has died or hangs would keep its locks, and keep old rows from being cleaned up. */
  idle_in_transaction_s: count(1, 3_600).default(60),
  /** How often a transaction is done that the server asks for once more. A deadlock that comes back three times is a mistake in the order of locks, not bad luck. */
  attempts: count(1, 10).default(3),
  /** What the primary has committed longer ago than this a read of the replica must show; else the primary is read. */
  replica_lag_s: count(1, 3_600).default(5),
})

export type DatabaseSettings = z.output<typeof databaseSettingsSchema>

export const databaseSettingNames = {
  JIDOKA_CLOUD_DB_POOL: 'database.pool',
  JIDOKA_CLOUD_DB_POOL_OVERFLOW: 'database.pool_overflow',
  JIDOKA_CLOUD_DB_POOL_WAIT_S: 'database.pool_wait_s',
  JIDOKA_CLOUD_DB_CONNECTION_AGE_S: 'database.connection_age_s',
  JIDOKA_CLOUD_DB_STATEMENT_S: 'database.statement_s',
  JIDOKA_CLOUD_DB_LOCK_S: 'database.lock_s',
  JIDOKA_CLOUD_DB_IDLE_IN_TRANSACTION_S: 'database.idle_in_transaction_s',
  JIDOKA_CLOUD_DB_ATTEMPTS: 'database.attempts',
  JIDOKA_CLOUD_DB_REPLICA_LAG_S: 'database.replica_lag_s',
} as const

export const defaultDatabaseSettings: DatabaseSettings = databaseSettingsSchema.parse({})
