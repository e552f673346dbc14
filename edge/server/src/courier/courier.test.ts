import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { randomBytes, randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog, ManualClock } from '@jidoka/base'
import type { DesiredItem } from '@jidoka/domain'
import {
  advancePoint,
  CourierError,
  CourierWriter,
  decodeBatch,
  exportPrivateKey,
  generateCourierKey,
  generateEdgeKey,
  keyFingerprint,
  laneStart,
  readCourier,
  signReceipt,
  signTrustList,
} from '@jidoka/sync-protocol'
import type { CourierHeader, DecodedBatch, Lane, LanePoint, Receipt, TrustList } from '@jidoka/sync-protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openPipeline, openReader } from '../pipeline/index.ts'
import type { OpenPipeline } from '../pipeline/index.ts'
import type { StoreReader } from '../store/journal-reader.ts'
import { buildBatch, pointAt } from '../uplink/batch-builder.ts'
import { EdgeIdentity } from '../uplink/identity.ts'
import { CourierBusyError, CourierDesk } from './courier-desk.ts'

// An appliance without a line: what it has stored leaves in files and comes to the cloud as over the line, and what the cloud says comes back
// in one. The journal, its worker and its store are the real ones; the cloud is the protocol's own codec and keys.

const tenant = 'acme'
const cloudCourier = generateCourierKey()
const receiptKey = generateEdgeKey()
const nextReceiptKey = generateEdgeKey()
const keyOf = (id: string, key: { publicKey: string }) => ({ key_id: id, public_key: key.publicKey })
const firstTrust = signTrustList(
  { version: 1, receipt_keys: [keyOf('k1', receiptKey)], courier_key: cloudCourier.publicKey },
  { keyId: 'k1', privateKey: receiptKey.privateKey },
)
const edgeId = randomUUID()

let folder: string
let pipeline: OpenPipeline
let reader: StoreReader
let identity: EdgeIdentity
let desk: CourierDesk
let lineBegins: number
const clock = new ManualClock()

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'jidoka-courier-'))
  identity = EdgeIdentity.open(folder)
  const receipt_keys = [keyOf('k1', receiptKey)]
  identity.enrol({ protocol: '1.2', tenant_id: tenant, site_id: 'ULSAN', edge_id: edgeId, receipt_keys }, 'token')
  identity.believe(firstTrust)
  pipeline = await openPipeline({ dataFolder: folder, tenantId: tenant, log: createLog('test', { level: 'silent' }) })
  reader = openReader({ dataFolder: folder })
  lineBegins = 0
  desk = newDesk()
})
afterEach(async () => {
  reader.close()
  await pipeline.stop()
  rmSync(folder, { recursive: true })
})

const newDesk = () =>
  new CourierDesk({
    identity,
    batches: {
      build: (question) => Promise.resolve(buildBatch(reader, question)),
      pointAt: (lane, after, seq) => Promise.resolve(pointAt(reader, lane, after, seq)),
    },
    pipeline,
    reader,
    clock,
    onImported: () => {
      lineBegins++
      return Promise.resolve()
    },
  })

const store = (count: number) =>
  Promise.all(
    Array.from(
      { length: count },
      (_, index) =>
        new Promise<void>((resolve, reject) =>
          pipeline.ingest(
            { topic: 'sensor/LINE-A/temperature', payload: Buffer.from(String(index)), source: 'press', qos: 1 },
            (error) => (error === null ? resolve() : reject(error)),
          ),
        ),
    ),
  )

const record = (text: string) =>
  pipeline.appendRecord({
    kind: 'audit',
    at_ms: 1,
    body: { actor: 'kim', action: 'test.note', subject: text, detail: {} },
  })

async function exported(question: Parameters<CourierDesk['export']>[0] = {}): Promise<Buffer> {
  const { bytes } = await desk.export(question, 'kim')
  const parts: Buffer[] = []
  for await (const part of bytes) parts.push(part)
  return Buffer.concat(parts)
}

