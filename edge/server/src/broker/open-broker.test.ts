import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { connectAsync } from 'mqtt'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { newFolder, removeFolder } from '../pipeline/test-support.ts'
import { RawClient } from './conformance/raw-client.ts'

/*
 * `jidoka broker --open` as a process of its own, with the real journal: killed in the middle of what it does, and used by
 * clients that others wrote. What conformance/ shows by clause holds here across SIGKILL.
 */
const run = promisify(execFile)

class OpenBroker {
  readonly words: string[] = []
  readonly process: ChildProcess
  readonly #ready: Promise<{ mqtt: string; ws?: string }>

  constructor(args: readonly string[]) {
    const cli = new URL('../cli/main.ts', import.meta.url).pathname
    this.process = spawn(process.execPath, [cli, 'broker', '--open', '--port', '0', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.process.stderr?.on('data', (chunk: Buffer) => this.words.push(chunk.toString()))
    this.#ready = new Promise((resolve, reject) => {
      if (this.process.stdout !== null)
        createInterface(this.process.stdout).once('line', (line) => resolve(JSON.parse(line) as { mqtt: string }))
      this.process.once('exit', (code) => reject(new Error(`it ended with ${code}: ${this.words.join('')}`)))
    })
  }

  async port(): Promise<number> {
    return Number(new URL((await this.#ready).mqtt).port)
  }

  async ready() {
    return this.#ready
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return this.process.exitCode
    const ended = new Promise<number | null>((resolve) => this.process.once('exit', resolve))
    this.process.kill(signal)
    return ended
  }
}

let folder: string
let broker: OpenBroker
beforeEach(() => {
  folder = newFolder()
})
afterEach(async () => {
  await broker.end('SIGKILL')
  removeFolder(folder)
})

describe('the broker alone', { timeout: 60_000 }, () => {
  test('I1: what it acknowledged for a session, retained and stored is there after SIGKILL, and QoS 2 comes once', async () => {
    const acknowledged: string[] = []
    const received = new Map<string, number>()
    const held = new Set<number>()
    const keeper = { id: 'keeper', clean: false } as const
    let next = 0
    for (let kill = 0; kill < 3; kill++) {
      broker = new OpenBroker(['--data', folder])
      const port = await broker.port()
      const reader = await RawClient.connect(port, keeper)
      if (kill === 0) await reader.subscribe(['q/#', 2])
      else expect(reader.connack.bytes[2]).toBe(1)
      const taken = takeFrom(reader, held)
      const writer = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 })
      writer.on('error', () => {})
      const over = new AbortController()
      const loops = Array.from({ length: 20 }, async () => {
        while (!over.signal.aborted) {
          const text = `${next++}`
          try {
            await writer.publishAsync('q/a', text, { qos: 2, retain: next % 10 === 0 })
            acknowledged.push(text)
          } catch {
            return
          }
        }
      })
      const target = acknowledged.length + 120 + kill * 37
      while (acknowledged.length < target) await new Promise((resolve) => setImmediate(resolve))
      await broker.end('SIGKILL')
      over.abort()
      writer.end(true)
      await Promise.all(loops)
      await reader.closed().catch(() => {})
      for (const [text, count] of taken) received.set(text, (received.get(text) ?? 0) + count)
    }
    broker = new OpenBroker(['--data', folder])
    const port = await broker.port()
    const reader = await RawClient.connect(port, keeper)
    const taken = takeFrom(reader, held)
    const last = await RawClient.connect(port, { id: 'last' })
    await last.published('q/end', 'end', 1)
    while (!taken.has('end')) await new Promise((resolve) => setImmediate(resolve))
    for (const [text, count] of taken) received.set(text, (received.get(text) ?? 0) + count)
    expect(acknowledged.filter((text) => !received.has(text))).toEqual([])
    expect([...received].filter(([, count]) => count > 1)).toEqual([])
    await last.subscribe(['q/a', 0])
    expect((await last.next('publish')).isRetained).toBe(true)
  })

  test('without a folder makes a temporary one, says so, and removes it at a stop in order', async () => {
    broker = new OpenBroker(['--ws-port', '0'])
    const { ws } = await broker.ready()
    expect(ws).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/mqtt$/)
    const [, made = ''] = /kept in (\S+), which/.exec(broker.words.join('')) ?? []
    expect(existsSync(made)).toBe(true)
    const client = await connectAsync((await broker.ready()).ws ?? '', { reconnectPeriod: 0 })
    await client.publishAsync('sensor/A/t', '1', { qos: 1 })
    client.end(true)
    expect(await broker.end('SIGTERM')).toBe(0)
    expect(existsSync(made)).toBe(false)
  })

  test('asks for --open, and says what is wrong with a port', async () => {
    broker = new OpenBroker(['--data', folder])
    const port = await broker.port()
    const cli = new URL('../cli/main.ts', import.meta.url).pathname
    const failing = (...args: string[]) =>
      run(process.execPath, [cli, 'broker', ...args]).catch((error: { code: number; stderr: string }) => error)
    expect(await failing('--port', '0')).toMatchObject({ code: 2, stderr: expect.stringContaining('Say --open') })
    expect(await failing('--open', '--port', 'x')).toMatchObject({ code: 2 })
    expect(await failing('--open', '--port', `${port}`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is taken by another program'),
    })
  })

  const hasMosquitto = ['/usr/bin', '/usr/local/bin'].some((path) => existsSync(`${path}/mosquitto_sub`))
  test.skipIf(!hasMosquitto)(
    `serves mosquitto_pub and mosquitto_sub at every QoS, with retained messages and kept sessions${hasMosquitto ? '' : ' (skipped: mosquitto-clients is absent)'}`,
    async () => {
      broker = new OpenBroker(['--data', folder])
      const port = `${await broker.port()}`
      const subscribe = (...args: string[]) => run('mosquitto_sub', ['-p', port, '-W', '20', ...args])
      const publish = (...args: string[]) => run('mosquitto_pub', ['-p', port, ...args])
      for (const qos of ['0', '1', '2']) await publish('-q', qos, '-t', `k/${qos}`, '-m', `kept ${qos}`, '-r')
      expect((await subscribe('-q', '2', '-t', 'k/#', '-C', '3', '-v')).stdout.split('\n').slice(0, 3)).toEqual([
        'k/0 kept 0',
        'k/1 kept 1',
        'k/2 kept 2',
      ])
      // A session that is away: -E ends behind SUBACK.
      await subscribe('-c', '-i', 'away', '-q', '2', '-t', 'q/#', '-E')
      for (const qos of ['1', '2']) await publish('-q', qos, '-t', `q/${qos}`, '-m', `queued ${qos}`)
      await broker.end('SIGKILL')
      broker = new OpenBroker(['--data', folder])
      const newPort = `${await broker.port()}`
      const { stdout } = await run('mosquitto_sub', `-p ${newPort} -c -i away -q 2 -t q/# -C 2 -W 20`.split(' '))
      expect(stdout).toBe('queued 1\nqueued 2\n')
    },
  )
})

/**
 * Answers a reader's messages to their end; how often each text was taken as a new message. `held` are the ids that the
 * receiver has taken and that were not released: its side of the session, which outlives the connection.
 */
function takeFrom(reader: RawClient, held: Set<number>): Map<string, number> {
  const taken = new Map<string, number>()
  const answer = async () => {
    for (;;) {
      const { messageId, qos, text } = await reader.next('publish')
      if (qos === 1 || !held.has(messageId)) taken.set(text, (taken.get(text) ?? 0) + 1)
      if (qos === 2) held.add(messageId)
      reader.answer(qos === 1 ? 0x40 : 0x50, messageId)
    }
  }
  const complete = async () => {
    for (;;) {
      const { messageId } = await reader.next('pubrel')
      held.delete(messageId)
      reader.answer(0x70, messageId)
    }
  }
  for (const loop of [answer, complete]) loop().catch(() => {}) // The end of the connection.
  return taken
}
