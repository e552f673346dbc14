import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { hashDeviceSecret, newDeviceSecret } from '@jidoka/base'
import { edgePaths } from '@jidoka/contract'
import { connectAsync } from 'mqtt'
import type { MqttClient } from 'mqtt'

const program = new URL('../main.ts', import.meta.url).pathname

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stderr: string
}

/** The appliance as a real process on loopback, in a folder of its own. */
export class ApplianceProcess {
  readonly http: string
  readonly mqtt: string
  readonly #child: ChildProcessWithoutNullStreams
  readonly #ended: Promise<Ended>

  private constructor(
    child: ChildProcessWithoutNullStreams,
    ended: Promise<Ended>,
    urls: { readonly http: string; readonly mqtt: string },
  ) {
    this.#child = child
    this.#ended = ended
    this.http = urls.http
    this.mqtt = urls.mqtt
  }

  /** Starts it and waits for its ready line. Throws when it ends before. */
  static async start(environment: Readonly<Record<string, string>>): Promise<ApplianceProcess> {
    const child = launch(environment)
    const ended = endOf(child)
    const lines = createInterface({ input: child.stdout })
    const outcome = await Promise.race([once(lines, 'line') as Promise<[string]>, ended])
    if (!Array.isArray(outcome)) throw new Error(`the appliance ended with ${outcome.code}: ${outcome.stderr}`)
    const ready = JSON.parse(outcome[0]) as { ready: boolean; http: string; mqtt: string }
    return new ApplianceProcess(child, ended, ready)
  }

  /** Starts one that is expected to end by itself. */
  static run(environment: Readonly<Record<string, string>>): Promise<Ended> {
    return endOf(launch(environment))
  }

  /** Starts one and sends the signal as soon as `isTime`, whether or not it is ready by then. */
  static async interrupt(
    environment: Readonly<Record<string, string>>,
    signal: NodeJS.Signals,
    isTime: () => boolean,
  ): Promise<Ended & { readonly stdout: string }> {
    const child = launch(environment)
    let stdout = ''
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    const ended = endOf(child)
    while (!isTime() && child.exitCode === null) await nextTurn()
    child.kill(signal)
    return { ...(await ended), stdout }
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.#child.kill(signal)
    return this.#ended
  }

  closeInput(): void {
    this.#child.stdin.end()
  }

  /** What a supervisor leaves behind that is killed: pipes that nobody holds the other end of. */
  async abandon(): Promise<Ended> {
    this.#child.stderr.destroy()
    this.#child.stdout.destroy()
    this.#child.stdin.destroy()
    return this.#ended
  }

  /** The cookie of a signed-in person. */
  async signIn(login: string, password: string): Promise<string> {
    const answer = await this.request(edgePaths.login, '', { login, password })
    if (!answer.ok) throw new Error(`sign-in answered ${answer.status}: ${await answer.text()}`)
    return (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  }

  request(path: string, cookie: string, body?: unknown): Promise<Response> {
    const headers = { cookie, 'content-type': 'application/json' }
    if (body === undefined) return fetch(new URL(path, this.http), { headers })
    return fetch(new URL(path, this.http), { method: 'POST', headers, body: JSON.stringify(body) })
  }

  device(login: string, secret: string): Promise<MqttClient> {
    return connectAsync(this.mqtt, { username: login, password: secret, clientId: login, reconnectPeriod: 0 })
  }
}

/** A folder with what an appliance needs: data, one device and its secret. */
export class TestPlant {
  readonly folder = mkdtempSync(join(tmpdir(), 'jidoka-appliance-'))
  readonly secret = newDeviceSecret()
  readonly password = 'a password for tests'

  constructor() {
    const secret_hash = hashDeviceSecret(this.secret)
    this.write('devices.json', [
      { login: 'line-a.press-1', secret_hash, lines: ['LINE-A'], role: 'device' },
      { login: 'stack-light', secret_hash, lines: ['LINE-A'], role: 'consumer' },
    ])
  }

  write(name: string, json: unknown): string {
    const file = join(this.folder, name)
    writeFileSync(file, JSON.stringify(json), { mode: 0o600 })
    return file
  }

  environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    return {
      PATH: process.env['PATH'] ?? '',
      JIDOKA_DATA: join(this.folder, 'data'),
      JIDOKA_HTTP_PORT: '0',
      JIDOKA_MQTT_PORT: '0',
      JIDOKA_DEVICES: join(this.folder, 'devices.json'),
      JIDOKA_ADMIN_PASSWORD: this.password,
      ...more,
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true })
  }
}

function launch(environment: Readonly<Record<string, string>>): ChildProcessWithoutNullStreams {
  // Sources that were compiled for the process before need not be compiled again: a start is most of what these tests wait for.
  return spawn(process.execPath, [program], {
    env: { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...environment },
  })
}

async function endOf(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return { code, signal, stderr }
}
