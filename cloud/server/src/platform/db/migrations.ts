import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { OperationalError } from '@jidoka/base'
import type { Pool, PoolClient } from 'pg'

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
export async function migrateUp(pool: Pool, migrations: readonly Migration[]): Promise<string[]> {
  const ran: string[] = []
  for (;;) {
    const name = await locked(pool, async (client) => {
      const applied = await historyOf(client)
      compare(migrations, applied)
      const next = migrations[applied.length]
      if (next === undefined) return null
      const startMs = performance.now()
      await client.query(next.up)
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
export async function migrateDown(pool: Pool, migrations: readonly Migration[]): Promise<string | null> {
  return locked(pool, async (client) => {
    const applied = await historyOf(client)
    compare(migrations, applied)
    const last = migrations[applied.length - 1]
    if (last === undefined) return null
    await client.query(last.down)
    await client.query('delete from jidoka.migrations where name = $1', [last.name])
    return last.name
  })
}

/** What has been applied, oldest first. */
export async function migrationHistory(pool: Pool): Promise<AppliedMigration[]> {
  return locked(pool, historyOf)
}

async function historyOf(client: PoolClient): Promise<AppliedMigration[]> {
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

/** One transaction under the lock: a migration is there as a whole, with its line of history, or not at all. */
async function locked<Result>(pool: Pool, work: (client: PoolClient) => Promise<Result>): Promise<Result> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    // Of the transaction and not of the session, so that it also holds behind pgBouncer in transaction mode.
    await client.query('select pg_advisory_xact_lock($1)', [migrationLock])
    await client.query(`create schema if not exists jidoka;
      create table if not exists jidoka.migrations (
        name text primary key, module text not null, checksum text not null,
        applied_at timestamptz not null default now(), duration_ms integer not null)`)
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}
