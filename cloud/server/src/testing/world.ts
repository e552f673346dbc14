import { randomUUID } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { createLog, ManualClock, uuidv7 } from '@jidoka/base'
import type { Log } from '@jidoka/base'
import { cloudPaths } from '@jidoka/contract'
import type { CloudSession } from '@jidoka/contract'
import type { Alarm, Judgment, NewRecord, RuleDefinition, Value, VerdictRun } from '@jidoka/domain'
import { ruleDefinitionSchema } from '@jidoka/domain'
import {
  batchContentType,
  encodeReadingsBatch,
  encodeRecordsBatch,
  generateEdgeKey,
  protocolVersion,
  receiptSchema,
  SegmentBuilder,
  signRequest,
  syncPaths,
} from '@jidoka/sync-protocol'
import type { BatchSender, Receipt, ReceiptKey, Waiting } from '@jidoka/sync-protocol'
import { openCloud } from '../cloud.ts'
import type { Cloud } from '../cloud.ts'
import { readConfig } from '../config.ts'
import type { TenantDirectory } from '../platform/tenancy/directory.ts'
import type { TestStore } from './stores.ts'

// A cloud under test, spoken to as consoles and edges speak to it.

export const adminPassword = 'correct horse battery'

/** An answer's body as tests look into it; where its shape matters the contract's schema is put to it. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Loose = any

export interface Answer<Body = Loose> {
  status: number
  body: Body
  headers: Headers
}

export class World {
  readonly cloud: Cloud
  readonly clock: ManualClock
  readonly store: TestStore
  #tokens = new Map<string, string>()

  constructor(cloud: Cloud, clock: ManualClock, store: TestStore) {
    this.cloud = cloud
    this.clock = clock
    this.store = store
  }

  static async open(
    store: TestStore,
    options: {
      clock?: ManualClock
      tenant?: string
      modules?: string
      log?: Log
      electric?: { url: string; secret: string }
      redisUrl?: string
      /** Whose pages may use the API, with commas between. */
      corsOrigins?: string
      directory?: TenantDirectory
      /** Attempts of a person and of a tenant in ten seconds, where a test makes more than people do. */
      attemptsMax?: number
      /** Works on jobs too; without it they wait, and nothing is polled. */
      jobs?: boolean
      /** Settings besides. */
      environment?: Readonly<Record<string, string>>
    } = {},
  ): Promise<World> {
    const clock = options.clock ?? new ManualClock(Date.UTC(2026, 10, 21, 9))
    const config = readConfig({
      JIDOKA_CLOUD_DATA: store.folder,
      JIDOKA_CLOUD_TENANT: options.tenant ?? 'demo',
      JIDOKA_CLOUD_ADMIN_PASSWORD: adminPassword,
      JIDOKA_CLOUD_MODULES: options.modules,
      JIDOKA_CLOUD_JOBS: String(options.jobs ?? false),
      // Looked at by the configuration alone: the backend is open.
      DATABASE_URL: options.electric === undefined ? undefined : 'postgres://of-the-test',
      REDIS_URL: options.redisUrl,
      JIDOKA_CLOUD_CORS_ORIGINS: options.corsOrigins,
      JIDOKA_CLOUD_RATE_USER: options.attemptsMax?.toString(),
      JIDOKA_CLOUD_RATE_TENANT: options.attemptsMax?.toString(),
      ELECTRIC_URL: options.electric?.url,
      ELECTRIC_SECRET: options.electric?.secret,
      ...options.environment,
    })
    const cloud = await openCloud({
      config,
      backend: store.backend,
      directory: options.directory ?? null,
      clock,
      log: options.log ?? createLog('test', { level: 'silent' }),
    })
    return new World(cloud, clock, store)
  }

  async request(
    method: string,
    path: string,
    options: { json?: unknown; body?: Uint8Array; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const body = options.json === undefined ? options.body : JSON.stringify(options.json)
    const headers = {
      ...(options.json === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    }
    const response = await this.cloud.app.request(path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: body as string | Uint8Array<ArrayBuffer> }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') ?? false
    return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers }
  }

  async login(login = 'admin', password = adminPassword): Promise<Answer<{ data: CloudSession }>> {
    return this.request('POST', cloudPaths.login, { json: { login, password } })
  }

  /** As somebody who is signed in; the administrator unless told otherwise. Signs in anew when the token has ended. */
  async as(method: string, path: string, json?: unknown, login = 'admin'): Promise<Answer> {
    const call = async () =>
      this.request(method, path, {
        ...(json === undefined ? {} : { json }),
        headers: { authorization: `Bearer ${this.#tokens.get(login) ?? ''}` },
      })
    let answer = this.#tokens.has(login) ? await call() : { status: 401 }
    if (answer.status === 401) {
      this.#tokens.set(login, (await this.login(login)).body.data.access_token)
      answer = await call()
    }
    return answer as Answer
  }

  async accessToken(login = 'admin'): Promise<string> {
    await this.as('GET', cloudPaths.me, undefined, login)
    return this.#tokens.get(login) as string
  }

  async newToken(options: { siteCode?: string; login?: string } = {}): Promise<string> {
    const answer = await this.as(
      'POST',
      cloudPaths.enrolments,
      { site_code: options.siteCode ?? 'ULSAN', valid_min: 60 },
      options.login,
    )
    return answer.body.data.token
  }

  async newEdge(options: { name?: string; siteCode?: string; login?: string } = {}): Promise<TestEdge> {
    const edge = new TestEdge(this, options.name ?? 'press shop')
    const answer = await edge.enrol(await this.newToken(options))
    if (answer.status !== 200) throw new Error(`enrolment failed: ${JSON.stringify(answer.body)}`)
    return edge
  }

  async close(): Promise<void> {
    await this.cloud.stop()
    await this.store.close()
  }
}

