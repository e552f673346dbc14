import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { randomUUID } from 'node:crypto'
import { decideBatch } from '@jidoka/sync-engine'
import {
  decodeBatch,
  enrolmentRequestSchema,
  exportPublicKey,
  generateCourierKey,
  generateEdgeKey,
  importPublicKey,
  isAtLeast,
  NonceMemory,
  pointOf,
  protocolVersion,
  refusalStatus,
  signatureHeaders,
  signReceipt,
  signTrustList,
  syncPaths,
  troubleReportSchema,
  verifyRequest,
} from '@jidoka/sync-protocol'
import type {
  DecodedBatch,
  Lane,
  LanePoint,
  LaneRanges,
  Receipt,
  Refusal,
  Trouble,
  TroubleReport,
  TrustList,
} from '@jidoka/sync-protocol'
import { Holding } from './holding.ts'
import { LoopbackShape } from './loopback-shape.ts'

/**
 * The cloud's end of the line in a few lines: the real codecs, signatures and intake decision behind real HTTP, and
 * memory where the cloud has a database. For tests of the edge's end alone.
 */
export class LoopbackCloud {
  readonly edgeId = randomUUID()
  readonly token = 'one-time-token-of-the-test'
  /** What it holds of the present epoch. */
  held = new Holding('')
  /** What it holds of epochs before. */
  readonly former: Holding[] = []
  readonly reports: TroubleReport[] = []
  /** Told with every cursor. */
  troubles: Trouble[] = []
  /** What it speaks: one of 1.1 refuses batches with members that came later, and has no ears for reports. */
  protocol: string = protocolVersion
  /** Rows that it can never read, by a text in the line of a record. */
  unreadable: string | null = null
  revoked = false
  /** Batches of this lane are put off. */
  busyLane: Lane | null = null
  /** The cursor says what the appliance expects, so that only the batch shows what is there. */
  holdCursor = false
  /** Called with every batch that can be read. */
  onBatch: (batch: DecodedBatch) => void = () => {}
  readonly requests: string[] = []
  /** Answer the next batches with these, in order. */
  readonly refuseNext: Refusal[] = []
  /** Batches are read and never answered, as on a line that hangs. */
  holdBatches = false
  heldBatches = 0
  /** Take the next batch and lose the answer. */
  loseNextAnswer = false
  /** Its clock is ahead of the edge's by this. */
  clockAheadMs = 0
  rangesPerAnswer = 8
  /** What commands have made, by their id. */
  readonly bundles = new Map<string, Buffer>()
  /** Bundles are not taken yet: come again. */
  isBusyForBundles = false
  readonly shape = new LoopbackShape(this.edgeId)
  #receiptKey = { id: 'k1', ...generateEdgeKey() }
  #trust: TrustList | null = null
  readonly #courierKey = exportPublicKey(generateCourierKey().privateKey)
  readonly #nonces = new NonceMemory()
  readonly #sockets = new Set<Socket>()
  readonly #watchers = new Set<() => void>()
  #server: Server
  #edgeKey: string | null = null
  #port = 0

  constructor() {
    this.#server = this.#newServer()
  }

  get points(): Record<Lane, LanePoint> {
    return this.held.points
  }
  get receipts(): Record<Lane, Receipt | null> {
    return this.held.receipts
  }
  get lines(): string[] {
    return this.held.lines
  }

  /** Takes a batch by another way than the line. */
  takeByCourier(bytes: Uint8Array): Receipt {
    const batch = decodeBatch(bytes)
    const { lane, epoch } = batch.header
    return this.#commit(lane, epoch, batch)
  }

  get speaksTroubles(): boolean {
    return this.protocol !== '1.0' && this.protocol !== '1.1'
  }

