import './cheap-passwords.ts'
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { isErrno } from '@jidoka/base'
import { Client } from 'pg'
import type { Backend } from '../platform/db/backend.ts'
import { allMigrations, bringUpToDate, openBackend } from '../platform/db/open.ts'
import { carrierSchemaVersion } from '../platform/jobs/carrier-schema.ts'
import { pgbouncerProgram, startPgbouncer } from './pgbouncer.ts'
import { postgres15 } from './postgres-programs.ts'
import type { PostgresPrograms } from './postgres-programs.ts'
import { freePort } from './free-port.ts'

// Databases for tests: fresh and migrated, on either backend.

/** A database of a test's own, and the data folder of a program on it. */
export interface TestStore {
  readonly backend: Backend
  readonly folder: string
  close(): Promise<void>
}

export type NewStore = () => Promise<TestStore>

/** Makes stores for one file of tests; `end` removes what all of them needed. */
export interface StoreFactory {
  newStore: NewStore
  end(): Promise<void>
}

const newFolder = () => mkdtempSync(join(roomOfTests(), 'jidoka-cloud-test-'))

/** A store of PGlite is 1,200 small files: in memory they are made and removed in a fifth of the time that a disk takes. */
function roomOfTests(): string {
  const memory = '/dev/shm'
  if (!existsSync(memory)) return tmpdir()
  const { bavail, bsize } = statfsSync(memory)
  return bavail * bsize >= memoryBytesMin ? memory : tmpdir()
}

/** Two files of tests hold some ten stores of 45 MB at once. */
const memoryBytesMin = 2_000_000_000

function openTest(options: { url?: string; directUrl?: string; folder: string }): Promise<Backend> {
  const raise = (error: Error) => {
    throw error
  }
  return openBackend({ ...options, onFailure: raise, onBrokenConnection: () => undefined })
}

export async function pgliteStores(): Promise<StoreFactory> {
  // V8 compiles a module once for all threads as long as one of them holds it; each store has a thread of its own, which ends with it.
  const engine = new webAssembly.Module(readFileSync(new URL('pglite.wasm', import.meta.resolve(pglitePackage))))
  const template = await migratedTemplate()
  return {
    newStore: async () => {
      const folder = newFolder()
      cpSync(template, folder, { recursive: true })
      const backend = await openTest({ folder })
      return {
        backend,
        folder,
        close: async () => {
          await backend.close()
          rmSync(folder, { recursive: true })
        },
      }
    },
    end: () => Promise.resolve(void engine),
  }
}

const pglitePackage = '@electric-sql/pglite'
/** TypeScript declares it in its DOM library only. */
const { WebAssembly: webAssembly } = globalThis as unknown as {
  readonly WebAssembly: { readonly Module: new (bytes: Uint8Array) => object }
}

/**
 * A data folder with all migrations: a copy of it opens in a tenth of the time that initdb takes. Kept in the system's
 * temporary folder under a digest of what went into it, for the next run.
 */
async function migratedTemplate(): Promise<string> {
  // The resolved path names the version.
  const digest = digestOfMigrations().update(import.meta.resolve(pglitePackage))
  const template = join(tmpdir(), `jidoka-cloud-template-${digest.digest('hex').slice(0, 16)}`)
  if (existsSync(template)) return template
  const folder = mkdtempSync(`${template}-`)
  const backend = await openTest({ folder })
  await bringUpToDate(backend.pool)
  await backend.close()
  keepTemplate(folder, template)
  return template
}

function digestOfMigrations(): Hash {
  const digest = createHash('sha256')
  for (const { name, checksum } of allMigrations()) digest.update(`${name} ${checksum}\n`)
  return digest.update(`${carrierSchemaVersion}\n`)
}

