import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { freePort } from './free-port.ts'
import { findPrebuilt, unpacked } from './prebuilt-program.ts'

// A line through https://github.com/Shopify/toxiproxy, which breaks it as others than we have thought of.

/** Its API answers within this on a machine under load, or it did not start. */
const startMsMax = 30_000

const findToxiproxy = () => findPrebuilt('TOXIPROXY', ['toxiproxy-server', 'toxiproxy'])

/** Why tests through it cannot run here; null when they can. */
export function toxiproxyIsMissing(): string | null {
  return findToxiproxy() === null ? 'no toxiproxy: set TOXIPROXY to its server, or put it on the PATH' : null
}

/** In its own words: https://github.com/Shopify/toxiproxy#toxics */
export interface Toxic {
  readonly type: 'latency' | 'bandwidth' | 'slow_close' | 'timeout' | 'reset_peer' | 'slicer' | 'limit_data'
  /** Upstream: what the program says to its database. */
  readonly stream: 'upstream' | 'downstream'
  /** Of the connections it is on, 0 to 1. */
  readonly toxicity?: number
  readonly attributes: Readonly<Record<string, number>>
}

export class ToxicLine {
  readonly port: number
  readonly #api: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, apiPort: number, port: number) {
    this.#child = child
    this.#api = `http://127.0.0.1:${apiPort}`
    this.port = port
  }

  static async open(targetPort: number): Promise<ToxicLine> {
    const program = findToxiproxy()
    if (program === null) throw new Error('there is no toxiproxy')
    const [apiPort, port] = [await freePort(), await freePort()]
    const child = spawn(unpacked(program, 'toxiproxy'), ['-host', '127.0.0.1', '-port', String(apiPort)], {
      stdio: 'ignore',
    })
    const line = new ToxicLine(child, apiPort, port)
    const endsMs = performance.now() + startMsMax
    while (!(await line.#answers())) {
      if (child.exitCode !== null || performance.now() > endsMs) {
        await line.close()
        throw new Error('toxiproxy does not answer; start it by hand to see why')
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const upstream = `127.0.0.1:${targetPort}`
    await line.#ask('/proxies', { name: 'line', listen: `127.0.0.1:${port}`, upstream, enabled: true })
    return line
  }

  /** Ends all connections and takes no new ones. */
  cut(): Promise<void> {
    return this.#ask('/proxies/line', { enabled: false })
  }

  add(...toxics: readonly Toxic[]): Promise<void[]> {
    return Promise.all(toxics.map((toxic) => this.#ask('/proxies/line/toxics', { ...toxic })))
  }

  /** A line as new; connections that stood stay. */
  heal(): Promise<void> {
    return this.#ask('/reset', {})
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGKILL')
    await ended
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
