import { decideIntake, epochStanding } from '@jidoka/sync-engine'
import { advancePoint, BatchError, decodeBatch, laneStart, protocolVersion, signReceipt } from '@jidoka/sync-protocol'
import type { DecodedBatch, DropReason, Lane, LanePoint, Receipt, ReceiptSigner, Refusal } from '@jidoka/sync-protocol'
import { rowText } from './row-text.ts'
import type { Answer, Request, Server } from './network.ts'
import type { Faults, PlantedBug } from './options.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'

/** A lane of one epoch as the database holds it. Rows and drops only grow, so that a length is a snapshot. */
export interface StoredLane {
  point: LanePoint
  receipt: Receipt | null
  readonly rows: { seq: number; text: string }[]
  readonly drops: { fromSeq: number; toSeq: number; reason: DropReason }[]
}

interface StoredEdge {
  currentEpoch: string | null
  supersededEpochs: readonly string[]
  readonly epochs: Map<string, Record<Lane, StoredLane>>
}

type Undo = () => void

/** The cloud: the real decoder, the real intake decision, and a database whose transactions are atomic. */
export class CloudNode implements Server {
  calm = false
  crashes = 0
  lostTransactions = 0
  readonly edges = new Map<string, StoredEdge>()
  #up = true
  #life = 0
  /** How to take back the last transactions, the newest last; those of a store that does not fsync are lost with it. */
  #unsynced: Undo[] = []
  readonly #random: Random
  readonly #scheduler: Scheduler
  readonly #faults: Faults
  readonly #signer: ReceiptSigner
  readonly #bug: PlantedBug | null
  readonly #trace: (line: string) => void

  constructor(parts: {
    random: Random
    scheduler: Scheduler
    faults: Faults
    signer: ReceiptSigner
    bug: PlantedBug | null
    trace: (line: string) => void
  }) {
    this.#random = parts.random
    this.#scheduler = parts.scheduler
    this.#faults = parts.faults
    this.#signer = parts.signer
    this.#bug = parts.bug
    this.#trace = parts.trace
  }

  handle(request: Request, respond: (answer: Answer) => void): void {
    if (!this.#up) return respond({ kind: 'broken' })
    const life = this.#life
    this.#scheduler.after(this.#random.between(1, 30), () => {
      // Whoever waits for a process that has died since sees the connection break.
      if (life !== this.#life) return respond({ kind: 'broken' })
      if (request.kind === 'cursor') return respond(this.#cursor(request.edgeId, request.epoch))
      if (this.#happens(this.#faults.cloudCrashBeforeCommit)) {
        this.crash('before the commit')
        return respond({ kind: 'broken' })
      }
      const answer = this.#intake(request.edgeId, request.bytes)
      if (this.#happens(this.#faults.cloudCrashAfterCommit)) {
        this.crash('between commit and answer')
        return respond({ kind: 'broken' })
      }
      respond(answer)
    })
  }

  crash(when: string): void {
    if (!this.#up) return
    this.#up = false
    this.#life++
    this.crashes++
    const undone = this.#faults.cloudLosesTail ? this.#unsynced.splice(0).toReversed() : []
    for (const undo of undone) undo()
    const lost = undone.length
    this.lostTransactions += lost
    this.#trace(`cloud crashes ${when}${lost > 0 ? ` and loses its last ${lost} transactions` : ''}`)
    this.#scheduler.after(this.#random.between(500, 15_000), () => {
      this.#up = true
      this.#trace('cloud is back')
    })
  }

  lane(edgeId: string, epoch: string, lane: Lane): StoredLane {
    return this.#edge(edgeId).epochs.get(epoch)?.[lane] ?? emptyLane()
  }

