import type { Clock } from '@jidoka/base'
import type { JournalRecord } from '@jidoka/domain'
import { decideIntake } from '@jidoka/sync-engine'
import { decodeBatch, RunningDigest, signReceipt } from '@jidoka/sync-protocol'
import type { DecodedBatch, Receipt, ReceiptSigner } from '@jidoka/sync-protocol'
import type { Database, Transaction } from '../../platform/db/database.ts'
import type { EventHub } from '../../platform/events.ts'
import { RefusalError } from '../../platform/http/problem.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { Partitions } from '../../platform/partitions.ts'
import type { AuditPort } from '../audit/port.ts'
import type { JudgmentPort } from '../judgment/port.ts'
import type { EdgeIdentity } from './edge-identity.ts'
import { insertReceipt, lockCursor, moveCursor, newestReceipt, openEpoch, supersededEpochs } from './lane-repository.ts'
import type { LaneOfEdge } from './readings-repository.ts'
import { instantsOf, linesOfTags, storeReadings } from './readings-repository.ts'
import type { RecordsOf } from './record-repository.ts'
import { storeDrops, storeEvents, storeOutages, storeReported, storeTags } from './record-repository.ts'
import { findEdge, lockEdge, noteSeen } from './repository.ts'
import type { EdgeRow } from './schema.ts'

/**
 * Batches worked on at once. One may take 30 MB when decoded; more at once would only wait for the same database, with their
 * memory held.
 */
const atOnceMax = 8
export const busyRetryMs = 1_000

export interface IngestionParts {
  database: Database
  clock: Clock
  hub: EventHub
  metrics: Metrics
  partitions: Partitions
  signer: ReceiptSigner
  audit: AuditPort
  judgment: () => JudgmentPort
}

/**
 * Takes batches of edges: rows, cursor, digest and receipt in one transaction, so that a batch is there as a whole and counted once, or
 * not at all (I2). Which edge and tenant it belongs to comes from who signed the request, never from what it says.
 */
export class Ingestion {
  #parts: IngestionParts
  #running = 0

  constructor(parts: IngestionParts) {
    this.#parts = parts
  }

  /** @throws BatchError, RefusalError; nothing has been stored then. */
  async receive(identity: EdgeIdentity, bytes: Uint8Array): Promise<Receipt> {
    if (this.#running >= atOnceMax) throw new RefusalError({ kind: 'busy', retry_after_ms: busyRetryMs })
    this.#running++
    try {
      return await this.#receive(identity, decodeBatch(bytes))
    } finally {
      this.#running--
    }
  }

  async #receive(identity: EdgeIdentity, batch: DecodedBatch): Promise<Receipt> {
    const { header } = batch
    if (header.edge_id !== identity.edgeId) throw new RefusalError({ kind: 'unknown_edge' })
    await this.#prepare(batch)
    const { database, metrics } = this.#parts
    const { receipt, rows, outcome } = await database.withTenant(identity.tenantId, (tx) =>
      this.#commit(tx, identity.edgeId, batch),
    )
    metrics.syncBatches.inc({ lane: header.lane, outcome })
    metrics.syncRows.inc({ lane: header.lane }, rows)
    return receipt
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

  async #commit(
    tx: Transaction,
    edgeId: string,
    batch: DecodedBatch,
  ): Promise<{ receipt: Receipt; rows: number; outcome: string }> {
    const { header } = batch
    const nowMs = this.#parts.clock.nowMs()
    const receivedAt = new Date(nowMs).toISOString()
    const edge = await this.#edgeOf(tx, edgeId, header.epoch)
    const cursor = await lockCursor(tx, edgeId, header.epoch, header.lane)
    const decision = decideIntake(
      {
        currentEpoch: edge.epoch,
        supersededEpochs: await supersededEpochs(tx, edgeId),
        nextSeq: cursor.received_seq + 1,
      },
      header,
    )
    if (decision.kind === 'refuse') throw new RefusalError(decision.refusal)
    await noteSeen(tx, edgeId, nowMs)
    if (decision.kind === 'repeat') {
      const receipt = await newestReceipt(tx, edgeId, header.epoch, header.lane)
      if (receipt === null) throw new Error('a cursor has moved and left no receipt')
      return { receipt, rows: 0, outcome: 'repeat' }
    }
    if (decision.kind === 'accept' && decision.opensEpoch) await openEpoch(tx, edge, header.epoch, receivedAt)
    const fromSeq = decision.kind === 'trim' ? decision.from : header.from_seq
    const digest = new RunningDigest(cursor.digest)
    const rows = await this.#store(tx, edge, batch, { fromSeq, receivedAt, digest })
    const moved = {
      ...cursor,
      received_seq: header.to_seq,
      rows_total: cursor.rows_total + rows,
      digest: digest.hex(),
      received_at: receivedAt,
    }
    await moveCursor(tx, moved)
    const receipt = signReceipt(
      {
        edgeId,
        epoch: header.epoch,
        lane: header.lane,
        point: { seq: moved.received_seq, count: moved.rows_total, digest: moved.digest },
        receivedAtMs: nowMs,
      },
      this.#parts.signer,
    )
    await insertReceipt(tx, receipt)
    return { receipt, rows, outcome: decision.kind }
  }

  /** The edge; locked when the batch may open a new life of it, so that two lanes do not both do so. */
  async #edgeOf(tx: Transaction, edgeId: string, epoch: string): Promise<EdgeRow> {
    let edge = await findEdge(tx, edgeId)
    if (edge !== null && edge.epoch !== epoch) edge = await lockEdge(tx, edgeId)
    if (edge === null) throw new RefusalError({ kind: 'unknown_edge' })
    return edge
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
      for (const segment of batch.segments)
        if (segment.firstSeq + segment.count > point.fromSeq) point.digest.addSegment(segment, point.fromSeq)
      const tagNos = await storeReadings(tx, lane, batch.segments, point.fromSeq)
      await this.#tellReadings(tx, edge, lane, tagNos)
    } else {
      const skipped = point.fromSeq - header.from_seq
      for (const line of batch.lines.slice(skipped)) point.digest.addRecordLine(line)
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
