import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'

const binaries = '/usr/lib/postgresql/15/bin'
const run = promisify(execFile)

/** Why tests against PostgreSQL cannot run here; null when they can. */
export const postgresMissing: string | null = existsSync(join(binaries, 'postgres'))
  ? null
  : `there is no PostgreSQL 15 in ${binaries}`

/** A real PostgreSQL on loopback in a folder of its own, as a MES has one. */
export class PostgresServer {
  readonly folder: string
  readonly port: number
  #process: ChildProcess | null = null

  private constructor(folder: string, port: number) {
    this.folder = folder
    this.port = port
  }

  static async create(): Promise<PostgresServer> {
    const folder = await mkdtemp(join(tmpdir(), 'jidoka-mes-'))
    const server = new PostgresServer(folder, await freePort())
    const data = join(folder, 'data')
    await mkdir(data)
    await chmod(folder, 0o755)
    if (process.getuid?.() === 0) {
      const { stdout } = await run('id', ['-u', 'postgres'])
      await chown(data, Number(stdout), -1)
      await chown(folder, Number(stdout), -1)
    }
    const [file, args] = asPostgres('initdb', ['-D', data, '-U', 'mes', '-A', 'trust', '--locale=C.UTF-8', '--no-sync'])
    await run(file, args)
    await server.start()
    return server
  }

  get url(): string {
    return `postgres://mes@127.0.0.1:${this.port}/postgres`
  }

  async start(): Promise<void> {
    const settings = [
      '-c',
      'fsync=off',
      '-c',
      `unix_socket_directories=${this.folder}`,
      '-c',
      'listen_addresses=127.0.0.1',
    ]
    const [file, args] = asPostgres('postgres', ['-D', join(this.folder, 'data'), '-p', String(this.port), ...settings])
    this.#process = spawn(file, args, { stdio: 'ignore' })
    for (;;) {
      const client = new pg.Client(this.url)
      try {
        await client.connect()
        await client.end()
        return
      } catch (error) {
        if (this.#process.exitCode !== null) throw new Error('PostgreSQL ended while it started', { cause: error })
        await delay(50)
      }
    }
  }

  /** At once and without good-bye to its clients, as a MES goes down. */
  async stop(): Promise<void> {
    const process = this.#process
    if (process === null || process.exitCode !== null) return
    const exited = once(process, 'exit')
    process.kill('SIGQUIT')
    await exited
  }

  async remove(): Promise<void> {
    await this.stop()
    await rm(this.folder, { recursive: true, force: true })
  }
}

function asPostgres(binary: string, args: readonly string[]): [string, string[]] {
  const file = join(binaries, binary)
  if (process.getuid?.() !== 0) return [file, [...args]]
  return ['setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', file, ...args]]
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
