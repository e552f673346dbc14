import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { PostgresServer } from '../../server/src/connectors/mes/testing/postgres-server.ts'

export type Query = <Row extends object>(text: string, values?: readonly unknown[]) => Promise<readonly Row[]>

/**
 * The database of a cloud, seen from outside of the cloud's program, by SQL of the harness' own. Everything here is for a
 * cloud that does not run.
 */
export interface CloudStore {
  readonly name: 'PostgreSQL' | 'PGlite'
  /** What the cloud's program is told of it. */
  readonly environment: Readonly<Record<string, string>>
  look<Result>(work: (query: Query) => Promise<Result>): Promise<Result>
  /** Keeps a copy, as a backup does. */
  copy(): Promise<void>
  hasCopy(): boolean
  /** Puts the copy in its place: what came since is gone. */
  setBack(): Promise<void>
  close(): Promise<void>
}

/** @param folder the cloud's data folder */
export function pgliteStore(folder: string): CloudStore {
  const database = join(folder, 'pglite')
  const backup = join(folder, '..', 'backup')
  return {
    name: 'PGlite',
    environment: { JIDOKA_CLOUD_DATA: folder },
    async look(work) {
      const engine = await PGlite.create({ dataDir: database })
      try {
        return await work(async <Row extends object>(text: string, values: readonly unknown[] = []) => {
          const { rows } = await engine.query<Row>(text, [...values])
          return rows
        })
      } finally {
        await engine.close()
      }
    },
    copy() {
      rmSync(backup, { recursive: true, force: true })
      // Whole or not there.
      cpSync(database, `${backup}.new`, { recursive: true })
      renameSync(`${backup}.new`, backup)
      return Promise.resolve()
    },
    hasCopy: () => existsSync(backup),
    setBack() {
      rmSync(database, { recursive: true })
      cpSync(backup, database, { recursive: true })
      return Promise.resolve()
    },
    close: () => Promise.resolve(),
  }
}

const live = 'cloud'
const backup = 'backup'

/** A PostgreSQL of its own, which waits for no disk: what is killed here are programs, never the machine. */
export async function postgresStore(folder: string): Promise<CloudStore> {
  const server = await PostgresServer.create()
  mkdirSync(folder, { recursive: true })
  const urlOf = (database: string) => server.url.replace(/\/[^/]*$/, `/${database}`)
  const withClient = async <Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> => {
    const client = new pg.Client(url)
    await client.connect()
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }
  let hasCopy = false
  const replace = (database: string, template: string) =>
    withClient(server.url, async (client) => {
      await client.query(`drop database if exists ${database} with (force)`)
      // Sessions of a cloud that was killed may take a moment to be gone.
      await client.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1', [template])
      await client.query(`create database ${database} template ${template}`)
    })
  await withClient(server.url, (client) => client.query(`create database ${live}`))
  return {
    name: 'PostgreSQL',
    environment: { JIDOKA_CLOUD_DATA: folder, DATABASE_URL: urlOf(live) },
    look: (work) =>
      withClient(urlOf(live), (client) =>
        work(async <Row extends object>(text: string, values: readonly unknown[] = []) => {
          const { rows } = await client.query<Row>(text, [...values])
          return rows
        }),
      ),
    async copy() {
      await replace(backup, live)
      hasCopy = true
    },
    hasCopy: () => hasCopy,
    setBack: () => replace(live, backup),
    close: () => server.remove(),
  }
}
