import type { Clock } from '@jidoka/base'
import type { JournalRecord } from '@jidoka/domain'
import { decideBatch } from '@jidoka/sync-engine'
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
import type { EventHub } from '../../platform/events.ts'
import { RefusalError } from '../../platform/http/problem.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { Partitions } from '../../platform/partitions.ts'
import type { AuditPort } from '../audit/port.ts'
import type { JudgmentPort } from '../judgment/port.ts'
import type { EdgeIdentity } from './edge-identity.ts'
import { busyRetryMs, IntakeGate } from './intake-gate.ts'
import { lockCursor, moveLane, newestReceipt, openEpoch, receiptPointAt, supersededEpochs } from './lane-repository.ts'
import { addToRanges } from './ranges-repository.ts'
import type { LaneOfEdge } from './readings-repository.ts'
import { instantsOf, linesOfTags, storeReadings } from './readings-repository.ts'
import type { RecordsOf } from './record-repository.ts'
import { storeDrops, storeEvents, storeOutages, storeReported, storeTags } from './record-repository.ts'
import { findEdgeLives, lockEdge } from './repository.ts'
import type { CursorRow, EdgeRow } from './schema.ts'
import type { Troubles } from './troubles.ts'

export { busyRetryMs }

export interface IngestionParts {
  database: Database
  clock: Clock
  hub: EventHub
  metrics: Metrics
  partitions: Partitions
  signer: ReceiptSigner
  audit: AuditPort
  troubles: Pick<Troubles, 'note'>
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

/**
 * Takes batches of edges: rows, cursor, digest and receipt in one transaction, so that a batch is there as a whole and counted once, or
 * not at all (I2). Which edge and tenant it belongs to comes from who signed the request, never from what it says.
 */
export class Ingestion {
  #parts: IngestionParts
  readonly #gate = new IntakeGate()

  constructor(parts: IngestionParts) {
    this.#parts = parts
  }

  /** @throws BatchError, RefusalError; nothing has been stored then. */
  async receive(identity: EdgeIdentity, bytes: Uint8Array): Promise<Received> {
    const { lane } = readBatchHeader(bytes)
    return this.#gate.through(lane, () => this.#receive(identity, decodeBatch(bytes)))
  }

  async #receive(identity: EdgeIdentity, batch: DecodedBatch): Promise<Received> {
    const { header } = batch
    if (header.edge_id !== identity.edgeId) throw new RefusalError({ kind: 'unknown_edge' })
    await this.#prepare(batch)
    const { database, metrics } = this.#parts
    const committed = await database.withTenant(identity.tenantId, (tx) => this.#commit(tx, identity.edgeId, batch))
    if (committed.kind === 'refused') throw new RefusalError(committed.refusal)
    const { receipt, rows, outcome } = committed
    metrics.syncBatches.inc({ lane: header.lane, outcome })
    metrics.syncRows.inc({ lane: header.lane }, rows)
    return { receipt, rowsNew: rows }
  }

  /** Partitions for what is inside: the transaction itself may not make tables. */
  async #prepare(batch: DecodedBatch): Promise<void> {
    if (batch.kind === 'readings')
      await this.#parts.partitions.make('core.reading_segments', instantsOf(batch.segments))
    if (batch.kind === 'records')
      await this.#parts
        .judgment()
        .prepare(batch.records.flatMap((record) => (record.kind === 'judgment' ? [record.body] : [])))
  }

  async #commit(tx: Transaction, edgeId: string, batch: DecodedBatch): Promise<Committed> {
    const { header } = batch
    const nowMs = this.#parts.clock.nowMs()
    const receivedAt = new Date(nowMs).toISOString()
    const { edge, superseded } = await this.#edgeOf(tx, edgeId, header.epoch)
    const cursor = await lockCursor(tx, edgeId, header.epoch, header.lane)
    const its = { edgeId, epoch: header.epoch, lane: header.lane }
    const held = pointOfCursor(cursor)
    const { base } = header
    const kept = base !== undefined && base.seq < held.seq ? await receiptPointAt(tx, its, base.seq) : null
    const decision = decideBatch(
      {
        currentEpoch: edge.epoch,
        supersededEpochs: superseded,
        nextSeq: held.seq + 1,
        startSeq: cursor.start_seq,
        point: held,
        receiptAt: () => kept,
      },
      batch,
    )
    if (decision.kind === 'diverged') {
      const { held: theirs, ours } = decision
      await this.#parts.troubles.note(tx, {
        ...its,
        kind: 'diverged',
        seq: theirs.seq,
        held: theirs,
        ours,
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
    const rows = await this.#store(tx, edge, batch, { fromSeq, receivedAt, digest })
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
    await moveLane(tx, receipt, decision.startsAt ?? cursor.start_seq)
    return { kind: 'taken', receipt, rows, outcome: decision.kind }
  }

