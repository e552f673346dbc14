import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { edgeNodeArguments, edgeNodeEnvironment } from '../node-arguments.mjs'
import { nodeRedFlow } from './node-red-flow.ts'
import { nodeRedFile } from './peers.ts'

export interface RunningServer {
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}

const script = (name: string): string => new URL(name, import.meta.url).pathname

/** Debian puts it outside of a user's path. */
export const mosquittoFile =
  ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', '/usr/bin/mosquitto'].find((file) => existsSync(file)) ?? null

/** What the subject is started with; see subject.ts. */
export interface SubjectOptions {
  readonly ruleCount: number
}

/** The real broker and journal in a process and a folder of their own. */
export async function startSubject(options: SubjectOptions): Promise<RunningServer> {
  const folder = newFolder()
  const argv = [...edgeNodeArguments, script('./subject.ts'), JSON.stringify({ ...options, dataFolder: folder })]
  const child = spawn(process.execPath, argv, {
    env: { ...process.env, ...edgeNodeEnvironment(join(folder, 'compile-cache')) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { port } = JSON.parse(await firstLine(child)) as { port: number }
  return { port, pid: child.pid ?? 0, stop: () => end(child, folder) }
}

/** Mosquitto without any persistence: the fastest that it can be. */
export async function startMosquitto(): Promise<RunningServer> {
  if (mosquittoFile === null) throw new Error('mosquitto is not installed')
  const folder = newFolder()
  const port = await freePort()
  const config = join(folder, 'mosquitto.conf')
  writeFileSync(
    config,
    `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_inflight_messages 0\nmax_queued_messages 0\nlog_type none\nset_tcp_nodelay true\n`,
  )
  const child = spawn(mosquittoFile, ['-c', config], { stdio: 'ignore' })
  await untilListening(port)
  return { port, pid: child.pid ?? 0, stop: () => end(child, folder) }
}

/** Mosquitto with a Node-RED behind it that makes the same comparison and stores nothing. The port is Mosquitto's. */
export async function startNodeRed(): Promise<RunningServer> {
  if (nodeRedFile === null) throw new Error('node-red is not installed')
  const mosquitto = await startMosquitto()
  const folder = newFolder()
  writeFileSync(join(folder, 'flows.json'), JSON.stringify(nodeRedFlow(mosquitto.port)))
  writeFileSync(
    join(folder, 'settings.js'),
    `module.exports = { flowFile: 'flows.json', httpAdminRoot: false, httpNodeRoot: false, logging: { console: { level: 'info' } }, telemetry: { enabled: false } }`,
  )
  const child = spawn(process.execPath, [nodeRedFile, '--userDir', folder, '--port', String(await freePort())], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await untilSaid(child, 'Connected to broker')
  return {
    port: mosquitto.port,
    pid: child.pid ?? 0,
    stop: async () => {
      await end(child, folder)
      await mosquitto.stop()
    },
  }
}

/** Asks a script of this folder, in a process of its own, and gives its answer. */
export async function ask<Answer>(name: string, question: unknown): Promise<Answer> {
  const child = spawn(process.execPath, [script(name), JSON.stringify(question)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return JSON.parse(await firstLine(child)) as Answer
}

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'jidoka-bench-'))

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

function untilSaid(child: ChildProcess, words: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', (data: Buffer) => {
      text = (text + data.toString()).slice(-100_000)
      if (text.includes(words)) resolve()
    })
    child.once('exit', (code) => reject(new Error(`node-red ended with ${code}: ${text.slice(-2_000)}`)))
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
