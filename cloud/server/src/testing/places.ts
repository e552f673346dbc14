import type { Clock } from '@jidoka/base'
import { createLog } from '@jidoka/base'
import type { Pool } from 'pg'
import { migrateUp } from '../platform/db/migrations.ts'
import { allMigrations, openBackend } from '../platform/db/open.ts'
import { TenantDirectory } from '../platform/tenancy/directory.ts'
import type { KnownPlace } from '../platform/tenancy/directory.ts'
import { registerPlace } from '../platform/tenancy/place-register.ts'
import type { NewStore, PostgresServer, TestStore } from './stores.ts'

/** Two databases of one directory, for tenants to be moved between. */
export interface TwoPlaces {
  readonly main: TestStore
  readonly second: TestStore
  /** Of somebody who sees all rows. */
  readonly eyes: { readonly main: Pool; readonly second: Pool }
  /** As another process opens it, with a memory of its own. */
  newDirectory(clock: Clock, kind?: KnownPlace['kind']): Promise<TenantDirectory>
  close(): Promise<void>
}

export async function twoPlaces(newStore: NewStore): Promise<TwoPlaces> {
  const [main, second] = [await newStore(), await newStore()]
  return register({ main, second, eyes: { main: main.backend.pool, second: second.backend.pool } })
}

/** One on each of two servers, as their owner works who passes no row-level security; `plain` is a role of both. */
export async function placesOfPlain(servers: readonly [PostgresServer, PostgresServer]): Promise<TwoPlaces> {
  const [main, second] = await Promise.all(servers.map(placeOfPlain))
  if (main === undefined || second === undefined) throw new Error('two servers make two databases')
  return register({ main: main.store, second: second.store, eyes: { main: main.eyes, second: second.eyes } })
}

async function placeOfPlain(server: PostgresServer): Promise<{ store: TestStore; eyes: Pool }> {
  await server.admin('create role plain login; grant jidoka_app, jidoka_directory to plain')
  await server.admin('create database of_plain owner plain')
  const open = (user: string) =>
    openBackend({
      url: server.url('of_plain', user),
      folder: '',
      onFailure: () => undefined,
      onBrokenConnection: () => undefined,
    })
  const [backend, above] = [await open('plain'), await open('postgres')]
  await migrateUp(backend.pool, allMigrations())
  const other = await server.newStore()
  const close = async () => {
    await above.close()
    await backend.close()
    await other.close()
  }
  return { store: { backend, folder: other.folder, close }, eyes: above.pool }
}

async function register({ main, second, eyes }: Pick<TwoPlaces, 'main' | 'second' | 'eyes'>): Promise<TwoPlaces> {
  await registerPlace(main.backend, 'main', main.backend)
  await registerPlace(main.backend, 'second', second.backend)
  return {
    main,
    second,
    eyes,
    newDirectory: async (clock, kind = 'shard') => {
      const directory = new TenantDirectory({
        places: [
          { name: 'main', kind: 'main', backend: main.backend },
          { name: 'second', kind, backend: second.backend },
        ],
        clock,
        log: createLog('test', { level: 'silent' }),
      })
      await directory.read()
      return directory
    },
    close: async () => {
      await second.close()
      await main.close()
    },
  }
}
