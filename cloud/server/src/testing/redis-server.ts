import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RedisLink } from '../platform/redis/link.ts'
import { freePort } from './free-port.ts'

// A real Redis for tests, on a free port of loopback, that can be killed and started again where it was.

const program = 'redis-server'

/** Why tests on Redis cannot run here; null when they can. */
export function redisIsMissing(): string | null {
  try {
    const version = execFileSync(program, ['--version'], { encoding: 'utf8' })
    return Number(/v=(\d+)/.exec(version)?.[1]) >= 7 ? null : `${program} is older than 7: ${version.trim()}`
  } catch {
    return `${program} is not on the PATH`
  }
}

export class RedisServer {
  readonly port: number
  readonly folder: string
  #child: ChildProcess | null = null
  #more: readonly string[]

  private constructor(port: number, folder: string, more: readonly string[]) {
    this.port = port
    this.folder = folder
    this.#more = more
  }

  /** @param more as on its command line. It keeps nothing on disk: what it loses when it is killed is the worst case. */
  static async start(more: readonly string[] = []): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), mkdtempSync(join(tmpdir(), 'jidoka-redis-')), more)
    await server.up()
    return server
  }

  /** A sentinel that watches `master`, quorum 1. @param masterPort where the master speaks otherwise. @param more lines of its configuration */
  static async sentinel(
    master: RedisServer,
    name: string,
    masterPort = master.port,
    more: readonly string[] = [],
  ): Promise<RedisServer> {
    const folder = mkdtempSync(join(tmpdir(), 'jidoka-sentinel-'))
    const port = await freePort()
    const config = join(folder, 'sentinel.conf')
    writeFileSync(
      config,
      [
        `port ${port}`,
        'bind 127.0.0.1',
        `dir ${folder}`,
        ...more,
        `sentinel monitor ${name} 127.0.0.1 ${masterPort} 1`,
        `sentinel down-after-milliseconds ${name} 500`,
        `sentinel failover-timeout ${name} 3000`,
        '',
      ].join('\n'),
    )
    const server = new RedisServer(port, folder, [config, '--sentinel'])
    await server.up()
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  async up(): Promise<void> {
    const isSentinel = this.#more.includes('--sentinel')
    const own = [
      '--port',
      String(this.port),
      '--bind',
      '127.0.0.1',
      '--dir',
      this.folder,
      '--save',
      '',
      '--appendonly',
      'no',
    ]
    const child = spawn(program, isSentinel ? [...this.#more] : [...own, ...this.#more], { stdio: 'ignore' })
    this.#child = child
    const deadlineMs = performance.now() + 30_000
    while (!(await answers(this.port))) {
      if (child.exitCode !== null || performance.now() > deadlineMs)
        throw new Error(`${program} did not start on ${this.port}; start it by hand to see why`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** What it answers to a command, as it stands on the line. */
  ask(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1', () => socket.write(`${command}\r\n`))
      socket.once('data', (data) => {
        socket.destroy()
        resolve(data.toString())
      })
      socket.once('error', reject)
    })
  }

  /** As a crash of the machine it is on: nothing is written. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }

  /** It hears nothing and says nothing, as behind a cut line. */
  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  async close(): Promise<void> {
    this.thaw()
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** For tests in which Redis is there: the machine that stands still for a second under them is no Redis that does not answer. */
export function patient(link: RedisLink): RedisLink {
  link.commands.options.commandTimeout = 30_000
  return link
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    const end = (isUp: boolean) => {
      socket.destroy()
      resolve(isUp)
    }
    socket.setTimeout(500, () => end(false))
    socket.once('data', (data) => end(/^(?:\+PONG|-NOAUTH)/.test(data.toString())))
    socket.once('error', () => end(false))
  })
}

/** Resolves once `isSo` is, and fails with `what` when that takes too long. For what another process or server does in its own time. */
export async function eventually(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  withinMs = 30_000,
): Promise<void> {
  const deadlineMs = performance.now() + withinMs
  while (!(await isSo())) {
    if (performance.now() > deadlineMs) throw new Error(`not within ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