/** As the cloud reads a file. */
async function opened(file: Buffer): Promise<{ batches: DecodedBatch[]; header: CourierHeader }> {
  const chunks = readCourier([file], {
    as: 'cloud',
    recipientKey: cloudCourier.privateKey,
    senderKey: () => identity.publicKey,
  })
  const batches: DecodedBatch[] = []
  for (;;) {
    const { done, value } = await chunks.next()
    if (done === true) return { batches, header: value.header }
    batches.push(decodeBatch(value))
  }
}

/** The cloud's point behind some batches, and its receipt. */
function receiptFor(batches: readonly DecodedBatch[], lane: Lane, point: LanePoint = laneStart): Receipt {
  const moved = batches.filter(({ header }) => header.lane === lane).reduce(advancePoint, point)
  return signReceipt(
    { edgeId, epoch: reader.epoch, lane, point: moved, receivedAtMs: 1 },
    { keyId: 'k1', privateKey: receiptKey.privateKey },
  )
}

const history = randomUUID()
const site = (name: string, version: number): DesiredItem => ({
  kind: 'site',
  key: 'site',
  version,
  body: { name: { ko: name, en: name }, time_zone: 'Asia/Seoul', lines: [] },
})

interface Down {
  seq?: number
  items?: readonly DesiredItem[]
  rows?: readonly unknown[]
  receipts?: readonly Receipt[]
  to?: string
  edge?: string
  tenant?: string
  signer?: { keyId: string; key: typeof receiptKey }
  trust?: TrustList[]
  history?: string
}

/** As the cloud writes a file. */
function downFile(down: Down = {}): Buffer {
  const { keyId, key } = down.signer ?? { keyId: 'k1', key: receiptKey }
  const writer = new CourierWriter(
    {
      direction: 'down',
      tenant_id: down.tenant ?? tenant,
      edge_id: down.edge ?? edgeId,
      epoch: reader.epoch,
      created_at_ms: 1,
      signed_by: keyId,
      trust: down.trust ?? [firstTrust],
    },
    key.privateKey,
    down.to ?? identity.courierPublicKey,
  )
  const rows =
    down.rows ??
    (down.items ?? [site('Ulsan', 1)]).map(({ body, ...name }) => ({
      id: randomUUID(),
      edge_id: edgeId,
      ...name,
      body,
    }))
  const chunks = [
    { kind: 'state', desired_seq: down.seq ?? 1, history: down.history ?? history, rows: rows.length },
    ...rows.map((row) => ({ kind: 'desired', row })),
    { kind: 'news of a later version' },
    ...(down.receipts ?? []).map((receipt) => ({ kind: 'receipt', receipt })),
  ]
  const head = writer.head()
  const sealed = chunks.map((chunk) => writer.chunk(Buffer.from(JSON.stringify(chunk))))
  return Buffer.concat([head, ...sealed, writer.end({ lanes: null, has_more: false })])
}

/** The last report on an item, as the next file carries it to the cloud. */
const reportedOf = async (kind: DesiredItem['kind']) =>
  (await opened(await exported())).batches
    .flatMap((batch) => (batch.kind === 'records' ? batch.records : []))
    .flatMap((each) => (each.kind === 'reported' && each.body.kind === kind ? [each.body] : []))
    .at(-1)
const siteName = () => reader.desired().flatMap((item) => (item.kind === 'site' ? [item.body.name.en] : []))[0]
const faultOf = async (file: Buffer): Promise<string> => {
  const error: unknown = await desk.import([file], 'kim').then(
    () => null,
    (cause: unknown) => cause,
  )
  return error instanceof CourierError ? error.fault : String(error)
}

