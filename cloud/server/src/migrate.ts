import { OperationalError } from '@jidoka/base'
import type { Pool } from 'pg'
import type { Migration } from './platform/db/migrations.ts'
import { migrateDown, migrateUp, migrationHistory } from './platform/db/migrations.ts'

/** `migrate up` (default), `migrate down` (one step), `migrate history`. Returns what to print. */
export async function runMigrateCommand(
  pool: Pool,
  migrations: readonly Migration[],
  command: string,
): Promise<string> {
  switch (command) {
    case 'up': {
      const ran = await migrateUp(pool, migrations)
      return ran.length === 0 ? 'The database is up to date.' : ran.map((name) => `applied ${name}`).join('\n')
    }
    case 'down': {
      const name = await migrateDown(pool, migrations)
      return name === null ? 'There is no migration to take back.' : `took back ${name}`
    }
    case 'history': {
      const rows = await migrationHistory(pool)
      return rows.length === 0
        ? 'No migration has run.'
        : rows.map((row) => `${row.applied_at}  ${row.name}  ${row.module}  ${row.duration_ms} ms`).join('\n')
    }
    default:
      throw new OperationalError(
        `"migrate ${command}" is not a command. Use: migrate up, migrate down, migrate history.`,
      )
  }
}
