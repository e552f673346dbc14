import type { Clock, Log, Service } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { Backend } from '../db/backend.ts'
import { migrateUp } from '../db/migrations.ts'
import { allMigrations } from '../db/open.ts'
import { openPostgres } from '../db/postgres.ts'
import type { DatabaseSettings } from '../db/settings.ts'
import type { KnownPlace } from './directory.ts'
import { TenantDirectory } from './directory.ts'
import { tenancyLimits } from './limits.ts'
import { registerPlace, WrongDatabaseError } from './place-register.ts'
import type { TenancySettings } from './settings.ts'
import { hasOthers, mainDatabase } from './settings.ts'

export interface TenancyParts {
  readonly config: {
    readonly tenancy: TenancySettings
    readonly database: DatabaseSettings
    readonly migrate_at_start: boolean
  }
  /** Open, and migrated. */
  readonly main: Backend
  readonly clock: Clock
  readonly log: Log
  /** Where the caller has opened the databases. */
  readonly directory: TenantDirectory | null
}

/** The databases of tenants. */
export interface Tenancy {
  /** Null where there is none beside the main one: nothing is asked about it then. */
  readonly directory: TenantDirectory | null
  /** The directory kept up to date, and at their end the databases closed: to be started before those that use them. */
  readonly services: readonly Service[]
}

/** Opens all databases. One that is away is opened when it is back, and its tenants are told to come again until then. @throws WrongDatabaseError */
export async function openTenancy(parts: TenancyParts): Promise<Tenancy> {
  const { main, clock, log } = parts
  const { tenancy: settings } = parts.config
  if (parts.directory !== null) return { directory: parts.directory, services: [parts.directory] }
  if (!hasOthers(settings)) return { directory: null, services: [] }
  await registerPlace(main, mainDatabase, main)
  const places: KnownPlace[] = [{ name: mainDatabase, kind: 'main', backend: main }]
  const opened: Backend[] = []
  let isClosed = false
  const cancels = new Set<() => void>()

  const open = async (place: KnownPlace, address: Address): Promise<void> => {
    try {
      const backend = await openOne(parts, place.name, address)
      opened.push(backend)
      // Ends at once where the program was stopped while it was being opened.
      if (isClosed) await backend.close()
      else place.backend = backend
    } catch (error) {
      if (error instanceof WrongDatabaseError) throw error
      log.error({ action: 'tenancy.open', success: false, database: place.name }, describeError(error))
      if (!isClosed) cancels.add(clock.after(tenancyLimits.reopenMs, () => void reopen(place, address)))
    }
  }
  // Wrong from the first to the last try: the log says so each time, and nothing is written to it.
  const reopen = (place: KnownPlace, address: Address): Promise<void> =>
    open(place, address).catch((error: unknown) =>
      log.error({ action: 'tenancy.open', success: false, database: place.name }, describeError(error)),
    )
  const close = async () => {
    isClosed = true
    for (const cancel of cancels) cancel()
    await Promise.all(opened.map((backend) => backend.close()))
  }

  try {
    for (const kind of ['shard', 'own'] as const)
      for (const [name, address] of Object.entries(kind === 'shard' ? settings.shards : settings.own)) {
        const place: KnownPlace = { name, kind, backend: null }
        places.push(place)
        await open(place, address)
      }
  } catch (error) {
    await close()
    throw error
  }
  const directory = new TenantDirectory({ places, clock, log })
  await directory.read()
  const closing: Service = { name: 'tenant-databases', start: () => Promise.resolve(), stop: close }
  return { directory, services: [closing, directory] }
}

type Address = TenancySettings['shards'][string]

async function openOne({ main, config, log }: TenancyParts, name: string, address: Address) {
  const backend = await openPostgres({
    url: address.url,
    directUrl: address.direct_url,
    settings: config.database,
    onBrokenConnection: (error) =>
      log.warn({ action: 'database.connection', success: false, database: name }, describeError(error)),
  })
  try {
    if (config.migrate_at_start)
      for (const migration of await migrateUp(backend.pool, allMigrations()))
        log.info({ action: 'migrate', success: true, database: name }, `applied ${migration}`)
    await registerPlace(main, name, backend)
    return backend
  } catch (error) {
    await backend.close()
    throw error
  }
}