  /** From now on another key signs, which the old one vouches for. */
  rotateKey({ vouched = true } = {}): void {
    const old = this.#receiptKey
    this.#receiptKey = { id: `k${Number(old.id.slice(1)) + 1}`, ...generateEdgeKey() }
    if (!vouched) return
    const receipt_keys = [{ key_id: this.#receiptKey.id, public_key: this.#receiptKey.publicKey }]
    this.#trust = signTrustList(
      { version: (this.#trust?.version ?? 0) + 1, receipt_keys, courier_key: this.#courierKey },
      { keyId: old.id, privateKey: old.privateKey },
    )
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async start(): Promise<void> {
    this.#server = this.#newServer()
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  /** The line is cut: connections break, new ones are refused. */
  async stop(): Promise<void> {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    if (this.#server.listening) await once(this.#server, 'close')
  }

  /** Resolves when the condition holds after some request. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!holds()) return
        this.#watchers.delete(check)
        resolve()
      }
      this.#watchers.add(check)
      check()
    })
  }

  #newServer(): Server {
    const server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)))
    })
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    return server
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const path = request.url ?? '/'
    const url = new URL(path, this.url)
    this.requests.push(`${request.method} ${url.pathname}`)
    const nowMs = Date.now() + this.clockAheadMs
    response.setHeader(signatureHeaders.time, String(nowMs))
    try {
      if (url.pathname === syncPaths.enrol) return this.#enrol(body, response)
      if (this.#edgeKey === null) return refuse(response, { kind: 'unknown_edge' })
      const headers = new Headers(request.headers as Record<string, string>)
      const verdict = verifyRequest({
        method: request.method ?? '',
        path,
        body,
        headers,
        publicKey: importPublicKey(this.#edgeKey),
        nowMs,
        nonces: this.#nonces,
      })
      if (verdict.kind === 'stale') return refuse(response, { kind: 'stale', skew_ms: verdict.skewMs })
      if (verdict.kind === 'replayed') return refuse(response, { kind: 'replayed' })
      if (verdict.kind !== 'ok') return refuse(response, { kind: 'bad_signature' })
      if (this.revoked) return refuse(response, { kind: 'revoked' })
      if (this.speaksTroubles && url.pathname === syncPaths.troubles) {
        this.reports.push(troubleReportSchema.parse(JSON.parse(body.toString())))
        response.writeHead(204).end()
        return
      }
      if (this.speaksTroubles && url.pathname === syncPaths.ranges) return json(response, this.#ranges(url))
      if (this.speaksTroubles && url.pathname === syncPaths.repairs) {
        const answer = this.held.repair(decodeBatch(body))
        return 'kind' in answer ? refuse(response, answer) : json(response, answer)
      }
      if (url.pathname === syncPaths.cursor) return this.#cursor(url, response)
      if (url.pathname === syncPaths.batches && this.holdBatches) {
        this.heldBatches++
        return
      }
      if (url.pathname === syncPaths.batches) return this.#batch(body, response)
      if (url.pathname === syncPaths.shape) return await this.shape.serve(url, request, response)
      if (url.pathname.startsWith(`${syncPaths.bundles}/`)) return this.#bundle(url, body, response)
      response.writeHead(404).end()
    } finally {
      for (const watcher of this.#watchers) watcher()
    }
  }

  #enrol(body: Buffer, response: ServerResponse): void {
    const request = enrolmentRequestSchema.parse(JSON.parse(body.toString()))
    if (request.token !== this.token) return refuse(response, { kind: 'bad_token' })
    this.#edgeKey = request.public_key
    const receipt_keys = [{ key_id: this.#receiptKey.id, public_key: this.#receiptKey.publicKey }]
    json(response, {
      protocol: protocolVersion,
      tenant_id: 'demo',
      site_id: 'ANSAN',
      edge_id: this.edgeId,
      receipt_keys,
    })
  }

  #bundle(url: URL, body: Buffer, response: ServerResponse): void {
    if (this.isBusyForBundles) return refuse(response, { kind: 'busy', retry_after_ms: 1_000 })
    this.bundles.set(url.pathname.slice(syncPaths.bundles.length + 1), body)
    json(response, { protocol: this.protocol })
  }

  #cursor(url: URL, response: ServerResponse): void {
    const epoch = url.searchParams.get('epoch') ?? ''
    if (this.former.some((each) => each.epoch === epoch))
      return refuse(response, { kind: 'wrong_epoch', current_epoch: this.held.epoch })
    const { points, receipts } = this.held.epoch === epoch || this.held.epoch === '' ? this.held : new Holding(epoch)
    const lane = (name: Lane) => {
      const receipt = receipts[name]
      const point = this.holdCursor && receipt !== null ? pointOf(receipt) : points[name]
      return { next_seq: point.seq + 1, count_total: point.count, digest: point.digest, receipt }
    }
    const isNew = this.speaksTroubles && isAtLeast(url.searchParams.get('protocol') ?? '1.1', '1.2')
    json(response, {
      protocol: this.protocol,
      edge_id: this.edgeId,
      epoch,
      lanes: { records: lane('records'), readings: lane('readings') },
      ...(isNew && this.troubles.length > 0 ? { troubles: this.troubles } : {}),
      ...(isNew && this.#trust !== null ? { trust: this.#trust } : {}),
    })
  }

  #batch(body: Buffer, response: ServerResponse): void {
    const refusal = this.refuseNext.shift()
    if (refusal) return refuse(response, refusal)
    const batch = decodeBatch(body)
    this.onBatch(batch)
    if (batch.header.lane === this.busyLane) return refuse(response, { kind: 'busy', retry_after_ms: 1_000 })
    const { lane, epoch, start_seq: startSeq, base } = batch.header
    if (!this.speaksTroubles && (startSeq !== undefined || base !== undefined))
      return refuse(response, { kind: 'malformed', detail: 'Unrecognized keys: "start_seq", "base"' })
    if (!isAtLeast(this.protocol, '1.3') && batch.header.waiting !== undefined)
      return refuse(response, { kind: 'malformed', detail: 'Unrecognized key: "waiting"' })
    if (
      batch.kind === 'records' &&
      batch.lines.some((line) => this.unreadable !== null && line.includes(this.unreadable))
    )
      return refuse(response, { kind: 'malformed', detail: 'a row of it cannot be read' })
    const isPresent = this.held.epoch === epoch || this.held.epoch === ''
    const decision = decideBatch(
      {
        currentEpoch: isPresent ? epoch : this.held.epoch,
        supersededEpochs: this.former.map((each) => each.epoch),
        nextSeq: this.points[lane].seq + 1,
        startSeq: this.held.starts[lane],
        point: this.points[lane],
        receiptAt: (seq) => this.held.kept.get(`${lane} ${seq}`) ?? null,
      },
      batch,
    )
    if (decision.kind === 'diverged') return refuse(response, { kind: 'digest' })
    if (decision.kind === 'refuse') return refuse(response, decision.refusal)
    if (decision.kind !== 'repeat') {
      if (decision.opensEpoch) {
        this.former.push(this.held)
        this.held = new Holding(epoch)
      }
      this.held.epoch = epoch
      if (decision.startsAt !== null) {
        this.held.starts[lane] = decision.startsAt
        this.points[lane] = decision.before
      }
      this.#commit(lane, epoch, batch)
    }
    if (this.loseNextAnswer) {
      this.loseNextAnswer = false
      response.destroy()
      return
    }
    json(response, this.receipts[lane])
  }

  #commit(lane: Lane, epoch: string, batch: DecodedBatch): Receipt {
    const point = this.held.take(batch)
    const fields = { edgeId: this.edgeId, epoch, lane, point, receivedAtMs: Date.now() }
    const receipt = signReceipt(fields, { keyId: this.#receiptKey.id, privateKey: this.#receiptKey.privateKey })
    this.receipts[lane] = receipt
    return receipt
  }

  #ranges(url: URL): LaneRanges {
    const lane = url.searchParams.get('lane') as Lane
    const ranges = this.held.laneRanges(lane, Number(url.searchParams.get('from')))
    return {
      protocol: protocolVersion,
      edge_id: this.edgeId,
      epoch: url.searchParams.get('epoch') ?? '',
      lane,
      ranges: ranges.slice(0, this.rangesPerAnswer),
      next: ranges[this.rangesPerAnswer]?.range ?? null,
    }
  }
}

function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function refuse(response: ServerResponse, refusal: Refusal): void {
  response
    .writeHead(refusalStatus(refusal), { 'content-type': 'application/problem+json' })
    .end(JSON.stringify({ kind: 'conflict', refusal }))
}