/** An edge as the cloud sees one: a key, an epoch, two lanes. */
export class TestEdge {
  readonly world: World
  readonly name: string
  readonly privateKey: KeyObject
  readonly publicKey: string
  epoch: string = randomUUID()
  id = ''
  receiptKeys: ReceiptKey[] = []
  nextSeq = { records: 1, readings: 1 }
  /** Said with each batch; absent as of an edge of before 1.3. */
  waiting: Waiting | undefined

  constructor(world: World, name: string) {
    this.world = world
    this.name = name
    const { privateKey, publicKey } = generateEdgeKey()
    this.privateKey = privateKey
    this.publicKey = publicKey
  }

  async enrol(token: string): Promise<Answer> {
    const answer = await this.world.request('POST', syncPaths.enrol, {
      json: {
        protocol: protocolVersion,
        token,
        name: this.name,
        public_key: this.publicKey,
        epoch: this.epoch,
        program_version: '0.1.0',
      },
    })
    if (answer.status === 200) {
      this.id = answer.body.edge_id
      this.receiptKeys = answer.body.receipt_keys
    }
    return answer
  }

  headers(method: string, path: string, body: Uint8Array = new Uint8Array(0)): Record<string, string> {
    return signRequest({
      method,
      path,
      body,
      edgeId: this.id,
      privateKey: this.privateKey,
      nowMs: this.world.clock.nowMs(),
    })
  }

  signed(method: string, path: string, body?: Uint8Array): Promise<Answer> {
    return this.world.request(method, path, {
      headers: {
        ...this.headers(method, path, body),
        ...(body === undefined ? {} : { 'content-type': batchContentType }),
      },
      ...(body === undefined ? {} : { body }),
    })
  }

  send(batch: Uint8Array): Promise<Answer> {
    return this.signed('POST', syncPaths.batches, batch)
  }

  get sender(): BatchSender {
    const { id: edge_id, epoch, waiting } = this
    return { edge_id, epoch, ...(waiting === undefined ? {} : { waiting }) }
  }

  /** Encodes records as a batch, numbered from `fromSeq`; by default where the lane goes on. */
  recordsBatch(records: readonly NewRecord[], fromSeq = this.nextSeq.records): Uint8Array {
    const lines = records.map((record, index) => JSON.stringify({ seq: fromSeq + index, ...record }))
    this.nextSeq.records = Math.max(this.nextSeq.records, fromSeq + records.length)
    return encodeRecordsBatch({ ...this.sender, from_seq: fromSeq }, lines)
  }

  readingsBatch(
    readings: readonly { tagNo: number; timeMs: number; value: Value; quality?: 'good' | 'uncertain' | 'bad' }[],
    fromSeq = this.nextSeq.readings,
  ): Uint8Array {
    const builder = new SegmentBuilder()
    for (const { tagNo, timeMs, value, quality } of readings) builder.push(tagNo, timeMs, value, quality ?? 'good')
    this.nextSeq.readings = Math.max(this.nextSeq.readings, fromSeq + readings.length)
    return encodeReadingsBatch(this.sender, [builder.encode(fromSeq, this.world.clock.nowMs())])
  }

