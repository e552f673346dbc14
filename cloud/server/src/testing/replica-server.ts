import { execFile } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chownSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { postgres15 } from './postgres-programs.ts'
import { freePort } from './free-port.ts'
import { serve } from './stores.ts'

/** A streaming replica, of every database of its primary. */
export interface ReplicaServer {
  readonly port: number
  url(database: string, user: string): string
  /** A statement of the superuser. */
  ask(text: string): Promise<Record<string, unknown> | undefined>
  /** Until it has replayed what the primary has written by now. */
  caughtUp(): Promise<void>
  start(): Promise<void>
  /** As a machine that is switched off. */
  kill(): Promise<void>
  end(): Promise<void>
}

/** @param primary a URL of its superuser, past any pooler */
export async function replicaServer(primary: string): Promise<ReplicaServer> {
  const folder = postgres15.newFolder()
  const { owner } = postgres15
  if (owner !== null) chownSync(folder, owner.uid, owner.gid)
  const copy = ['-D', join(folder, 'data'), '-d', primary, '-R', '-X', 'stream', '-c', 'fast', '--no-sync']
  await promisify(execFile)(...postgres15.command('pg_basebackup', copy))
  const port = await freePort()
  const url = (database: string, user: string) => `postgres://${user}@127.0.0.1:${port}/${database}`
  let server: ChildProcess | null = null
  const ended = async (signal: NodeJS.Signals) => {
    if (server === null) return
    const exit = new Promise((resolve) => server?.once('exit', resolve))
    server.kill(signal)
    await exit
    server = null
  }
  const start = async () => {
    server = await serve(postgres15, { folder, port, settings: ['fsync=off', 'wal_retrieve_retry_interval=100ms'] })
  }
  const ask = (text: string) => askOnce(url('postgres', 'postgres'), text)
  await start()
  return {
    port,
    url,
    ask,
    caughtUp: async () => {
      const position = (await askOnce(primary, 'select pg_current_wal_lsn()::text as at'))?.['at']
      const untilMs = Date.now() + caughtUpMsMax
      while ((await ask(`select pg_last_wal_replay_lsn() >= '${String(position)}' as has`))?.['has'] !== true)
        if (Date.now() > untilMs) throw new Error('the replica does not catch up')
    },
    start,
    // Its own children end with it: they look whether it is there.
    kill: () => ended('SIGQUIT'),
    end: async () => {
      await ended('SIGINT')
      rmSync(folder, { recursive: true })
    },
  }
}

const caughtUpMsMax = 30_000

async function askOnce(url: string, text: string): Promise<Record<string, unknown> | undefined> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows[0]
  } finally {
    await client.end()
  }
}
