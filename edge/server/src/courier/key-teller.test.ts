import { mkdtempSync, rmSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog, ManualClock } from '@jidoka/base'
import { courierKeySchema, generateCourierKey, generateEdgeKey, signTrustList } from '@jidoka/sync-protocol'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CloudAnswer, CloudRequest } from '../uplink/cloud-line.ts'
import { EdgeIdentity } from '../uplink/identity.ts'
import { CourierKeyTeller } from './key-teller.ts'

const cloudKey = generateEdgeKey()
const receipt_keys = [{ key_id: 'k1', public_key: cloudKey.publicKey }]
const trust = signTrustList(
  { version: 1, receipt_keys, courier_key: generateCourierKey().publicKey },
  { keyId: 'k1', privateKey: cloudKey.privateKey },
)
const answered: CloudAnswer = { kind: 'ok', json: { protocol: '1.2', trust } }
const failed = (status: number): CloudAnswer => ({
  kind: 'failed',
  failure: { kind: 'strange_answer', status, retryAfterMs: null },
})

let folder: string
let identity: EdgeIdentity
let clock: ManualClock
let settings: Map<string, string>
let requests: CloudRequest[]
let answers: CloudAnswer[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jidoka-courier-'))
  identity = EdgeIdentity.open(folder)
  identity.enrol({ protocol: '1.1', tenant_id: 'demo', site_id: 'X', edge_id: randomUUID(), receipt_keys }, 'token')
  clock = new ManualClock()
  settings = new Map()
  requests = []
  answers = []
})
afterEach(() => rmSync(folder, { recursive: true }))

const newTeller = () =>
  new CourierKeyTeller({
    line: {
      request: (request) => {
        requests.push(request)
        return Promise.resolve(answers.shift() ?? answered)
      },
    },
    identity,
    pipeline: { saveSetting: (name, value) => Promise.resolve(void settings.set(name, value)) },
    reader: { setting: (name) => settings.get(name) ?? null },
    clock,
    log: createLog('test', { level: 'silent' }),
    random: () => 0.5,
  })

/** Lets time pass, and what it has set off come to its end. */
async function pass(ms: number): Promise<void> {
  clock.advance(ms)
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
}

test('tells its key once and keeps the keys of the cloud; after a restart there is nothing to tell', async () => {
  await newTeller().start()
  await pass(0)
  const [request] = requests
  expect(request).toMatchObject({ method: 'PUT', path: '/sync/v1/courier-key' })
  const told = courierKeySchema.parse(JSON.parse(Buffer.from(request?.body ?? []).toString()))
  expect(told.courier_key).toBe(identity.courierPublicKey)
  expect(EdgeIdentity.open(folder).enrolled?.trust).toEqual(trust)
  await newTeller().start()
  await pass(86_400_000)
  expect(requests).toHaveLength(1)
})

test('a cloud that is away is asked again soon, an older one some hours later', async () => {
  answers = [{ kind: 'failed', failure: { kind: 'network', cause: 'ECONNREFUSED' } }, failed(503), failed(404)]
  await newTeller().start()
  await pass(0)
  await pass(60_000)
  await pass(60_000)
  expect(requests).toHaveLength(3)
  await pass(3_600_000)
  expect(requests).toHaveLength(3)
  await pass(5 * 3_600_000)
  expect(requests).toHaveLength(4)
  expect(identity.enrolled?.trust).toEqual(trust)
})

test('believes no keys that no believed key has signed', async () => {
  const stranger = generateEdgeKey()
  const list = { version: 1, receipt_keys, courier_key: generateCourierKey().publicKey }
  answers = [
    {
      kind: 'ok',
      json: { protocol: '1.2', trust: signTrustList(list, { keyId: 'k1', privateKey: stranger.privateKey }) },
    },
  ]
  await newTeller().start()
  await pass(0)
  expect(identity.enrolled?.trust).toBeUndefined()
})

test('asks nothing once it is stopped', async () => {
  const teller = newTeller()
  await teller.start()
  await teller.stop()
  await pass(86_400_000)
  expect(requests).toEqual([])
})
