import type { Clock } from '@jidoka/base'
import type { Reading } from '@jidoka/domain'
import {
  decodeBatch,
  protocolVersion,
  rangeOf,
  RangeSum,
  rangesOfReadings,
  rangesPerAnswerMax,
} from '@jidoka/sync-protocol'
import type {
  BatchHeader,
  DecodedBatch,
  Lane,
  LaneRange,
  LaneRanges,
  RepairAnswer,
  Segment,
} from '@jidoka/sync-protocol'
import type { Database, Transaction } from '../../platform/db/database.ts'
import { RefusalError } from '../../platform/http/problem.ts'
import type { AuditPort } from '../audit/port.ts'
import { busyRangesRetryMs } from './busy.ts'
import type { EdgeIdentity } from './edge-identity.ts'
import { listHoles, listRanges, lockRange } from './ranges-repository.ts'
import type { KeptRange } from './ranges-repository.ts'
import type { Hole } from './readings/placed.ts'
import { placedAround } from './readings/placed.ts'
import { RowWriter } from './readings/row-writer.ts'
import { runsOf } from './readings/runs.ts'
import { rowsOfRun } from './readings/segment-row.ts'
import { deleteRows, lockStoredRows, readingsIn, slicesOf, tallyOfSpan } from './readings/stored-readings.ts'
import { findStream } from './readings/streams.ts'
import { findEdge } from './repository.ts'

/** Ranges of readings counted anew for one answer: half a million readings, about a second. More, and others wait for the main thread. */
const recountedMax = 8
/** Questions and repairs at once, over all edges: each holds a range in memory and the main thread for a tenth of a second at a time. */
const atOnceMax = 2

interface RangesParts {
  database: Database
  clock: Clock
  audit: AuditPort
}

/** Whether both ends hold the same rows, range by range, and what to do where they do not. */
export class Ranges {
  readonly #parts: RangesParts
  #running = 0

  constructor(parts: RangesParts) {
    this.#parts = parts
  }

  /** Ranges of a lane from one on, those of readings with what their stored rows give today. @throws RefusalError `busy` */
  list(
    identity: EdgeIdentity,
    question: { readonly epoch: string; readonly lane: Lane; readonly from: number },
  ): Promise<LaneRanges> {
    const { epoch, lane, from } = question
    const max = lane === 'readings' ? recountedMax : rangesPerAnswerMax
    return this.#bounded(() =>
      this.#parts.database.withTenant(identity.tenantId, async (tx) => {
        const its = { edgeId: identity.edgeId, epoch }
        await lockStoredRows(tx, 'shared')
        const kept = await listRanges(tx, its, lane, from, max)
        const streamId = lane === 'readings' ? await findStream(tx, its) : null
        const ranges: LaneRange[] = []
        for (const each of kept) {
          const range = wireRange(each)
          // Up to the kept number: a batch that comes meanwhile is in the rows, and not in the sum that was read before it.
          ranges.push(streamId === null ? range : { ...range, stored: await tallyOfSpan(tx, streamId, each) })
        }
        const last = kept.at(-1)
        return {
          protocol: protocolVersion,
          edge_id: identity.edgeId,
          epoch,
          lane,
          ranges,
          next: kept.length < max || last === undefined ? null : last.range + 1,
        }
      }),
    )
  }

  /**
   * Puts the rows of one range in place of those that are stored, when they are the rows that were receipted: their sum is the one
   * that was kept with the receipt, whatever the edge or the stored rows say. Of a range with dropped rows they come closed up, from its first number on,
   * and get the numbers that they had.
   * @throws BatchError, RefusalError; nothing has changed then.
   */
  repair(identity: EdgeIdentity, bytes: Uint8Array): Promise<RepairAnswer> {
    return this.#bounded(async () => {
      const { header, segments } = oneRange(decodeBatch(bytes))
      if (header.edge_id !== identity.edgeId) throw new RefusalError({ kind: 'unknown_edge' })
      return this.#parts.database.withTenant(identity.tenantId, (tx) => this.#repair(tx, header, segments))
    })
  }

  async #repair(tx: Transaction, header: BatchHeader, segments: readonly Segment[]): Promise<RepairAnswer> {
    const its = { edgeId: header.edge_id, epoch: header.epoch }
    const range = rangeOf(header.from_seq)
    await lockStoredRows(tx, 'alone')
    const kept = await lockRange(tx, its, range)
    const streamId = await findStream(tx, its)
    if (kept === null || streamId === null)
      throw new RefusalError({
        kind: 'malformed',
        detail: `Nothing of range ${range} has ever been received, so there is nothing to repair. Send it as a batch.`,
      })
    // A sum knows no numbers: the same rows under others would be written where nobody looks for them, or over rows that nobody counted.
    if (header.from_seq !== kept.fromSeq || header.to_seq > kept.upToSeq)
      throw new RefusalError({
        kind: 'malformed',
        detail: `Range ${range} is counted from ${kept.fromSeq} to ${kept.upToSeq}. Send the rows of these numbers.`,
      })
    const offered = rangesOfReadings(segments, header.from_seq).get(range)
    if (offered?.count !== kept.count || offered.sum !== kept.sum) throw new RefusalError({ kind: 'digest' })
    const held = new Map<string, number>()
    for await (const rows of slicesOf(tx, streamId, kept))
      for (const reading of readingsIn(rows)) held.set(keyOf(reading), (held.get(keyOf(reading)) ?? 0) + 1)
    const replaced = missingIn(held, segments)
    const holes = await holesOf(tx, its, kept)
    await deleteRows(tx, streamId, kept)
    const writer = new RowWriter(tx, streamId)
    const placed = holes.length === 0 ? segments : [...placedAround(segments, holes)]
    for (const { runs, columns } of runsOf(placed, header.from_seq))
      for (const run of runs)
        for (const row of rowsOfRun(run, columns)) {
          writer.add(row)
          if (writer.isFull) await writer.write()
        }
    await writer.write()
    const stored = await tallyOfSpan(tx, streamId, kept)
    if (stored.count !== kept.count || stored.sum !== kept.sum)
      throw new Error(`range ${range} of edge ${its.edgeId} is not what was written to it a moment ago`)
    await this.#parts.audit.append(tx, {
      actor: `${(await findEdge(tx, its.edgeId))?.name ?? 'edge'}: sync`,
      action: 'readings.repair',
      subject: its.edgeId,
      detail: { range, replaced, count: stored.count },
    })
    return { protocol: protocolVersion, range: { ...wireRange(kept), stored }, replaced }
  }

  async #bounded<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running >= atOnceMax) throw new RefusalError({ kind: 'busy', retry_after_ms: busyRangesRetryMs })
    this.#running++
    try {
      return await work()
    } finally {
      this.#running--
    }
  }
}

