import { OperationalError } from '@jidoka/base'
import type { Pool } from 'pg'
import type { PlannedMigration } from './platform/db/migration-plan.ts'
import { headOf, planMigrations } from './platform/db/migration-plan.ts'
import type { Migration } from './platform/db/migrations.ts'
import { migrateDown, migrateUp, migrationHistory, pendingMigrations } from './platform/db/migrations.ts'
import { bringUpToDate } from './platform/db/open.ts'
import { unsafeStatements } from './platform/db/unsafe-statements.ts'
import { planCarrier } from './platform/jobs/carrier-schema.ts'

/** What `migrate` can do; each returns what to print. */
const commands = {
  up: async (pool, migrations, isMain) => {
    const ran = isMain ? await bringUpToDate(pool, migrations) : await migrateUp(pool, migrations)
    return ran.length === 0 ? 'The database is up to date.' : ran.map((name) => `applied ${name}`).join('\n')
  },
  /** One step back. */
  down: async (pool, migrations) => {
    const name = await migrateDown(pool, migrations)
    return name === null ? 'There is no migration to take back.' : `took back ${name}`
  },
  plan: async (pool, migrations, isMain) => {
    const plan = await planMigrations(pool, migrations)
    const carrier = isMain ? await planCarrier(pool) : null
    const last = carrier === null ? [] : [`then ${carrier}`]
    if (plan.length === 0) return last[0] ?? 'The database is up to date.'
    return [...plan.flatMap(told), 'Tried and rolled back: nothing has changed.', ...last].join('\n')
  },
  current: async (pool, migrations) => {
    const applied = await migrationHistory(pool)
    const newest = applied.at(-1)
    const pending = pendingMigrations(migrations, applied)
    return [
      newest === undefined ? 'No migration has run.' : `${newest.name} since ${newest.applied_at}`,
      ...(pending.length === 0 ? ['The database is up to date.'] : pending.map(({ name }) => `waits ${name}`)),
    ].join('\n')
  },
  history: async (pool) => {
    const rows = await migrationHistory(pool)
    return rows.length === 0
      ? 'No migration has run.'
      : rows.map((row) => `${row.applied_at}  ${row.name}  ${row.module}  ${row.duration_ms} ms`).join('\n')
  },
} satisfies Record<string, (pool: Pool, migrations: readonly Migration[], isMain: boolean) => Promise<string>>

const isCommand = (name: string): name is keyof typeof commands => Object.hasOwn(commands, name)

/**
 * Runs `migrate COMMAND`. Returns what to print.
 * @param isMain whether jobs lie in this database: those of tenants beside it have no tables of pg-boss
 * @throws OperationalError for one that there is not.
 */
export async function runMigrateCommand(
  pool: Pool,
  migrations: readonly Migration[],
  command: string,
  isMain = true,
): Promise<string> {
  if (!isCommand(command)) {
    const known = Object.keys(commands).map((name) => `migrate ${name}`)
    throw new OperationalError(`"migrate ${command}" is not a command. Use: ${known.join(', ')}.`)
  }
  return commands[command](pool, migrations, isMain)
}

function told({ name, module, unsafe, statements, failure }: PlannedMigration): string[] {
  return [
    `${name} of ${module}`,
    ...(statements === null
      ? ['  outside of a transaction, so it was not tried: SHARE UPDATE EXCLUSIVE, nobody waits for it']
      : statements.flatMap(({ text, locks, durationMs }) => [
          `  ${durationMs} ms  ${headOf(text)}`,
          ...locks.map(({ table, mode }) => `      locks ${table}: ${mode}`),
        ])),
    ...unsafe.map(
      ({ name: what, target }) =>
        `  unsafe: ${what} (${target}): ${unsafeStatements[what].costs}. ${unsafeStatements[what].instead}`,
    ),
    ...(failure === null ? [] : [`  would fail: ${failure}`]),
  ]
}