function keepTemplate(folder: string, template: string): void {
  try {
    renameSync(folder, template)
  } catch (error) {
    // Another file of tests was faster.
    if (!isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error
    rmSync(folder, { recursive: true })
  }
}

/** Why tests on PostgreSQL cannot run here; null when they can. */
export function postgresIsMissing(): string | null {
  return postgres15.missing
}

export interface PostgresServer extends StoreFactory {
  /** URL of a database, as the superuser or as another role. */
  url(database: string, user?: string): string
  admin(text: string): Promise<void>
}

/**
 * A PostgreSQL server of the test's own, on a free port of loopback.
 * @param settings as on its command line; tests need no disk to be waited for
 */
export async function postgresServer(
  settings: readonly string[] = ['fsync=off'],
  programs: PostgresPrograms = postgres15,
): Promise<PostgresServer> {
  const template = await migratedServer(programs)
  const folder = programs.newFolder()
  const { owner } = programs
  if (owner !== null) chownSync(folder, owner.uid, owner.gid)
  // Owners and modes too.
  await promisify(execFile)('cp', ['-a', template, join(folder, 'data')])
  const port = await freePort()
  const server = await serve(programs, { folder, port, settings })
  const url = (database: string, user = 'postgres') => `postgres://${user}@127.0.0.1:${port}/${database}`
  const admin = async (text: string) => {
    const client = new Client({ connectionString: url('postgres') })
    await client.connect()
    try {
      await client.query(text)
    } finally {
      await client.end()
    }
  }
  const program = pgbouncerProgram()
  const bouncer =
    program === null ? null : await startPgbouncer({ program, folder, serverPort: port, port: await freePort() })
  const through = (database: string, user?: string) =>
    url(database, user).replace(`:${port}/`, `:${bouncer?.port ?? port}/`)
  let databases = 0
  return {
    url: through,
    admin,
    newStore: async () => {
      const name = `store_${++databases}`
      await admin(`create database ${name} template template_migrated`)
      const storeFolder = newFolder()
      const backend = await openTest({
        url: through(name),
        ...(bouncer === null ? {} : { directUrl: url(name) }),
        folder: storeFolder,
      })
      return {
        backend,
        folder: storeFolder,
        close: async () => {
          await backend.close()
          rmSync(storeFolder, { recursive: true })
        },
      }
    },
    end: async () => {
      await bouncer?.end()
      await ended(server)
      rmSync(folder, { recursive: true })
    },
  }
}

/** A data folder of a server with a database of all migrations, kept as `migratedTemplate` is: a copy takes a tenth of what making it takes. */
async function migratedServer(programs: PostgresPrograms): Promise<string> {
  const digest = digestOfMigrations().update(JSON.stringify([programs.version, programs.settings]))
  const folder = programs.newFolder()
  const template = join(dirname(folder), `jidoka-cloud-postgres-${digest.digest('hex').slice(0, 16)}`)
  if (existsSync(template)) {
    rmSync(folder, { recursive: true })
    return template
  }
  const data = join(folder, 'data')
  mkdirSync(data, { mode: 0o700 })
  const { owner } = programs
  if (owner !== null) for (const path of [folder, data]) chownSync(path, owner.uid, owner.gid)
  const initial = ['-U', 'postgres', '-A', 'trust', '--locale=C.UTF-8', '--no-sync']
  await promisify(execFile)(...programs.command('initdb', ['-D', programs.within(data), ...initial]))
  const port = await freePort()
  const server = await serve(programs, { folder, port, settings: ['fsync=off'] })
  const url = `postgres://postgres@127.0.0.1:${port}`
  const client = new Client({ connectionString: `${url}/postgres` })
  await client.connect()
  await client.query('create database template_migrated')
  await client.end()
  const backend = await openTest({ url: `${url}/template_migrated`, folder })
  await bringUpToDate(backend.pool)
  await backend.close()
  await ended(server)
  keepTemplate(data, template)
  rmSync(folder, { recursive: true })
  return template
}

async function ended(server: ChildProcess): Promise<void> {
  const exit = new Promise((resolve) => server.once('exit', resolve))
  server.kill('SIGINT')
  await exit
}

/** Starts a server on the folder `data` below `folder`. */
export async function serve(
  programs: PostgresPrograms,
  { folder, port, settings }: { readonly folder: string; readonly port: number; readonly settings: readonly string[] },
): Promise<ChildProcess> {
  const server = spawn(
    ...programs.command('postgres', [
      '-D',
      programs.within(join(folder, 'data')),
      '-p',
      String(port),
      '-k',
      programs.within(folder),
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'max_connections=200',
      ...[...programs.settings, ...settings].flatMap((setting) => ['-c', setting]),
    ]),
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  await new Promise<void>((resolve, reject) => {
    let said = ''
    server.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (/ready to accept (?:read-only )?connections/.test(said)) resolve()
    })
    server.once('exit', (code) => reject(new Error(`postgres ended with ${code}: ${said}`)))
  })
  return server
}
