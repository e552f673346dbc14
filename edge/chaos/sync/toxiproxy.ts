import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { holdsWithin, pause } from '../until.ts'
import { freePort } from './free-port.ts'
import type { Direction, Line, Toxic } from './line.ts'

const names = ['toxiproxy-server', 'toxiproxy'] as const

/** Where its server is: on the PATH, or what TOXIPROXY names; null where there is none. */
export function findToxiproxy(environment: Readonly<Record<string, string | undefined>>): string | null {
  const named = environment['TOXIPROXY']
  if (named !== undefined) return existsSync(named) ? named : null
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((file) => existsSync(file)) ?? null
}

/** Its API answers within this on a machine under load, or it did not start. */
const startMsMax = 30_000

const proxy = 'line'

/** A line through https://github.com/Shopify/toxiproxy. */
export class ToxiproxyLine implements Line {
  readonly name = 'toxiproxy'
  readonly url: string
  readonly #api: string
  readonly #child: ChildProcess
  #toxics = 0

  private constructor(child: ChildProcess, api: string, port: number) {
    this.#child = child
    this.#api = api
    this.url = `http://127.0.0.1:${port}`
  }

  static async open(program: string, targetPort: number): Promise<ToxiproxyLine> {
    const [apiPort, port] = [await freePort(), await freePort()]
    const child = spawn(program, ['-host', '127.0.0.1', '-port', String(apiPort)], { stdio: 'ignore' })
    const line = new ToxiproxyLine(child, `http://127.0.0.1:${apiPort}`, port)
    const deadlineMs = performance.now() + startMsMax
    while (!(await line.#answers())) {
      if (child.exitCode !== null || performance.now() > deadlineMs) {
        await line.close()
        throw new Error(`toxiproxy (${program}) does not answer; start it by hand to see why`)
      }
      await pause(20)
    }
    await line.#ask('/proxies', {
      name: proxy,
      listen: `127.0.0.1:${port}`,
      upstream: `127.0.0.1:${targetPort}`,
      enabled: true,
    })
    return line
  }

  cut(): Promise<void> {
    return this.#ask(`/proxies/${proxy}`, { enabled: false })
  }

  add(toxic: Toxic, direction: Direction): Promise<void> {
    const stream = direction === 'up' ? 'upstream' : 'downstream'
    return this.#ask(`/proxies/${proxy}/toxics`, { name: `${toxic.kind}-${++this.#toxics}`, stream, ...theirs(toxic) })
  }

  heal(): Promise<void> {
    return this.#ask('/reset', {})
  }

  async close(): Promise<void> {
    this.#child.kill('SIGKILL')
    await holdsWithin(startMsMax, () => this.#child.exitCode !== null || this.#child.signalCode !== null)
  }

  async #answers(): Promise<boolean> {
    try {
      return (await fetch(`${this.#api}/version`, { signal: AbortSignal.timeout(1_000) })).ok
    } catch {
      return false // not listening yet
    }
  }

  async #ask(path: string, body: unknown): Promise<void> {
    const response = await fetch(`${this.#api}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(startMsMax),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`toxiproxy answered ${response.status} to ${path}: ${text}`)
  }
}

interface TheirToxic {
  readonly type: string
  readonly attributes: Readonly<Record<string, number>>
}

/** In toxiproxy's words, and in its units: whole milliseconds, bytes, kilobytes a second. */
const words: { readonly [Kind in Toxic['kind']]: (toxic: Extract<Toxic, { kind: Kind }>) => TheirToxic } = {
  slow: ({ latencyMs, jitterMs }) => ({
    type: 'latency',
    attributes: { latency: Math.round(latencyMs), jitter: Math.round(jitterMs) },
  }),
  narrow: ({ kbPerSecond }) => ({ type: 'bandwidth', attributes: { rate: Math.ceil(kbPerSecond) } }),
  silent: () => ({ type: 'timeout', attributes: { timeout: 0 } }),
  reset: ({ afterMs }) => ({ type: 'reset_peer', attributes: { timeout: Math.round(afterMs) } }),
  torn: ({ bytes }) => ({ type: 'limit_data', attributes: { bytes } }),
}

const theirs = <Kind extends Toxic['kind']>(toxic: Extract<Toxic, { kind: Kind }>): TheirToxic =>
  words[toxic.kind](toxic)