describe('upwards', () => {
  test('I2: a file holds every row that waits, records first, gapless, and notes what has left', async () => {
    await store(500)
    await record('one')
    const { batches, header } = await opened(await exported())
    expect(header).toMatchObject({ direction: 'up', tenant_id: tenant, edge_id: edgeId, epoch: reader.epoch })
    expect(batches[0]?.header.lane).toBe('records')
    const { recordsSeq, readingsSeq } = reader.lanes()
    expect(receiptFor(batches, 'readings')).toMatchObject({ up_to_seq: 500, count_total: 500 })
    expect(receiptFor(batches, 'records')).toMatchObject({ up_to_seq: recordsSeq })
    expect(readingsSeq).toBe(500)
    // Who took data away, and when, is a record of its own.
    expect(
      reader
        .recordLines(recordsSeq, 1_000)
        .map(({ line }) => line)
        .join(),
    ).toContain('courier.export')
  })

  test('I2: a receipt that a file brings is held against the rows, stored, and the next export begins behind it', async () => {
    await store(300)
    const { batches } = await opened(await exported())
    const receipts = [receiptFor(batches, 'records'), receiptFor(batches, 'readings')]
    const imported = await desk.import([downFile({ receipts })], 'kim')
    expect(imported.receipts.map(({ lane, outcome }) => [lane, outcome])).toEqual([
      ['records', 'stored'],
      ['readings', 'stored'],
    ])
    expect(reader.receipted().readings).toEqual(receipts[1])
    expect(lineBegins).toBe(1)
    await store(20)
    const next = await opened(await exported())
    expect(receiptFor(next.batches, 'readings')).toMatchObject({ count_total: 20 })
    expect(next.batches.find(({ header }) => header.lane === 'readings')?.header.from_seq).toBe(301)
    expect((await desk.import([downFile({ receipts })], 'kim')).receipts.map(({ outcome }) => outcome)).toEqual([
      'known',
      'known',
    ])
  })

  test('splits what is larger than asked for into files that together hold every row once', async () => {
    for (let round = 0; round < 4; round++) {
      await Promise.all(
        Array.from(
          { length: 1_500 },
          (_, index) =>
            new Promise<void>((resolve) =>
              pipeline.ingest(
                {
                  topic: 'sensor/LINE-A/note',
                  payload: Buffer.from(JSON.stringify(`${round} ${index} ${randomBytes(525).toString('base64')}`)),
                  source: 'x',
                  qos: 1,
                },
                () => resolve(),
              ),
            ),
        ),
      )
    }
    const files: Buffer[] = []
    let from: { records: number | undefined; readings: number | undefined } = {
      records: undefined,
      readings: undefined,
    }
    for (let more = true; more;) {
      files.push(await exported({ bytesMax: 1, from }))
      const [newest] = desk.exports()
      expect(newest?.bytes).toBe(files.at(-1)?.length)
      more = newest?.has_more ?? false
      from = {
        records: newest?.records === null ? from.records : (newest?.records.to_seq ?? 0) + 1,
        readings: newest?.readings === null ? from.readings : (newest?.readings.to_seq ?? 0) + 1,
      }
    }
    expect(files.length).toBeGreaterThan(1)
    const batches: DecodedBatch[] = []
    for (const file of files) batches.push(...(await opened(file)).batches)
    const readings = batches.filter(({ header }) => header.lane === 'readings')
    expect(readings.map(({ header }) => header.from_seq)).toEqual([
      1,
      ...readings.slice(0, -1).map(({ header }) => header.to_seq + 1),
    ])
    expect(receiptFor(batches, 'readings')).toMatchObject({ up_to_seq: reader.lanes().readingsSeq, count_total: 6_000 })
  })

  test('one file at a time, and one that is broken off leaves the desk free', async () => {
    await store(10)
    const { bytes } = await desk.export({}, 'kim')
    await expect(desk.export({}, 'kim')).rejects.toThrow(CourierBusyError)
    await bytes.next()
    await bytes.return(undefined)
    expect(desk.exports()).toEqual([])
    await exported()
    expect(desk.exports()).toHaveLength(1)
  })

  test('says what is missing where it does not know the cloud yet, or is asked for rows that are not there', async () => {
    await expect(desk.export({ from: { readings: 99 } }, 'kim')).rejects.toThrow('there is nothing from 99 on')
    identity.enrol(
      {
        protocol: '1.2',
        tenant_id: tenant,
        site_id: 'ULSAN',
        edge_id: edgeId,
        receipt_keys: [keyOf('k1', receiptKey)],
      },
      'other',
    )
    await expect(desk.export({}, 'kim')).rejects.toThrow("does not know the cloud's courier key yet")
  })
})

