import { mkdtempSync, rmSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog, ManualClock } from '@jidoka/base'
import type { DesiredItem } from '@jidoka/domain'
import {
  advancePoint,
  CourierError,
  CourierWriter,
  decodeBatch,
  generateCourierKey,
  generateEdgeKey,
  laneStart,
  readCourier,
  signReceipt,
  signTrustList,
} from '@jidoka/sync-protocol'
import type {
  CourierHeader,
  DecodedBatch,
  Lane,
  LanePoint,
  Receipt,
  ReceiptJudgement,
  TrustList,
} from '@jidoka/sync-protocol'
import { openPipeline, openReader } from '../../pipeline/index.ts'
import type { OpenPipeline } from '../../pipeline/index.ts'
import type { StoreReader } from '../../store/journal-reader.ts'
import { buildBatch, pointAt } from '../../uplink/batch-builder.ts'
import { EdgeIdentity } from '../../uplink/identity.ts'
import type { Brought } from '../../uplink/brought-receipts.ts'
import { CourierDesk } from '../courier-desk.ts'
import type { CourierLine } from '../courier-line.ts'

// An appliance without a line: what it has stored leaves in files and comes to the cloud as over the line, and what the cloud says comes back
// in one. The journal, its worker and its store are the real ones; the cloud is the protocol's own codec and keys.

export const tenant = 'acme'
export const edgeId = randomUUID()
export const history = randomUUID()
export const cloudCourier = generateCourierKey()
export const receiptKey = generateEdgeKey()
export const keyOf = (id: string, key: { publicKey: string }) => ({ key_id: id, public_key: key.publicKey })
export const firstTrust = signTrustList(
  { version: 1, receipt_keys: [keyOf('k1', receiptKey)], courier_key: cloudCourier.publicKey },
  { keyId: 'k1', privateKey: receiptKey.privateKey },
)
/** As the cloud takes the appliance in. */
export const enrolment = {
  protocol: '1.2',
  tenant_id: tenant,
  site_id: 'ULSAN',
  edge_id: edgeId,
  receipt_keys: [keyOf('k1', receiptKey)],
}

export const site = (name: string, version: number): DesiredItem => ({
  kind: 'site',
  key: 'site',
  version,
  body: { name: { ko: name, en: name }, time_zone: 'Asia/Seoul', lines: [] },
})

export interface Down {
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

/** The line as a courier's file finds it. */
class FakeLine implements CourierLine {
  readonly left: [Lane, number][] = []
  readonly brought: [number, ReceiptJudgement][] = []
  answer: Brought = 'stopped'
  pauses = 0
  exported(lane: Lane, toSeq: number): void {
    this.left.push([lane, toSeq])
  }
  bring(receipt: Receipt, judgement: ReceiptJudgement): Promise<Brought> {
    this.brought.push([receipt.up_to_seq, judgement])
    return Promise.resolve(this.answer)
  }
  besideFollower<Value>(work: () => Promise<Value>): Promise<Value> {
    this.pauses++
    return work()
  }
}

export class CourierHarness {
  readonly folder: string
  readonly identity: EdgeIdentity
  readonly pipeline: OpenPipeline
  readonly reader: StoreReader
  readonly line = new FakeLine()
  /** Rows were dropped here since they left: nobody can compare them. */
  areRowsGone = false
  readonly desk: CourierDesk
  readonly #clock = new ManualClock()

  private constructor(folder: string, identity: EdgeIdentity, pipeline: OpenPipeline) {
    this.folder = folder
    this.identity = identity
    this.pipeline = pipeline
    this.reader = openReader({ dataFolder: folder })
    this.desk = this.newDesk()
  }

  static async open(): Promise<CourierHarness> {
    const folder = mkdtempSync(join(tmpdir(), 'jidoka-courier-'))
    const identity = EdgeIdentity.open(folder)
    identity.enrol(enrolment, 'token')
    identity.believe(firstTrust)
    const log = createLog('test', { level: 'silent' })
    return new CourierHarness(folder, identity, await openPipeline({ dataFolder: folder, tenantId: tenant, log }))
  }

