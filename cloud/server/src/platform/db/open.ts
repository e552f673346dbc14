import type { Pool } from 'pg'
import { migrateCarrier } from '../jobs/carrier-schema.ts'
import type { Backend } from './backend.ts'
import type { Migration } from './migrations.ts'
import { migrateUp, readMigrations } from './migrations.ts'
import { openPglite } from './pglite.ts'
import { openPostgres } from './postgres.ts'
import type { DatabaseSettings } from './settings.ts'

export interface OpenOptions {
  /** Absent: PGlite in `folder`. */
  url?: string | undefined
  /** Of the same database past a pgBouncer, for what a connection must be kept for; absent: `url`. */
  directUrl?: string | undefined
  folder: string
  /** Of PostgreSQL; absent: those of settings.ts. */
  settings?: DatabaseSettings | undefined
  onFailure: (error: Error) => void
  onBrokenConnection: (error: Error) => void
}

export function openBackend({
  url,
  directUrl,
  folder,
  settings,
  onFailure,
  onBrokenConnection,
}: OpenOptions): Promise<Backend> {
  return url === undefined
    ? openPglite({ folder, onFailure })
    : openPostgres({ url, directUrl, settings, onBrokenConnection })
}

/** The migrations of all modules: a database has every table, whichever modules a process runs. */
export function allMigrations(): Migration[] {
  return readMigrations({
    platform: new URL('./migrations/', import.meta.url),
    secrets: new URL('../secrets/migrations/', import.meta.url),
    http: new URL('../http/idempotency/migrations/', import.meta.url),
    events: new URL('../events/migrations/', import.meta.url),
    tenancy: new URL('../tenancy/migrations/', import.meta.url),
    objects: new URL('../objects/migrations/', import.meta.url),
    jobs: new URL('../jobs/migrations/', import.meta.url),
    partitions: new URL('../partitions/migrations/', import.meta.url),
    archive: new URL('../archive/migrations/', import.meta.url),
    identity: new URL('../../modules/identity/migrations/', import.meta.url),
    audit: new URL('../../modules/audit/migrations/', import.meta.url),
    judgment: new URL('../../modules/judgment/migrations/', import.meta.url),
    fleet: new URL('../../modules/fleet/migrations/', import.meta.url),
  })
}

/** Brings the main database up to date: our migrations, and the tables of pg-boss behind them. Returns what was done. */
export async function bringUpToDate(pool: Pool, migrations: readonly Migration[] = allMigrations()): Promise<string[]> {
  const ran = await migrateUp(pool, migrations)
  const carrier = await migrateCarrier(pool)
  return carrier === null ? ran : [...ran, carrier]
}
