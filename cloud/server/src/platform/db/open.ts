import type { Backend } from './backend.ts'
import type { Migration } from './migrations.ts'
import { readMigrations } from './migrations.ts'
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
    events: new URL('../events/migrations/', import.meta.url),
    identity: new URL('../../modules/identity/migrations/', import.meta.url),
    audit: new URL('../../modules/audit/migrations/', import.meta.url),
    judgment: new URL('../../modules/judgment/migrations/', import.meta.url),
    fleet: new URL('../../modules/fleet/migrations/', import.meta.url),
  })
}
