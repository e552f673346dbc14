import type { Clock } from '@jidoka/base'
import { inSpan } from '@jidoka/base'
import { decideBatch } from '@jidoka/sync-engine'
import type { BaseOrigin } from '@jidoka/sync-engine'
import {
  decodeBatch,
  rangesOfReadings,
  rangesOfRecords,
  readBatchHeader,
  RunningDigest,
  signReceipt,
} from '@jidoka/sync-protocol'
import type { DecodedBatch, LanePoint, RangeTally, Receipt, ReceiptSigner, Refusal } from '@jidoka/sync-protocol'
import type { Database, Transaction } from '../../platform/db/database.ts'
import { handled } from '../../platform/db/statements.ts'
import type { EventHub } from '../../platform/events.ts'
import { RefusalError } from '../../platform/http/problem.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { Partitions } from '../../platform/partitions/partitions.ts'
import type { AuditPort } from '../audit/port.ts'
import type { JudgmentPort } from '../judgment/port.ts'
import { halvesOf } from './batch-halves.ts'
import type { EdgeIdentity } from './edge-identity.ts'
import type { EdgeWaiting } from './edge-waiting.ts'
import { IntakeGate } from './intake-gate.ts'
import {
  lockCursor,
  makeCursor,
  moveLane,
  newestReceipt,
  openEpoch,
  receiptPointAt,
  supersededEpochs,
} from './lane-repository.ts'
import type { LaneName } from './lane-repository.ts'
import { addToRanges, lockRanges } from './ranges-repository.ts'
import type { KeptRange } from './ranges-repository.ts'
import type { LaneOfEdge } from './readings-repository.ts'
import { instantsOf, linesOfTags, storeReadings } from './readings-repository.ts'
import { findStream, makeStream } from './readings/streams.ts'
import { storeRecords } from './record-intake.ts'
import { storeDrops } from './record-repository.ts'
import { findEdgeLives, lockEdge } from './repository.ts'
import type { EdgeLives } from './repository.ts'
import type { CursorRow, EdgeRow } from './schema.ts'
import type { Troubles } from './troubles.ts'

export interface IngestionParts {
  database: Database
  clock: Clock
  hub: EventHub
  metrics: Metrics
  partitions: Partitions
  signer: ReceiptSigner
  audit: AuditPort
  troubles: Pick<Troubles, 'note'>
  waiting: Pick<EdgeWaiting, 'note'>
  judgment: () => JudgmentPort
}

/** What became of a batch: its receipt, or that of the rows it repeats, and how many rows of it were not here before. */
export interface Received {
  readonly receipt: Receipt
  readonly rowsNew: number
}

type Committed =
  | { readonly kind: 'taken'; readonly receipt: Receipt; readonly rows: number; readonly outcome: string }
  /** Nothing of the batch is stored, and what was found is: its transaction is committed before the edge is refused. */
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** Where the rows of a batch go. */
interface StoredAt extends LaneName {
  readonly fromSeq: number
  readonly receivedAt: string
  /** Of the rows before them; it goes on with them. */
  readonly digest: RunningDigest
  /** What is kept of their ranges. */
  readonly ranges: ReadonlyMap<number, KeptRange>
  /** Of readings; null before the first. */
  readonly streamId: number | null
}

/**
 * Takes batches of edges: rows, cursor, digest and receipt in one transaction, so that a batch is there as a whole and counted once, or
 * not at all (I2). Which edge and tenant it belongs to comes from who signed the request, never from what it says.
 */
export class Ingestion {
  #parts: IngestionParts
  readonly #gate: IntakeGate

  constructor(parts: IngestionParts) {
    this.#parts = parts
    this.#gate = new IntakeGate(parts.clock)
  }

