import { describeError, OperationalError } from '@jidoka/base'
import { Client, Pool } from 'pg'
import type { Backend } from './backend.ts'
import { backendProfiles, rowTypes } from './backend.ts'
import type { DatabaseSettings } from './settings.ts'
import { defaultDatabaseSettings } from './settings.ts'

export class DatabaseUnreachableError extends OperationalError {
  override name = 'DatabaseUnreachableError'
}

export interface PostgresOptions {
  url: string
  /** Of the same server, past a pgBouncer in transaction mode: there a connection that listens is somebody else's at once. */
  directUrl?: string | undefined
  settings?: DatabaseSettings | undefined
  /** Called for a connection that broke while nobody used it; the pool replaces it by itself. */
  onBrokenConnection: (error: Error) => void
}

/** Opens nothing yet. */
export function openPool({ url, settings, onBrokenConnection }: Omit<PostgresOptions, 'directUrl'>): Pool {
  const limits = settings ?? defaultDatabaseSettings
  const pool = new Pool({
    ...connectionSettings(url),
    // Statements that are asked for together go together, see `Session`.
    pipeline: true,
    min: limits.pool,
    max: limits.pool + limits.pool_overflow,
    connectionTimeoutMillis: limits.pool_wait_s * 1_000,
    maxLifetimeSeconds: limits.connection_age_s,
  })
  pool.on('error', onBrokenConnection)
  return pool
}

const connectionSettings = (url: string) => ({
  connectionString: url,
  application_name: 'jidoka-cloud',
  types: rowTypes,
  keepAlive: true,
})

/** @throws DatabaseUnreachableError with a sentence that names host and database, never the password (I8). */
export async function openPostgres(options: PostgresOptions): Promise<Backend> {
  const direct = connectionSettings(options.directUrl ?? options.url)
  const pool = openPool(options)
  try {
    const version = await pool.query<{ number: string }>(`select current_setting('server_version_num') as number`)
    // 15 brought security_invoker views, which keep row-level security in force behind core.sensor_events.
    if (Number(version.rows[0]?.number) < 150_000)
      throw new OperationalError('it is older than PostgreSQL 15; upgrade the server')
  } catch (cause) {
    await pool.end()
    throw new DatabaseUnreachableError(
      `The database ${place(options.url)} cannot be used: ${describeError(cause)}. Check DATABASE_URL and that the server runs.`,
      { cause },
    )
  }
  return {
    profile: backendProfiles.postgres,
    pool,
    keptEverything: true,
    listen: (channel, heard, missed) =>
      listen(direct, channel, { heard, missed, onBroken: options.onBrokenConnection }),
    close: () => pool.end(),
  }
}

/** One connection outside the pool that only listens; when it breaks it is made again, and whoever waits polls meanwhile. */
async function listen(
  settings: object,
  channel: string,
  {
    heard,
    missed,
    onBroken,
  }: {
    heard: (payload: string) => void
    missed: (() => void) | undefined
    onBroken: (error: Error) => void
  },
): Promise<() => Promise<void>> {
  // A second: often enough to be unseen beside the poll of those who wait, rare enough for a server that is restarting.
  const retryDelayMs = 1_000
  let client: Client | undefined
  let retry: NodeJS.Timeout | undefined
  let ended = false
  const connect = async () => {
    client = new Client(settings)
    client.on('notification', (notice) => heard(notice.payload ?? ''))
    client.on('error', again)
    await client.connect()
    await client.query(`listen ${client.escapeIdentifier(channel)}`)
  }
  const again = (error: Error) => {
    client?.removeListener('error', again)
    client?.on('error', () => undefined) // the broken connection may complain again while it is being closed
    void client?.end().catch(() => undefined)
    // One that ends in the midst of its first statement says so twice; two new ones would hear everything twice.
    if (ended || retry !== undefined) return
    onBroken(error)
    retry = setTimeout(() => {
      retry = undefined
      void connect().then(missed, again)
    }, retryDelayMs)
  }
  try {
    await connect()
  } catch (error) {
    // It is the caller's to try again.
    ended = true
    clearTimeout(retry)
    throw error
  }
  return async () => {
    ended = true
    clearTimeout(retry)
    await client?.end()
  }
}

function place(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url)
    return `${pathname.slice(1) || '(default)'} at ${hostname || 'the local socket'}${port ? `:${port}` : ''}`
  } catch {
    return 'of DATABASE_URL (which is not a URL)'
  }
}