/**
 * The holes of a range: all numbers of it that have no rows.
 * @throws RefusalError where they do not account for what is not there: the rows come closed up, and would be written under numbers of other rows
 */
async function holesOf(tx: Transaction, its: { edgeId: string; epoch: string }, kept: KeptRange): Promise<Hole[]> {
  const holes = await listHoles(tx, its, kept)
  const known = holes.reduce((sum, { fromSeq, toSeq }) => sum + toSeq - fromSeq + 1, 0)
  const gone = kept.upToSeq - kept.fromSeq + 1 - kept.count
  if (known !== gone)
    throw new RefusalError({
      kind: 'malformed',
      detail: `Range ${kept.range} lacks ${gone} of its rows, and of ${known} the cloud knows which they are: it cannot tell the numbers of the others. Nothing was changed. Bring back its table of dropped rows (fleet.drops) from a backup, then ask for the repair again.`,
    })
  return holes
}

const wireRange = ({ range, fromSeq, upToSeq, count, sum }: KeptRange): LaneRange => ({
  range,
  from_seq: fromSeq,
  up_to_seq: upToSeq,
  count,
  sum,
})

function oneRange(batch: DecodedBatch): Extract<DecodedBatch, { kind: 'readings' }> {
  if (batch.kind !== 'readings')
    throw new RefusalError({ kind: 'malformed', detail: 'Only readings can be repaired; send a batch of their lane.' })
  const { from_seq, to_seq } = batch.header
  if (rangeOf(from_seq) !== rangeOf(to_seq))
    throw new RefusalError({
      kind: 'malformed',
      detail: `Rows ${from_seq} to ${to_seq} lie in more than one range; send each range by itself.`,
    })
  return batch
}

/** How many readings of the segments are not among the stored ones, of which it takes them away. */
function missingIn(held: Map<string, number>, segments: readonly Segment[]): number {
  let missing = 0
  for (const segment of segments) {
    for (const reading of segment.readings()) {
      const key = keyOf(reading)
      const count = held.get(key) ?? 0
      if (count === 0) missing++
      else held.set(key, count - 1)
    }
  }
  return missing
}

/** Its hash and not itself: 65,536 long texts would be 64 MB of keys. */
const keyOf = (reading: Reading): string => new RangeSum().addReading(reading).hex()
