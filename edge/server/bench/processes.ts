import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface RunningServer {
  readonly port: number
  stop(): Promise<void>
}

const script = (name: string): string => new URL(name, import.meta.url).pathname

/** Debian puts it outside of a user's path. */
export const mosquittoFile =
  ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', '/usr/bin/mosquitto'].find((file) => existsSync(file)) ?? null

export async function startSubject(ruleCount: number): Promise<RunningServer> {
  const folder = mkdtempSync(join(tmpdir(), 'jidoka-bench-'))
  const child = spawn(process.execPath, [script('./subject.ts'), folder, String(ruleCount)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { port } = JSON.parse(await firstLine(child)) as { port: number }
  return { port, stop: () => end(child, folder) }
}

/** Mosquitto without any persistence: the fastest that it can be. */
export async function startMosquitto(): Promise<RunningServer> {
  if (mosquittoFile === null) throw new Error('mosquitto is not installed')
  const folder = mkdtempSync(join(tmpdir(), 'jidoka-bench-'))
  const port = await freePort()
  const config = join(folder, 'mosquitto.conf')
  writeFileSync(
    config,
    `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_inflight_messages 0\nlog_type none\nset_tcp_nodelay true\n`,
  )
  const child = spawn(mosquittoFile, ['-c', config], { stdio: 'ignore' })
  await untilListening(port)
  return { port, stop: () => end(child, folder) }
}

export interface Load {
  readonly connections: number
  readonly window: number
  readonly warmUpMs: number
  readonly measuredMs: number
}

/** Acknowledgements a second that a server gives under a load. */
export async function acksPerSecond(port: number, load: Load): Promise<number> {
  const parameters = [port, load.connections, load.window, load.warmUpMs, load.measuredMs].map(String)
  const child = spawn(process.execPath, [script('./load.ts'), ...parameters], { stdio: ['ignore', 'pipe', 'inherit'] })
  const { acks, seconds } = JSON.parse(await firstLine(child)) as { acks: number; seconds: number }
  return acks / seconds
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', (data: Buffer) => {
      text += data.toString()
      const lineEnd = text.indexOf('\n')
      if (lineEnd >= 0) resolve(text.slice(0, lineEnd))
    })
    child.once('error', reject)
    child.once('exit', (code) =>
      reject(new Error(`a process of the benchmark ended before it said anything (code ${code})`)),
    )
  })
}

async function end(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
  }
  rmSync(folder, { recursive: true, force: true })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1' })
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (isUp) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`nothing listens on port ${port}`)
}