  async close(): Promise<void> {
    this.reader.close()
    await this.pipeline.stop()
    rmSync(this.folder, { recursive: true })
  }

  /** As after a restart. */
  newDesk(): CourierDesk {
    const { identity, pipeline, reader } = this
    return new CourierDesk({
      identity,
      batches: {
        build: (question) => Promise.resolve(buildBatch(reader, question)),
        pointAt: (lane, after, seq) => Promise.resolve(this.areRowsGone ? null : pointAt(reader, lane, after, seq)),
      },
      pipeline,
      reader,
      clock: this.#clock,
      line: () => this.line,
    })
  }

  async store(count: number): Promise<void> {
    const publish = (value: number) =>
      new Promise<void>((resolve, reject) =>
        this.pipeline.ingest(
          { topic: 'sensor/LINE-A/temperature', payload: Buffer.from(String(value)), source: 'press', qos: 1 },
          (error) => (error === null ? resolve() : reject(error)),
        ),
      )
    await Promise.all(Array.from({ length: count }, (_, index) => publish(index)))
  }

  record(text: string): Promise<void> {
    const body = { actor: 'kim', action: 'test.note', subject: text, detail: {} }
    return this.pipeline.appendRecord({ kind: 'audit', at_ms: 1, body })
  }

  async exported(question: Parameters<CourierDesk['export']>[0] = {}): Promise<Buffer> {
    const { bytes } = await this.desk.export(question, 'kim')
    const parts: Buffer[] = []
    for await (const part of bytes) parts.push(part)
    return Buffer.concat(parts)
  }

  /** As the cloud reads a file. */
  async opened(file: Buffer): Promise<{ batches: DecodedBatch[]; header: CourierHeader }> {
    const chunks = readCourier([file], {
      as: 'cloud',
      recipientKey: cloudCourier.privateKey,
      senderKey: () => this.identity.publicKey,
    })
    const batches: DecodedBatch[] = []
    for (;;) {
      const { done, value } = await chunks.next()
      if (done === true) return { batches, header: value.header }
      batches.push(decodeBatch(value))
    }
  }

  /** The cloud's point behind some batches, and its receipt. */
  receiptFor(batches: readonly DecodedBatch[], lane: Lane, point: LanePoint = laneStart): Receipt {
    const moved = batches.filter(({ header }) => header.lane === lane).reduce(advancePoint, point)
    return signReceipt(
      { edgeId, epoch: this.reader.epoch, lane, point: moved, receivedAtMs: 1 },
      { keyId: 'k1', privateKey: receiptKey.privateKey },
    )
  }

  /** As the cloud writes a file. */
  downFile(down: Down = {}): Buffer {
    const { keyId, key } = down.signer ?? { keyId: 'k1', key: receiptKey }
    const writer = new CourierWriter(
      {
        direction: 'down',
        tenant_id: down.tenant ?? tenant,
        edge_id: down.edge ?? edgeId,
        epoch: this.reader.epoch,
        created_at_ms: 1,
        signed_by: keyId,
        trust: down.trust ?? [firstTrust],
      },
      key.privateKey,
      down.to ?? this.identity.courierPublicKey,
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
  async reportedOf(kind: DesiredItem['kind']) {
    const { batches } = await this.opened(await this.exported())
    return batches
      .flatMap((batch) => (batch.kind === 'records' ? batch.records : []))
      .flatMap((each) => (each.kind === 'reported' && each.body.kind === kind ? [each.body] : []))
      .at(-1)
  }

  siteName(): string | undefined {
    return this.reader.desired().flatMap((item) => (item.kind === 'site' ? [item.body.name.en] : []))[0]
  }

  async faultOf(file: Buffer): Promise<string> {
    const error: unknown = await this.desk.import([file], 'kim').then(
      () => null,
      (cause: unknown) => cause,
    )
    return error instanceof CourierError ? error.fault : String(error)
  }
}
