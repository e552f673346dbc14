import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { OperationalError } from '@jidoka/base'
import type { Pool, PoolClient } from 'pg'
import { Client } from 'pg'
import { isOutsideTransaction, runOutsideTransaction } from './outside-transaction.ts'
import { codeOf } from './unavailable.ts'

export class MigrationError extends OperationalError {
  override name = 'MigrationError'
}

export interface Migration {
  /** `YYYYMMDD_HHMM__description`; the order of all modules together. */
  readonly name: string
  readonly module: string
  readonly up: string
  readonly down: string
  /** sha256 of `up`: a migration that has run is history and must not change. */
  readonly checksum: string
}

export interface AppliedMigration {
  name: string
  module: string
  checksum: string
  applied_at: string
  duration_ms: number
}

const upName = /^(\d{8}_\d{4}__[a-z0-9_]+)\.up\.sql$/
/** Any number of our own; two programs that migrate one database at once wait for each other on it. */
const migrationLock = 7_152_339

/** How long a migration stands in the way of others, and how often it comes again. */
export interface MigrationLimits {
  /** Whoever wants the table after a migration waits behind it, so this is how long everything stands still. */
  readonly lockWaitMsMax: number
  /** Attempts at a migration that was kept from its lock. */
  readonly attemptsMax: number
  /** Attempts at the turn, while another program migrates. */
  readonly turnsMax: number
  readonly pause: (ms: number) => Promise<void>
}

const pauseMs = 500
const pauseMsMax = 10_000

export const migrationLimits: MigrationLimits = {
  // Shorter, and a busy table is never had; longer, and requests that queue behind the migration use up the pool.
  lockWaitMsMax: 3_000,
  // With the pauses between them three minutes: longer than any transaction of this program lasts.
  attemptsMax: 20,
  // Ten minutes: an index of a large table takes that long.
  turnsMax: 1_200,
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}

/** Reads the migrations of the modules' folders, sorted by name. @throws MigrationError for a file that is misnamed or lacks its other half. */
export function readMigrations(folders: Readonly<Record<string, URL>>): Migration[] {
  const found: Migration[] = []
  for (const [module, folder] of Object.entries(folders)) {
    const files = new Set(readdirSync(folder))
    for (const file of files) {
      if (!file.endsWith('.sql') || file.endsWith('.down.sql')) continue
      const name = upName.exec(file)?.[1]
      if (name === undefined)
        throw new MigrationError(`The migration ${file} of ${module} must be named YYYYMMDD_HHMM__description.up.sql.`)
      if (!files.has(`${name}.down.sql`))
        throw new MigrationError(`The migration ${name} of ${module} has no way back: write ${name}.down.sql.`)
      const up = readFileSync(new URL(file, folder), 'utf8')
      const down = readFileSync(new URL(`${name}.down.sql`, folder), 'utf8')
      found.push({ name, module, up, down, checksum: createHash('sha256').update(up).digest('hex') })
    }
  }
  return found.sort((left, right) => (left.name < right.name ? -1 : 1))
}

/** Brings the database up to the newest migration. Returns the names of those that ran; none when it was up to date. */
export async function migrateUp(
  pool: Pool,
  migrations: readonly Migration[],
  limits: MigrationLimits = migrationLimits,
): Promise<string[]> {
  const ran: string[] = []
  for (;;) {
    const name = await locked(pool, limits, async (client) => {
      const applied = await historyOf(client)
      compare(migrations, applied)
      const next = migrations[applied.length]
      if (next === undefined) return null
      const startMs = performance.now()
      await runStep(pool, client, next.up)
      await client.query(
        'insert into jidoka.migrations (name, module, checksum, duration_ms) values ($1, $2, $3, $4)',
        [next.name, next.module, next.checksum, Math.round(performance.now() - startMs)],
      )
      return next.name
    })
    if (name === null) return ran
    ran.push(name)
  }
}

/** Takes the newest migration back. Returns its name, null when there is none. */
export async function migrateDown(
  pool: Pool,
  migrations: readonly Migration[],
  limits: MigrationLimits = migrationLimits,
): Promise<string | null> {
  return locked(pool, limits, async (client) => {
    const applied = await historyOf(client)
    compare(migrations, applied)
    const last = migrations[applied.length - 1]
    if (last === undefined) return null
    await runStep(pool, client, last.down)
    await client.query('delete from jidoka.migrations where name = $1', [last.name])
    return last.name
  })
}

/** Those that have not run here, oldest first. @throws MigrationError where the history is another one. */
export function pendingMigrations(
  migrations: readonly Migration[],
  applied: readonly AppliedMigration[],
): readonly Migration[] {
  compare(migrations, applied)
  return migrations.slice(applied.length)
}

/** What has been applied, oldest first. */
export async function migrationHistory(pool: Pool): Promise<AppliedMigration[]> {
  return locked(pool, migrationLimits, historyOf)
}

