import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { DesiredItem } from '@jidoka/domain'
import { edgeNodeArguments, edgeNodeEnvironment } from '../../edge/server/node-arguments.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A real appliance in a process and a folder of its own, with one device that publishes below LINE-A. */
export interface BenchAppliance {
  readonly http: string
  readonly mqtt: string
  readonly mqttPort: number
  readonly pid: number
  readonly device: { readonly login: string; readonly secret: string }
  /** Of the user `admin`. */
  readonly password: string
  stop(): Promise<void>
}

export async function startBenchAppliance(
  starter: readonly DesiredItem[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<BenchAppliance> {
  const folder = mkdtempSync(join(tmpdir(), 'jidoka-bench-'))
  const secret = randomBytes(32).toString('base64url')
  const salt = randomBytes(16)
  const hash = createHash('sha256').update(salt).update(secret).digest('base64url')
  const device = {
    login: 'bench',
    secret_hash: `sha256$${salt.toString('base64url')}$${hash}`,
    lines: ['LINE-A'],
    role: 'device',
  }
  const write = (name: string, value: unknown): string => {
    const file = join(folder, name)
    writeFileSync(file, JSON.stringify(value), { mode: 0o600 })
    return file
  }
  const password = randomBytes(12).toString('base64url')
  const child = spawn(process.execPath, [...edgeNodeArguments, 'edge/server/src/main.ts'], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      ...edgeNodeEnvironment(join(root, '.jidoka', 'compile-cache')),
      JIDOKA_DATA: join(folder, 'edge'),
      JIDOKA_TENANT: 'acme',
      JIDOKA_HTTP_PORT: '0',
      JIDOKA_MQTT_PORT: '0',
      JIDOKA_DEVICES: write('devices.json', [device]),
      ...(starter.length === 0 ? {} : { JIDOKA_STARTER: write('starter.json', starter) }),
      JIDOKA_ADMIN_PASSWORD: password,
      JIDOKA_LOG_LEVEL: 'warn',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })
  const ready = await new Promise<{ http: string; mqtt: string }>((resolve, reject) => {
    lines.once('line', (line) => resolve(JSON.parse(line) as { http: string; mqtt: string }))
    child.once('exit', (code) => reject(new Error(`the appliance ended with ${code}`)))
  })
  return {
    ...ready,
    mqttPort: Number(new URL(ready.mqtt).port),
    pid: child.pid ?? 0,
    device: { login: 'bench', secret },
    password,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
        child.kill('SIGTERM')
        await ended
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
