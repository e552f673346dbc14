import { spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { batchContentType, generateEdgeKey, protocolVersion, signRequest, syncPaths } from '@jidoka/sync-protocol'
import { postgresIsMissing, postgresServer } from '../../../cloud/server/src/testing/stores.ts'
import type { PostgresServer, TestStore } from '../../../cloud/server/src/testing/stores.ts'
import { CloudClient } from '../../start/cloud-client.ts'
import { exchange } from './sync-exchange.ts'
import type { Exchanged } from './sync-exchange.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** A real cloud in a process of its own, over a PostgreSQL that forces its commits to the disk. */
export interface BenchCloud {
  readonly url: string
  readonly pid: number
  readonly client: CloudClient
  /** Of the user `admin`. */
  readonly password: string
  /** The database of the cloud, as its owner: the peers write to the same server. */
  readonly store: TestStore
  readonly server: PostgresServer
  enrol(name: string): Promise<SyncEdge>
  close(): Promise<void>
}

/** A string says why it cannot run here. */
export async function startBenchCloud(
  environment: Readonly<Record<string, string>> = {},
): Promise<BenchCloud | string> {
  const missing = postgresIsMissing()
  if (missing !== null) return missing
  const server = await postgresServer([])
  const database = 'bench'
  await server.admin(`create database ${database} template template_migrated`)
  const store = await server.newStore()
  const folder = mkdtempSync(join(tmpdir(), 'jidoka-bench-cloud-'))
  const password = randomBytes(12).toString('base64url')
  const child = spawn(process.execPath, ['cloud/server/src/main.ts'], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: server.url(database),
      JIDOKA_CLOUD_DATA: folder,
      JIDOKA_CLOUD_TENANT: 'acme',
      JIDOKA_CLOUD_HTTP_PORT: '0',
      JIDOKA_CLOUD_ADMIN_PASSWORD: password,
      JIDOKA_CLOUD_LOG_LEVEL: 'error',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })
  const url = await new Promise<string>((resolve, reject) => {
    lines.once('line', (line) => resolve((JSON.parse(line) as { http: string }).http))
    child.once('exit', (code) => reject(new Error(`the cloud ended with ${code}`)))
  })
  const client = await CloudClient.signIn(url, { login: 'admin', password })
  return {
    url,
    pid: child.pid ?? 0,
    client,
    password,
    store,
    server,
    enrol: async (name) => SyncEdge.enrol(url, name, await client.enrolmentToken('BENCH')),
    close: async () => {
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
      child.kill('SIGTERM')
      await ended
      await store.close()
      await server.end()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** An edge as the cloud sees one, without an appliance behind it. */
export class SyncEdge {
  readonly id: string
  readonly epoch: string
  readonly #url: string
  readonly #privateKey: KeyObject

  private constructor(url: string, id: string, epoch: string, privateKey: KeyObject) {
    this.#url = url
    this.id = id
    this.epoch = epoch
    this.#privateKey = privateKey
  }

  static async enrol(url: string, name: string, token: string): Promise<SyncEdge> {
    const { privateKey, publicKey } = generateEdgeKey()
    const epoch = randomUUID()
    const response = await fetch(`${url}${syncPaths.enrol}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        protocol: protocolVersion,
        token,
        name,
        public_key: publicKey,
        epoch,
        program_version: '0.1.0',
      }),
    })
    if (!response.ok) throw new Error(`the cloud did not let ${name} in: ${await response.text()}`)
    return new SyncEdge(url, ((await response.json()) as { edge_id: string }).edge_id, epoch, privateKey)
  }

  get sender() {
    return { edge_id: this.id, epoch: this.epoch }
  }

  async request(method: string, path: string, body: Uint8Array<ArrayBuffer> = new Uint8Array(0)): Promise<Response> {
    const headers = signRequest({
      method,
      path,
      body,
      edgeId: this.id,
      privateKey: this.#privateKey,
      nowMs: Date.now(),
    })
    return fetch(`${this.#url}${path}`, {
      method,
      headers: { ...headers, ...(body.length === 0 ? {} : { 'content-type': batchContentType }) },
      ...(body.length === 0 ? {} : { body }),
    })
  }

  /** The same for who sends many at once. */
  exchange(method: string, path: string, body: Uint8Array = new Uint8Array(0)): Promise<Exchanged> {
    const { id: edgeId } = this
    const headers = signRequest({ method, path, body, edgeId, privateKey: this.#privateKey, nowMs: Date.now() })
    return exchange(`${this.#url}${path}`, { method, headers: { ...headers, 'content-type': batchContentType }, body })
  }

  /** @throws when it is not receipted. */
  async send(batch: Uint8Array<ArrayBuffer>): Promise<void> {
    const response = await this.request('POST', syncPaths.batches, batch)
    const text = await response.text()
    if (!response.ok) throw new Error(`the cloud took no batch: ${text}`)
  }
}

export function residentMb(pid: number): number {
  const kb = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  if (kb === undefined) throw new Error('this system does not tell the resident memory of a process')
  return Number(kb) / 1024
}
