import { describeError } from '@jidoka/base'
import type { Pool, PoolClient } from 'pg'
import { isAccepted } from './accepted-statements.ts'
import type { Migration, MigrationLimits } from './migrations.ts'
import { historyOf, locked, migrationLimits, pendingMigrations } from './migrations.ts'
import { isOutsideTransaction } from './outside-transaction.ts'
import { parseStatements } from './parsed.ts'
import type { UnsafeFinding } from './unsafe-statements.ts'
import { unsafeIn } from './unsafe-statements.ts'

// What a migration would do here, found out by doing it: it runs to its end and is rolled back. While it runs it holds the locks that it tells of.

export interface PlannedStatement {
  readonly text: string
  /** The strongest lock on each table that was there before, as far as no statement before has it already. */
  readonly locks: readonly { readonly table: string; readonly mode: string }[]
  readonly durationMs: number
}

export interface PlannedMigration {
  readonly name: string
  readonly module: string
  readonly unsafe: readonly UnsafeFinding[]
  /** Null of one that runs outside of a transaction, which cannot be tried. */
  readonly statements: readonly PlannedStatement[] | null
  /** Why it would fail here; null when it would not. Those behind it are not tried. */
  readonly failure: string | null
}

/** From the weakest; those of mere reading are left out, as nobody but an exclusive lock waits for them. */
const lockModes = [
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
]

/** Thrown to leave the transaction without its changes. */
class Undone extends Error {
  readonly plan: PlannedMigration[]

  constructor(plan: PlannedMigration[]) {
    super('rolled back')
    this.plan = plan
  }
}

/** Those that have not run here, each tried and rolled back. @throws MigrationError as `migrateUp`. */
export async function planMigrations(
  pool: Pool,
  migrations: readonly Migration[],
  limits: MigrationLimits = migrationLimits,
): Promise<PlannedMigration[]> {
  try {
    return await locked(pool, limits, async (client) => {
      const pending = pendingMigrations(migrations, await historyOf(client))
      const watch = await LockWatch.begin(client)
      const plan: PlannedMigration[] = []
      for (const migration of pending) {
        const planned = await tried(client, watch, migration)
        plan.push(planned)
        if (planned.failure !== null) break
      }
      throw new Undone(plan)
    })
  } catch (error) {
    if (error instanceof Undone) return error.plan
    throw error
  }
}

async function tried(client: PoolClient, watch: LockWatch, migration: Migration): Promise<PlannedMigration> {
  const { name, module, up } = migration
  const unsafe = (await unsafeIn(up)).filter((finding) => !isAccepted(name, finding))
  if (isOutsideTransaction(up)) return { name, module, unsafe, statements: null, failure: null }
  const statements: PlannedStatement[] = []
  for (const { text } of await parseStatements(up)) {
    const startMs = performance.now()
    try {
      await client.query(text)
    } catch (error) {
      return { name, module, unsafe, statements, failure: `${describeError(error)}, at: ${headOf(text)}` }
    }
    statements.push({ text, durationMs: Math.round(performance.now() - startMs), locks: await watch.taken() })
  }
  return { name, module, unsafe, statements, failure: null }
}

/** What the transaction has locked of the tables that were there when it began. */
class LockWatch {
  readonly #client: PoolClient
  /** By object id: one that is dropped has a name no more. */
  readonly #tables: ReadonlyMap<number, string>
  readonly #seen = new Map<number, number>()

  private constructor(client: PoolClient, tables: ReadonlyMap<number, string>) {
    this.#client = client
    this.#tables = tables
  }

  static async begin(client: PoolClient): Promise<LockWatch> {
    const { rows } = await client.query<{ id: number; name: string }>(
      `select c.oid::int8 as id, n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p', 'v', 'm') and n.nspname <> 'pg_catalog' and n.nspname <> 'information_schema'
         and c.oid <> 'jidoka.migrations'::regclass`,
    )
    return new LockWatch(client, new Map(rows.map(({ id, name }) => [id, name])))
  }

  async taken(): Promise<PlannedStatement['locks']> {
    const { rows } = await this.#client.query<{ id: number; mode: string }>(
      `select relation::int8 as id, mode from pg_locks where pid = pg_backend_pid() and locktype = 'relation' and granted`,
    )
    const stronger = new Map<number, number>()
    for (const { id, mode } of rows) {
      const strength = lockModes.indexOf(mode)
      if (this.#tables.has(id) && strength > (this.#seen.get(id) ?? -1))
        stronger.set(id, Math.max(strength, stronger.get(id) ?? -1))
    }
    for (const [id, strength] of stronger) this.#seen.set(id, strength)
    return [...stronger].map(([id, strength]) => ({
      table: this.#tables.get(id) ?? '?',
      mode: spaced(lockModes[strength] ?? '?'),
    }))
  }
}

/** `AccessExclusiveLock` as PostgreSQL's manual writes it. */
const spaced = (mode: string): string =>
  mode
    .replace(/Lock$/, '')
    .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toUpperCase()

/** Enough of a statement to find it. */
export const headOf = (text: string): string => text.replace(/\s+/g, ' ').slice(0, 100)