  #happens(probability: number): boolean {
    return !this.calm && this.#random.chance(probability)
  }

  #edge(edgeId: string): StoredEdge {
    let edge = this.edges.get(edgeId)
    if (edge === undefined) {
      edge = { currentEpoch: null, supersededEpochs: [], epochs: new Map() }
      this.edges.set(edgeId, edge)
    }
    return edge
  }

  #cursor(edgeId: string, epoch: string): Answer {
    const edge = this.#edge(edgeId)
    const standing = epochStanding(edge, epoch)
    if (standing.kind === 'refuse') return { kind: 'refused', refusal: standing.refusal }
    const of = (lane: Lane) => {
      const { point, receipt } = this.lane(edgeId, epoch, lane)
      return { next_seq: point.seq + 1, count_total: point.count, digest: point.digest, receipt }
    }
    return {
      kind: 'cursor',
      cursor: {
        protocol: protocolVersion,
        edge_id: edgeId,
        epoch,
        lanes: { records: of('records'), readings: of('readings') },
      },
    }
  }

  #intake(edgeId: string, bytes: Uint8Array): Answer {
    let batch: DecodedBatch
    try {
      batch = decodeBatch(bytes)
    } catch (error) {
      if (error instanceof BatchError) return { kind: 'refused', refusal: error.refusal }
      throw error
    }
    const { header } = batch
    const edge = this.#edge(edgeId)
    const stored = this.lane(edgeId, header.epoch, header.lane)
    const nextSeq = stored.point.seq + (this.#bug === 'cursor_off_by_one' && stored.point.seq > 0 ? 2 : 1)
    const decision = decideIntake({ ...edge, nextSeq: edge.currentEpoch === header.epoch ? nextSeq : 1 }, header)
    this.#trace(
      `cloud: ${header.lane} ${header.from_seq}..${header.to_seq}${header.dropped === null ? '' : ` (${header.dropped})`} -> ${decision.kind}`,
    )
    if (decision.kind === 'refuse') return { kind: 'refused', refusal: decision.refusal }
    if (decision.kind === 'repeat')
      return stored.receipt === null ? refused({ kind: 'digest' }) : { kind: 'receipt', receipt: stored.receipt }
    const from = decision.kind === 'trim' ? decision.from : header.from_seq
    const point = advancePoint(stored.point, batch)
    const receipt = signReceipt(
      { edgeId, epoch: header.epoch, lane: header.lane, point, receivedAtMs: this.#scheduler.nowMs },
      this.#signer,
    )
    const commit = () => this.#commit(edgeId, batch, { from, point, receipt })
    if (this.#bug === 'receipt_before_commit') {
      const life = this.#life
      this.#scheduler.after(200, () => void (life === this.#life && commit()))
    } else commit()
    return { kind: 'receipt', receipt }
  }

  /** One transaction: rows, cursor, digest, receipt, and the epoch if it is a new one. */
  #commit(
    edgeId: string,
    batch: DecodedBatch,
    { from, point, receipt }: { from: number; point: LanePoint; receipt: Receipt },
  ): void {
    const edge = this.#edge(edgeId)
    const { epoch, lane, to_seq } = batch.header
    const { currentEpoch, supersededEpochs } = edge
    if (currentEpoch !== epoch) {
      edge.currentEpoch = epoch
      if (currentEpoch !== null) edge.supersededEpochs = [...supersededEpochs, currentEpoch]
      if (!edge.epochs.has(epoch)) edge.epochs.set(epoch, { records: emptyLane(), readings: emptyLane() })
    }
    const stored = this.lane(edgeId, epoch, lane)
    const before = {
      point: stored.point,
      receipt: stored.receipt,
      rows: stored.rows.length,
      drops: stored.drops.length,
    }
    if (batch.kind === 'dropped') stored.drops.push({ fromSeq: from, toSeq: to_seq, reason: batch.reason })
    else stored.rows.push(...rowText(batch).filter(({ seq }) => seq >= from))
    stored.point = point
    stored.receipt = receipt
    this.#unsynced.push(() => {
      stored.rows.length = before.rows
      stored.drops.length = before.drops
      stored.point = before.point
      stored.receipt = before.receipt
      edge.currentEpoch = currentEpoch
      edge.supersededEpochs = supersededEpochs
    })
    // The store writes its pages out by itself now and then.
    if (this.#unsynced.length > 12) this.#unsynced.splice(0, this.#random.between(1, 12))
  }
}

const emptyLane = (): StoredLane => ({ point: laneStart, receipt: null, rows: [], drops: [] })
const refused = (refusal: Refusal): Answer => ({ kind: 'refused', refusal })