  /** @throws BatchError, RefusalError; nothing has been stored then. */
  async receive(identity: EdgeIdentity, bytes: Uint8Array): Promise<Received> {
    const { lane } = readBatchHeader(bytes)
    return inSpan('intake', {}, async (span) => {
      const received = await this.#gate.through(lane, () => {
        const batch = decodeBatch(bytes)
        const { from_seq: fromSeq, to_seq: toSeq } = batch.header
        span?.set({
          'jidoka.lane': lane,
          'jidoka.from_seq': fromSeq,
          'jidoka.to_seq': toSeq,
          'jidoka.bytes': bytes.length,
        })
        return this.#receive(identity, batch)
      })
      span?.set({ 'jidoka.rows_new': received.rowsNew })
      return received
    })
  }

  /**
   * The same for who cannot send a batch again in halves, as a courier file: one that makes more rows than a transaction may write is taken in halves
   * here, each in a transaction of its own.
   * @throws BatchError, RefusalError; of a batch that was cut the first parts may be stored then
   */
  async receiveInParts(identity: EdgeIdentity, bytes: Uint8Array, baseOrigin: BaseOrigin): Promise<Received> {
    const { lane } = readBatchHeader(bytes)
    return this.#gate.through(lane, () => this.#receiveInParts(identity, decodeBatch(bytes), baseOrigin))
  }

  async #receiveInParts(identity: EdgeIdentity, batch: DecodedBatch, baseOrigin: BaseOrigin): Promise<Received> {
    try {
      return await this.#receive(identity, batch, baseOrigin)
    } catch (error) {
      const halves = error instanceof RefusalError && error.refusal.kind === 'too_large' ? halvesOf(batch) : null
      if (halves === null) throw error
      const first = await this.#receiveInParts(identity, halves[0], baseOrigin)
      const { receipt, rowsNew } = await this.#receiveInParts(identity, halves[1], 'expected')
      return { receipt, rowsNew: first.rowsNew + rowsNew }
    }
  }

  async #receive(identity: EdgeIdentity, batch: DecodedBatch, baseOrigin: BaseOrigin = 'receipted'): Promise<Received> {
    const { header } = batch
    if (header.edge_id !== identity.edgeId) throw new RefusalError({ kind: 'unknown_edge' })
    await this.#prepare(identity.tenantId, batch)
    const { database, metrics } = this.#parts
    const committed = await database.withTenant(identity.tenantId, (tx) =>
      this.#commit(tx, identity.edgeId, batch, baseOrigin),
    )
    if (committed.kind === 'refused') throw new RefusalError(committed.refusal)
    const { receipt, rows, outcome } = committed
    metrics.syncBatches.inc({ lane: header.lane, outcome })
    metrics.syncRows.inc({ lane: header.lane }, rows)
    if (header.waiting !== undefined) this.#parts.waiting.note(identity, header.waiting)
    return { receipt, rowsNew: rows }
  }

  /** Partitions for what is inside: the transaction itself may not make tables. */
  async #prepare(tenantId: string, batch: DecodedBatch): Promise<void> {
    if (batch.kind === 'readings')
      await this.#parts.partitions.make(tenantId, 'core.reading_segments', instantsOf(batch.segments))
    if (batch.kind === 'records')
      await this.#parts.judgment().prepare(
        tenantId,
        batch.records.flatMap((record) => (record.kind === 'judgment' ? [record.body] : [])),
      )
  }

  async #commit(tx: Transaction, edgeId: string, batch: DecodedBatch, baseOrigin: BaseOrigin): Promise<Committed> {
    const { header } = batch
    const nowMs = this.#parts.clock.nowMs()
    const receivedAt = new Date(nowMs).toISOString()
    const its = { edgeId, epoch: header.epoch, lane: header.lane }
    // All that is to be known of the lane is asked for at once.
    const lives = handled(findEdgeLives(tx, edgeId))
    const locked = handled(lockCursor(tx, its))
    let kept = keptOf(tx, its, batch)
    const { edge, superseded } = await this.#edgeOf(tx, await lives, header.epoch)
    let cursor = await locked
    if (cursor === null) {
      cursor = await makeCursor(tx, its)
      // Without a lock it was asked for too early: another first batch may have been faster.
      kept = keptOf(tx, its, batch)
    }
    const held = pointOfCursor(cursor)
    const { base } = header
    const ours = base !== undefined && base.seq < held.seq ? await receiptPointAt(tx, its, base.seq) : null
    const decision = decideBatch(
      {
        currentEpoch: edge.epoch,
        supersededEpochs: superseded,
        nextSeq: held.seq + 1,
        startSeq: cursor.start_seq,
        point: held,
        receiptAt: () => ours,
      },
      batch,
      baseOrigin,
    )
    if (decision.kind === 'diverged') {
      const { held: theirs } = decision
      await this.#parts.troubles.note(tx, {
        ...its,
        kind: 'diverged',
        seq: theirs.seq,
        held: theirs,
        ours: decision.ours,
        toldBy: 'cloud',
      })
      return { kind: 'refused', refusal: { kind: 'digest' } }
    }
    if (decision.kind === 'refuse') throw new RefusalError(decision.refusal)
    if (decision.kind === 'repeat') {
      const receipt = await newestReceipt(tx, edgeId, header.epoch, header.lane)
      if (receipt === null) throw new Error('a cursor has moved and left no receipt')
      return { kind: 'taken', receipt, rows: 0, outcome: 'repeat' }
    }
    const point = decision.before
    if (decision.opensEpoch) await openEpoch(tx, edge, header.epoch, receivedAt)
    const fromSeq = decision.kind === 'trim' ? decision.from : header.from_seq
    const digest = new RunningDigest(point.digest)
    const at = { ...its, ranges: await kept.ranges, streamId: await kept.streamId, fromSeq, receivedAt, digest }
    const rows = await this.#store(tx, edge, batch, at)
    const receipt = signReceipt(
      {
        edgeId,
        epoch: header.epoch,
        lane: header.lane,
        point: { seq: header.to_seq, count: point.count + rows, digest: digest.hex() },
        receivedAtMs: nowMs,
      },
      this.#parts.signer,
    )
    moveLane(tx, receipt, decision.startsAt ?? cursor.start_seq)
    return { kind: 'taken', receipt, rows, outcome: decision.kind }
  }

  /** The edge; locked when the batch may open a new life of it, so that two lanes do not both do so. */
  async #edgeOf(
    tx: Transaction,
    found: EdgeLives | null,
    epoch: string,
  ): Promise<{ edge: EdgeRow; superseded: string[] }> {
    let edge: EdgeRow | null = found
    let superseded = found?.superseded_epochs ?? []
    if (found !== null && found.epoch !== epoch) {
      edge = await lockEdge(tx, found.id)
      // Anew: the lock may have waited for another life to begin.
      superseded = await supersededEpochs(tx, found.id)
    }
    if (edge === null) throw new RefusalError({ kind: 'unknown_edge' })
    // Also what came before the revocation and waited, as a courier file does.
    if (edge.revoked_at !== null) throw new RefusalError({ kind: 'revoked' })
    return { edge, superseded }
  }

  /** Returns how many rows are new. */
  async #store(tx: Transaction, edge: EdgeRow, batch: DecodedBatch, point: StoredAt): Promise<number> {
    const { header } = batch
    const lane: LaneOfEdge = point
    if (batch.kind === 'dropped') {
      storeDrops(tx, lane, [
        {
          lane: header.lane,
          fromSeq: point.fromSeq,
          toSeq: header.to_seq,
          reason: batch.reason,
          count: null,
          what: null,
          sourceSeq: null,
        },
      ])
      return 0
    }
    if (batch.kind === 'readings') {
      const { segments } = batch
      const tallies = new Map<number, RangeTally>()
      const streamId = point.streamId ?? (await makeStream(tx, lane))
      const tagNos = await storeReadings(tx, { ...lane, streamId }, segments, point.fromSeq, () => {
        for (const segment of segments)
          if (segment.firstSeq + segment.count > point.fromSeq) point.digest.addSegment(segment, point.fromSeq)
        for (const [range, tally] of rangesOfReadings(segments, point.fromSeq)) tallies.set(range, tally)
      })
      addToRanges(tx, point, point.ranges, point.fromSeq, tallies)
      await this.#tellReadings(tx, edge, lane, tagNos)
    } else {
      const skipped = point.fromSeq - header.from_seq
      const lines = batch.lines.slice(skipped)
      for (const line of lines) point.digest.addRecordLine(line)
      addToRanges(tx, point, point.ranges, point.fromSeq, rangesOfRecords(point.fromSeq, lines))
      await storeRecords(this.#parts, tx, edge, lane, batch.records.slice(skipped))
    }
    return header.to_seq - point.fromSeq + 1
  }

  async #tellReadings(tx: Transaction, edge: EdgeRow, lane: LaneOfEdge, tagNos: readonly number[]): Promise<void> {
    const { hub } = this.#parts
    if (!hub.isHeard(tx.tenantId)) return
    const lines = await linesOfTags(tx, lane, tagNos)
    tx.afterCommit(() =>
      hub.publish(tx.tenantId, { event: 'edge', data: { edge_id: edge.id, lines, seen_at: lane.receivedAt } }),
    )
  }
}

/** Asks for what is kept behind a lane's cursor, which must be locked by then. */
function keptOf(tx: Transaction, its: LaneName, { kind, header }: DecodedBatch) {
  return {
    ranges: kind === 'dropped' ? Promise.resolve(new Map<number, KeptRange>()) : handled(lockRanges(tx, its, header)),
    streamId: kind === 'readings' ? handled(findStream(tx, its)) : Promise.resolve(null),
  }
}

const pointOfCursor = ({ received_seq: seq, rows_total: count, digest }: CursorRow): LanePoint => ({
  seq,
  count,
  digest,
})
