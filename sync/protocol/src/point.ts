import type { DecodedBatch } from './batch-decode.ts'
import { RunningDigest } from './digest.ts'
import { emptyDigest } from './lane.ts'
import type { Lane, LanePoint } from './lane.ts'
import type { ReceiptKey } from './keys.ts'
import type { Receipt } from './receipt.ts'
import { pointOf, verifyReceipt } from './receipt.ts'
import type { Segment } from './segment/segment.ts'

/**
 * A point of a lane: everything up to `seq` (0: nothing yet), how many rows were really among it, and their running digest.
 * Both ends move it with the functions below, over the same rows, and so arrive at the same.
 */
export const laneStart: LanePoint = { seq: 0, count: 0, digest: emptyDigest }

/** Where a lane begins in an epoch whose first number is this one: nothing is held, and nothing before it is asked for. */
export const epochStart = (startSeq: number): LanePoint => ({ ...laneStart, seq: startSeq - 1 })

/** The point behind a batch. Rows at or below the point are passed over, so that an overlap counts once. */
export function advancePoint(point: LanePoint, batch: DecodedBatch): LanePoint {
  if (batch.kind === 'readings') return advanceReadings(point, batch.segments)
  if (batch.kind === 'records') return advanceRecords(point, batch.header.from_seq, batch.lines)
  return batch.header.to_seq > point.seq ? { ...point, seq: batch.header.to_seq } : point
}

/**
 * The point behind these segments, which may overlap what it holds already.
 * @param upToSeq last row to count, wherever in a segment it lies
 */
export function advanceReadings(
  point: LanePoint,
  segments: Iterable<Segment>,
  upToSeq: number = Number.MAX_SAFE_INTEGER,
): LanePoint {
  const digest = new RunningDigest(point.digest)
  let { seq, count } = point
  for (const segment of segments) {
    const lastSeq = Math.min(segment.firstSeq + segment.count - 1, upToSeq)
    if (lastSeq <= seq) continue
    const fromSeq = Math.max(segment.firstSeq, seq + 1)
    if (fromSeq > lastSeq) break
    digest.addSegment(segment, fromSeq, lastSeq)
    count += lastSeq - fromSeq + 1
    seq = lastSeq
  }
  return { seq, count, digest: digest.hex() }
}

/** @param fromSeq sequence number of the first line */
export function advanceRecords(point: LanePoint, fromSeq: number, lines: readonly string[]): LanePoint {
  const digest = new RunningDigest(point.digest)
  let { seq, count } = point
  for (const [index, line] of lines.entries()) {
    if (fromSeq + index <= seq) continue
    digest.addRecordLine(line)
    seq = fromSeq + index
    count++
  }
  return { seq, count, digest: digest.hex() }
}

/**
 * An edge's own point at `upToSeq`, which may lie within a merged segment, from what its journal holds behind `from`; null when that is
 * not all there.
 * @param segments of the journal, in order, the first at or before the row behind `from`
 */
export function heldReadings(from: LanePoint, upToSeq: number, segments: Iterable<Segment>): LanePoint | null {
  let point = from
  for (const segment of segments) {
    if (point.seq >= upToSeq || segment.firstSeq > point.seq + 1) break
    point = advanceReadings(point, [segment], upToSeq)
  }
  return point.seq === upToSeq ? point : null
}

/** The same of records: `lines` are those behind `from`, gapless. */
export function heldRecords(from: LanePoint, upToSeq: number, lines: readonly string[]): LanePoint | null {
  const count = upToSeq - from.seq
  return count >= 0 && count <= lines.length ? advanceRecords(from, from.seq + 1, lines.slice(0, count)) : null
}

/**
 * What an edge makes of a receipt. `verified`: signed, and the cloud holds what this edge sent. `unverifiable`: signed, but
 * rows below it are no longer here to compare. `forged`: not signed by a key of the trust list, or of another edge, epoch or
 * lane. `diverged`: signed, and the two ends hold different rows.
 */
export type ReceiptJudgement = 'verified' | 'unverifiable' | 'forged' | 'diverged'

export interface ReceiptExpectation {
  readonly edgeId: string
  readonly epoch: string
  readonly lane: Lane
  readonly trustList: readonly ReceiptKey[]
  /** This edge's own point at `up_to_seq` of the receipt; null when rows up to there are not all held any more. */
  readonly held: LanePoint | null
  /** How signatures are checked; for who plays a million receipts. */
  readonly verify?: typeof verifyReceipt
}

export function judgeReceipt(receipt: Receipt, expected: ReceiptExpectation): ReceiptJudgement {
  const { edgeId, epoch, lane, held, verify = verifyReceipt } = expected
  if (receipt.edge_id !== edgeId || receipt.epoch !== epoch || receipt.lane !== lane) return 'forged'
  if (verify(receipt, expected.trustList).kind !== 'ok') return 'forged'
  if (held === null) return 'unverifiable'
  const point = pointOf(receipt)
  return samePoint(held, point) ? 'verified' : 'diverged'
}

export const samePoint = (left: LanePoint, right: LanePoint): boolean =>
  left.seq === right.seq && left.count === right.count && left.digest === right.digest