describe('downwards', () => {
  test('what the cloud wants is in force, once, and survives a restart; the same file again changes nothing', async () => {
    const file = downFile({ seq: 4 })
    expect(await desk.import([file], 'kim')).toMatchObject({ desired: 'applied', items: 1, problems: [] })
    expect(siteName()).toBe('Ulsan')
    expect(reader.desiredPosition()).toEqual({ handle: history, offset: '4_0' })
    expect(await newDesk().import([file], 'kim')).toMatchObject({ desired: 'current' })
    expect(lineBegins).toBe(1)
  })

  test('a file takes back what it does not name, and never undoes what came later', async () => {
    const user: DesiredItem = {
      kind: 'user',
      key: 'lee',
      version: 1,
      body: { name: 'Lee', role: 'viewer', locale: 'ko', password_hash: 'x' },
    }
    const older = downFile({ seq: 2, items: [site('Ulsan', 1), user] })
    await desk.import([older], 'kim')
    await desk.import([downFile({ seq: 3, items: [site('Ulsan East', 2)] })], 'kim')
    expect(reader.desired().map(({ kind }) => kind)).toEqual(['site'])
    expect(await faultOf(older)).toBe('older')
    expect(siteName()).toBe('Ulsan East')
    // Nothing in it has an older version: it only does not name what came since.
    await desk.import([downFile({ seq: 4, items: [site('Ulsan East', 2), user] })], 'kim')
    expect(await faultOf(downFile({ seq: 3, items: [site('Ulsan East', 2)] }))).toBe('older')
    expect(reader.desired()).toHaveLength(2)
  })

  test('what the line has brought since is not undone, whether the line counts the same way or another', async () => {
    const line = (offset: string, handle: string, version: number) =>
      pipeline.applyDesired({
        upserts: [site('by line', version)],
        removals: [],
        replaceAll: false,
        position: { handle, offset },
      })
    await line('7_0', history, 5)
    expect(await faultOf(downFile({ seq: 6 }))).toBe('older')
    expect(await desk.import([downFile({ seq: 7 })], 'kim')).toMatchObject({ desired: 'current' })
    await line('26800584_4', 'of the service', 6)
    expect(await faultOf(downFile({ seq: 9, items: [site('old', 5)] }))).toBe('older')
    expect(await desk.import([downFile({ seq: 9, items: [site('new', 7)] })], 'kim')).toMatchObject({
      desired: 'applied',
    })
    expect(siteName()).toBe('new')
  })

  test('a row that this program cannot read is told, and what stands under its name stays', async () => {
    await desk.import([downFile({ seq: 1 })], 'kim')
    const unreadable = {
      id: randomUUID(),
      edge_id: edgeId,
      kind: 'site',
      key: 'site',
      version: '2',
      body: { shape: 'of a later version' },
    }
    const imported = await desk.import([downFile({ seq: 2, rows: [unreadable] })], 'kim')
    expect(imported.problems).toEqual([expect.stringContaining('perhaps this edge is too old for it')])
    expect(siteName()).toBe('Ulsan')
    // The cloud is told by the records, which a courier carries up; what stood is not reported as if it were the new version.
    expect(await reportedOf('site')).toMatchObject({ state: 'refused', version: 2, problem: imported.problems[0] })
    const nameless = await desk.import([downFile({ seq: 3, rows: [{ what: 'is this' }] })], 'kim')
    expect(nameless.problems.join()).toContain('not readable')
    expect(siteName()).toBe('Ulsan')
    expect(reader.desiredPosition()).toEqual({ handle: history, offset: '3_0', isPartial: true })
  })

  test('a file of which not all could be read is taken again, as a newer program reads more of it', async () => {
    const row = { id: randomUUID(), edge_id: edgeId, kind: 'site', key: 'site', version: '2' }
    await desk.import([downFile({ seq: 2, rows: [{ ...row, body: { shape: 'of a later version' } }] })], 'kim')
    expect(reader.desired()).toEqual([])
    // To this program the newer one's reading of the same file.
    const upgraded = downFile({ seq: 2, rows: [{ ...row, body: site('Ulsan', 2).body }] })
    expect(await desk.import([upgraded], 'kim')).toMatchObject({ desired: 'applied', problems: [] })
    expect(siteName()).toBe('Ulsan')
    expect(await reportedOf('site')).toMatchObject({ state: 'applied', version: 2 })
    expect(await desk.import([upgraded], 'kim')).toMatchObject({ desired: 'current' })
  })

  test('a file for another appliance, tenant or key, of another cloud, torn or changed, changes nothing', async () => {
    const stranger = generateEdgeKey()
    expect(await faultOf(downFile({ edge: randomUUID() }))).toBe('recipient')
    expect(await faultOf(downFile({ tenant: 'other' }))).toBe('recipient')
    expect(await faultOf(downFile({ to: generateCourierKey().publicKey }))).toBe('recipient')
    expect(await faultOf(downFile({ signer: { keyId: 'k9', key: stranger } }))).toBe('sender')
    expect(await faultOf(downFile({ signer: { keyId: 'k1', key: stranger } }))).toBe('tampered')
    const file = downFile()
    expect(await faultOf(file.subarray(0, file.length - 1))).toBe('torn')
    const changed = Buffer.from(file)
    changed[file.length - 700] = (changed[file.length - 700] ?? 0) ^ 1
    expect(await faultOf(changed)).toBe('tampered')
    expect(await faultOf(Buffer.alloc(65 * 1024 * 1024))).toBe('too_large')
    expect([reader.desired(), reader.receipted(), lineBegins]).toEqual([[], { readings: null, records: null }, 0])
  })

  test('a receipt for other rows, of another epoch, or from a stranger is told and not kept', async () => {
    await store(50)
    const { batches } = await opened(await exported())
    const good = receiptFor(batches, 'readings')
    const sign = (fields: Partial<{ epoch: string; point: LanePoint }>, key = receiptKey) =>
      signReceipt(
        {
          edgeId,
          epoch: reader.epoch,
          lane: 'readings',
          point: { seq: 50, count: 50, digest: good.digest },
          receivedAtMs: 1,
          ...fields,
        },
        { keyId: 'k1', privateKey: key.privateKey },
      )
    const receipts = [
      sign({ epoch: randomUUID() }),
      sign({ point: { seq: 50, count: 50, digest: '00000000000000aa' } }),
      sign({ point: { seq: 51, count: 51, digest: good.digest } }),
      sign({}, generateEdgeKey()),
    ]
    const { receipts: taken } = await desk.import([downFile({ receipts })], 'kim')
    expect(taken.map(({ outcome }) => outcome)).toEqual(['other_epoch', 'diverged', 'diverged', 'forged'])
    expect(reader.receipted().readings).toBeNull()
  })

  test('an appliance that was away while the keys of the cloud changed finds its way to the new ones', async () => {
    const second = signTrustList(
      {
        version: 2,
        receipt_keys: [keyOf('k1', receiptKey), keyOf('k2', nextReceiptKey)],
        courier_key: cloudCourier.publicKey,
      },
      { keyId: 'k1', privateKey: receiptKey.privateKey },
    )
    const third = signTrustList(
      { version: 3, receipt_keys: [keyOf('k2', nextReceiptKey)], courier_key: cloudCourier.publicKey },
      { keyId: 'k2', privateKey: nextReceiptKey.privateKey },
    )
    const signer = { keyId: 'k2', key: nextReceiptKey }
    expect(await faultOf(downFile({ signer, trust: [third] }))).toBe('sender')
    expect(await desk.import([downFile({ signer, trust: [second, third] })], 'kim')).toMatchObject({
      desired: 'applied',
    })
    expect(EdgeIdentity.open(folder).enrolled?.trust).toEqual(third)
    expect(await faultOf(downFile({ seq: 2 }))).toBe('sender')
  })
})

test('an identity of before courier files gets a key when it is read, and keeps it', () => {
  const old = mkdtempSync(join(tmpdir(), 'jidoka-courier-'))
  const { privateKey } = generateEdgeKey()
  const file = join(old, 'identity.json')
  writeFileSync(file, JSON.stringify({ version: 1, private_key: exportPrivateKey(privateKey), enrolled: null }))
  const read = EdgeIdentity.open(old)
  expect(EdgeIdentity.open(old).courierPublicKey).toBe(read.courierPublicKey)
  expect(keyFingerprint(read.courierPublicKey)).toHaveLength(22)
  expect(JSON.parse(readFileSync(file, 'utf8')).version).toBe(2)
  rmSync(old, { recursive: true })
})