  /** The edge; locked when the batch may open a new life of it, so that two lanes do not both do so. */
  async #edgeOf(tx: Transaction, edgeId: string, epoch: string): Promise<{ edge: EdgeRow; superseded: string[] }> {
    const found = await findEdgeLives(tx, edgeId)
    let edge: EdgeRow | null = found
    let superseded = found?.superseded_epochs ?? []
    if (edge !== null && edge.epoch !== epoch) {
      edge = await lockEdge(tx, edgeId)
      // Anew: the lock may have waited for another life to begin.
      superseded = await supersededEpochs(tx, edgeId)
    }
    if (edge === null) throw new RefusalError({ kind: 'unknown_edge' })
    // Also what came before the revocation and waited, as a courier file does.
    if (edge.revoked_at !== null) throw new RefusalError({ kind: 'revoked' })
    return { edge, superseded }
  }

  /** Returns how many rows are new. */
  async #store(
    tx: Transaction,
    edge: EdgeRow,
    batch: DecodedBatch,
    point: { fromSeq: number; receivedAt: string; digest: RunningDigest },
  ): Promise<number> {
    const { header } = batch
    const lane: LaneOfEdge = { edgeId: edge.id, epoch: header.epoch, receivedAt: point.receivedAt }
    if (batch.kind === 'dropped') {
      await storeDrops(tx, lane, [
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
      const tagNos = await storeReadings(tx, lane, segments, point.fromSeq, () => {
        for (const segment of segments)
          if (segment.firstSeq + segment.count > point.fromSeq) point.digest.addSegment(segment, point.fromSeq)
        for (const [range, tally] of rangesOfReadings(segments, point.fromSeq)) tallies.set(range, tally)
      })
      await addToRanges(tx, lane, 'readings', point.fromSeq, tallies)
      await this.#tellReadings(tx, edge, lane, tagNos)
    } else {
      const skipped = point.fromSeq - header.from_seq
      const lines = batch.lines.slice(skipped)
      for (const line of lines) point.digest.addRecordLine(line)
      await addToRanges(tx, lane, 'records', point.fromSeq, rangesOfRecords(point.fromSeq, lines))
      await this.#storeRecords(tx, edge, lane, batch.records.slice(skipped))
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

  /** Each kind to the module that owns it, all in this transaction. */
  async #storeRecords(
    tx: Transaction,
    edge: EdgeRow,
    lane: LaneOfEdge,
    records: readonly JournalRecord[],
  ): Promise<void> {
    const { audit, hub } = this.#parts
    const judgment = this.#parts.judgment()
    const of = <Kind extends JournalRecord['kind']>(kind: Kind) =>
      records.filter((record): record is Extract<JournalRecord, { kind: Kind }> => record.kind === kind)
    const judgments = of('judgment')
    if (judgments.length > 0)
      await judgment.storeJudgments(
        tx,
        edge,
        judgments.map(({ body }) => body),
      )
    const runs = of('verdict_run')
    if (runs.length > 0)
      await judgment.storeVerdictRuns(
        tx,
        lane,
        runs.map(({ seq, body }) => ({ ...body, seq })),
      )
    const alarms = of('alarm')
    if (alarms.length > 0)
      await judgment.storeAlarms(
        tx,
        edge,
        alarms.map(({ body }) => body),
      )
    const events = of('event')
    if (events.length > 0) await storeEvents(tx, lane, events)
    const tags = of('tag')
    if (tags.length > 0) await storeTags(tx, lane, tags)
    const reported = of('reported')
    if (reported.length > 0) await this.#storeReported(tx, lane, reported)
    const outages = of('outage')
    if (outages.length > 0) await storeOutages(tx, lane, outages)
    const drops = of('drop')
    if (drops.length > 0) {
      const rows = drops.map(({ seq, body }) => ({
        lane: body.lane,
        fromSeq: body.from_seq,
        toSeq: body.to_seq,
        reason: body.reason,
        count: body.count ?? null,
        what: body.what ?? null,
        sourceSeq: seq,
      }))
      await storeDrops(tx, lane, rows)
    }
    await audit.appendOfEdge(
      tx,
      of('audit').map(({ seq, at_ms, body }) => ({
        ...body,
        actor: `${edge.name}: ${body.actor}`,
        edgeId: edge.id,
        epoch: lane.epoch,
        seq,
        atMs: at_ms,
      })),
    )
    tx.afterCommit(() => {
      for (const { body } of reported) {
        hub.publish(tx.tenantId, {
          event: 'deployment',
          data: { edge_id: edge.id, kind: body.kind, key: body.key, version: body.version, state: body.state },
        })
      }
    })
  }

  async #storeReported(tx: Transaction, lane: LaneOfEdge, reported: RecordsOf<'reported'>): Promise<void> {
    await storeReported(tx, lane, reported)
    // The last word on each rule: one that was removed and came back within a batch stands.
    const states = new Map(
      reported.flatMap(({ body }) => (body.kind === 'rule' ? [[body.key, body.state] as const] : [])),
    )
    const removed = [...states].flatMap(([ruleId, state]) => (state === 'removed' ? [ruleId] : []))
    if (removed.length > 0) await this.#parts.judgment().rulesRemoved(tx, lane.edgeId, removed)
  }
}

const pointOfCursor = ({ received_seq: seq, rows_total: count, digest }: CursorRow): LanePoint => ({
  seq,
  count,
  digest,
})