export async function historyOf(client: PoolClient): Promise<AppliedMigration[]> {
  return (
    await client.query<AppliedMigration>(
      'select name, module, checksum, applied_at, duration_ms from jidoka.migrations order by name',
    )
  ).rows
}

function compare(migrations: readonly Migration[], applied: readonly AppliedMigration[]): void {
  for (const [index, row] of applied.entries()) {
    const migration = migrations[index]
    if (migration?.name !== row.name) {
      throw new MigrationError(
        migrations.some(({ name }) => name === row.name)
          ? `The database lacks the migration ${migration?.name ?? '?'}, which is older than others that it has. Restore a backup, or apply that one by hand.`
          : `The database has the migration ${row.name}, which this program does not know: the database is newer. Start the newer program, or take the migration back with it.`,
      )
    }
    if (migration.checksum !== row.checksum) {
      throw new MigrationError(
        `The migration ${row.name} has been changed since it ran here. Put its text back, and write a new migration for the change.`,
      )
    }
  }
}

/** Within the transaction; or beside it, where its first line says so, and then such that it can be begun anew after a crash at any point. */
async function runStep(pool: Pool, client: PoolClient, sql: string): Promise<void> {
  if (!isOutsideTransaction(sql)) {
    await client.query(sql)
  } else if (isOneSession(pool)) {
    // Nobody is beside it who would have to be kept out.
    await client.query('commit')
    await runOutsideTransaction(client, sql)
    await client.query('begin')
  } else {
    // The lock stays with the transaction that waits here. It has neither a snapshot nor a row, so no index that is built waits for it. Beside the pool, which may
    // have this one connection only.
    const beside = new Client(pool.options)
    await beside.connect()
    try {
      await runOutsideTransaction(beside, sql)
    } finally {
      await beside.end()
    }
  }
}

/** Whether the database is PGlite: its pool has streams of its own to the engine. A server's pool may be as small and share the database with others (`sharedWithOthers`). */
const isOneSession = (pool: Pool): boolean => pool.options.stream !== undefined

/** `lock_not_available`, `deadlock_detected`: somebody else was at the table; everything is undone and may be tried again. */
const lockCodes = new Set(['55P03', '40P01'])

/** `raise_exception`: a migration that says itself why it cannot be, and what to do. */
const raisedCode = 'P0001'

/** One transaction under the lock: a migration is there as a whole, with its line of history, or not at all. */
export async function locked<Result>(
  pool: Pool,
  limits: MigrationLimits,
  work: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  return withConnection(pool, async (client) => {
    for (let attempt = 1; ; attempt++) {
      try {
        await beginLocked(client, limits)
        const result = await work(client)
        await client.query('commit')
        return result
      } catch (error) {
        // Of a connection that is lost nothing is left either, and what went wrong is the error before.
        await client.query('rollback').catch(() => undefined)
        if (codeOf(error) === raisedCode && error instanceof Error) throw new MigrationError(error.message)
        if (!lockCodes.has(codeOf(error))) throw error
        if (attempt === limits.attemptsMax)
          throw new MigrationError(
            `A migration was kept from its lock ${attempt} times, each time for ${limits.lockWaitMsMax} ms, and nothing of it is left. Who holds it stands in pg_stat_activity (look for the oldest xact_start); end that transaction, or come again when it is over.`,
            { cause: error },
          )
        await limits.pause(Math.min(attempt * pauseMs, pauseMsMax))
      }
    }
  })
}

/** A connection that ends while it is out of the pool tells nobody else, and an error that nobody hears would end the program without a word. */
async function withConnection<Result>(pool: Pool, work: (client: PoolClient) => Promise<Result>): Promise<Result> {
  const client = await pool.connect()
  let broken: Error | undefined
  const lost = (error: Error) => {
    broken = error
  }
  client.on('error', lost)
  try {
    return await work(client)
  } finally {
    client.off('error', lost)
    client.release(broken)
  }
}

async function beginLocked(client: PoolClient, limits: MigrationLimits): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await client.query('begin')
    // Of the transaction and not of the session, so that it also holds behind pgBouncer in transaction mode. Asked for again and again instead of waited
    // for: a statement that waits has a snapshot, and an index that another program builds beside would wait for its end.
    const { rows } = await client.query<{ is_mine: boolean }>('select pg_try_advisory_xact_lock($1) as is_mine', [
      migrationLock,
    ])
    if (rows[0]?.is_mine === true) break
    await client.query('rollback')
    if (attempt === limits.turnsMax)
      throw new MigrationError(
        'Another program has been migrating this database for long. Look at what it does (pg_stat_activity), and start this one when it is done.',
      )
    await limits.pause(pauseMs)
  }
  await client.query(`set local lock_timeout = ${limits.lockWaitMsMax}; set local idle_in_transaction_session_timeout = 0;
    create schema if not exists jidoka;
    create table if not exists jidoka.migrations (
      name text primary key, module text not null, checksum text not null,
      applied_at timestamptz not null default now(), duration_ms integer not null)`)
}