  async sendRecords(records: readonly NewRecord[]): Promise<Receipt> {
    return this.#receipt(await this.send(this.recordsBatch(records)))
  }

  async sendReadings(readings: Parameters<TestEdge['readingsBatch']>[0]): Promise<Receipt> {
    return this.#receipt(await this.send(this.readingsBatch(readings)))
  }

  #receipt(answer: Answer): Receipt {
    if (answer.status !== 200) throw new Error(`refused: ${JSON.stringify(answer.body)}`)
    return receiptSchema.parse(answer.body)
  }
}

/** A verdict as an edge makes it. */
export function judgmentRecord(atMs: number, changes: Partial<Judgment> = {}): NewRecord {
  const body: Judgment = {
    id: uuidv7(atMs),
    rule_id: 'press-temperature',
    rule_version: 1,
    rule_hash: 'a'.repeat(64),
    subject: 'LINE-A/PRESS-1/temperature',
    line: 'LINE-A',
    equipment: 'PRESS-1',
    status: 'HIGH',
    normal: false,
    previous_status: 'NORMAL',
    confidence: 0.95,
    method_used: 'rule',
    explanation: '92.5 > 90',
    inputs: { value: { value: 92.5, at_ms: atMs } },
    reading_seq: 1,
    judged_at_ms: atMs,
    ...changes,
  }
  return { at_ms: atMs, kind: 'judgment', body }
}

/** An unbroken run of one normal verdict. */
export function verdictRunRecord(atMs: number, changes: Partial<VerdictRun> = {}): NewRecord {
  const body: VerdictRun = {
    rule_id: 'press-temperature',
    rule_version: 1,
    rule_hash: 'a'.repeat(64),
    subject: 'LINE-A/PRESS-1/temperature',
    line: 'LINE-A',
    status: 'NORMAL',
    first_reading_seq: 1,
    last_reading_seq: 60,
    first_at_ms: atMs,
    last_at_ms: atMs + 60_000,
    count: 60,
    ...changes,
  }
  return { at_ms: atMs, kind: 'verdict_run', body }
}

export function alarmRecord(atMs: number, changes: Partial<Alarm> = {}): NewRecord {
  const body: Alarm = {
    id: uuidv7(atMs),
    rule_id: 'press-temperature',
    subject: 'LINE-A/PRESS-1/temperature',
    line: 'LINE-A',
    equipment: 'PRESS-1',
    priority: 'high',
    state: 'unacknowledged',
    status: 'HIGH',
    explanation: '92.5 > 90',
    judgment_id: uuidv7(atMs),
    raised_at_ms: atMs,
    returned_at_ms: null,
    acknowledged_at_ms: null,
    acknowledged_by: null,
    changed_at_ms: atMs,
    ...changes,
  }
  return { at_ms: atMs, kind: 'alarm', body }
}

export const tagRecord = (
  atMs: number,
  tagNo: number,
  key: string,
  kind: 'number' | 'boolean' | 'text' = 'number',
  unit = '°C',
): NewRecord => ({
  at_ms: atMs,
  kind: 'tag',
  body: { tag_no: tagNo, key, kind, unit },
})

/** A rule that is right: above its limit HIGH, else NORMAL. */
export function ruleOf(changes: Partial<RuleDefinition> = {}): Omit<RuleDefinition, 'version'> {
  const { version: _, ...rule } = ruleDefinitionSchema.parse({
    id: 'press-temperature',
    version: 1,
    name: { ko: '프레스 온도', en: 'Press temperature' },
    trigger: { on: 'reading', sensor: 'temperature' },
    inputs: [{ name: 'value', from: 'trigger', kind: 'number' }],
    parameters: { high: { value: 90, name: { ko: '상한', en: 'High limit' }, unit: '°C' } },
    script:
      'if input.value > params.high { #{ status: "HIGH", confidence: 0.95, explanation: `${input.value} > ${params.high}` } } else { #{ status: "NORMAL", confidence: 0.8 } }',
    alarms: { HIGH: 'high' },
    examples: [
      { input: { value: 95 }, status: 'HIGH' },
      { input: { value: 20 }, status: 'NORMAL' },
    ],
    ...changes,
  })
  return rule
}
