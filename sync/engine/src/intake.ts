import { advanceReadings, advanceRecords, epochStart, samePoint } from '@jidoka/sync-protocol'
import type { BatchHeader, DecodedBatch, LanePoint, Refusal } from '@jidoka/sync-protocol'

/** What the cloud knows of an edge's lane when a batch arrives; read in the transaction that will commit the batch. */
export interface IntakeCursor {
  /** The epoch whose rows are taken now; null of an edge that has sent nothing yet. */
  readonly currentEpoch: string | null
  /** Epochs that were current before. */
  readonly supersededEpochs: readonly string[]
  /** The number that this lane expects next in the current epoch; passed over while it has nothing of this lane. */
  readonly nextSeq: number
  /** The first number of this lane in the current epoch, as its first batch said; null, or 1 where it is not kept: nothing yet, or 1. */
  readonly startSeq?: number | null
}

interface Taken {
  /** It is the first of a new epoch, which becomes the current one in the same transaction. */
  readonly opensEpoch: boolean
  /** The first number of this lane, when this batch is the first of it: the lane stood at `epochStart` of it, and the number is kept. Null of any other. */
  readonly startsAt: number | null
}

export type IntakeDecision =
  /** Commit all of it. */
  | (Taken & { readonly kind: 'accept' })
  /** Commit what begins with `from`; the rest is there already, or lies before the epoch. */
  | (Taken & { readonly kind: 'trim'; readonly from: number })
  /** All of it is there already: answer with the newest receipt of the lane. */
  | { readonly kind: 'repeat' }
  | { readonly kind: 'refuse'; readonly refusal: Extract<Refusal, { kind: 'gap' | 'wrong_epoch' }> }

/** Whether a batch, be it rows or a dropped range, continues its lane. Which epoch is newer is known by the order of arrival, never by a clock. */
export function decideIntake(
  cursor: IntakeCursor,
  header: Pick<BatchHeader, 'epoch' | 'from_seq' | 'to_seq' | 'start_seq'>,
): IntakeDecision {
  const standing = epochStanding(cursor, header.epoch)
  if (standing.kind === 'refuse') return standing
  const opensEpoch = standing.kind === 'new'
  const isFirst = opensEpoch || ((cursor.startSeq ?? 1) === 1 && cursor.nextSeq === 1)
  const startsAt = isFirst ? (header.start_seq ?? 1) : null
  const expected = startsAt ?? cursor.nextSeq
  if (header.from_seq > expected) return { kind: 'refuse', refusal: { kind: 'gap', expected_seq: expected } }
  if (header.to_seq < expected)
    // Rows before the epoch begins are none of it; there is no receipt to repeat.
    return isFirst ? { kind: 'refuse', refusal: { kind: 'gap', expected_seq: expected } } : { kind: 'repeat' }
  if (header.from_seq < expected) return { kind: 'trim', from: expected, opensEpoch, startsAt }
  return { kind: 'accept', opensEpoch, startsAt }
}

/** What the cloud's own history says of the point that a sender builds upon. `unknown`: nothing is kept of that number any more, or yet. */
export type BaseVerdict = 'agrees' | 'unknown' | 'differs'

/**
 * Holds the sender's base against the lane's point and its kept receipts. `differs`: two copies of an appliance have gone on by themselves, or one
 * went on from an image: answer `digest`, note a trouble, store nothing. Ask it before `decideIntake`, of batches that carry a base.
 * @param receiptAt the point of a kept receipt with this number; null where none is kept
 */
export function baseVerdict(
  base: LanePoint,
  cloud: LanePoint,
  receiptAt: (seq: number) => LanePoint | null,
): BaseVerdict {
  const ours = base.seq === cloud.seq ? cloud : base.seq < cloud.seq ? receiptAt(base.seq) : null
  if (ours === null) return 'unknown'
  return samePoint(ours, base) ? 'agrees' : 'differs'
}

/**
 * Whether a batch hangs together with what the lane holds: the rows that both have are the same, and none that it builds upon are missing here. To be asked
 * before a batch with a base is committed, whole or trimmed, since a copy that shares the base would otherwise hang its rows behind another's. False: answer
 * `gap` with the number that is expected. The sender then asks for the cursor, and finds by its own rows whether the two differ; a late repeat, of rows that
 * were listed as dropped since, finds nobody who waits for it.
 * @param cloud of the first batch of a lane: `epochStart` of its first number
 */
export function overlapAgrees(base: LanePoint, batch: DecodedBatch, cloud: LanePoint): boolean {
  // A segment may begin before the base: the batch can fit where its base does not.
  if (base.seq >= cloud.seq) return samePoint(base, cloud)
  if (batch.kind === 'dropped') return samePoint({ ...base, seq: cloud.seq }, cloud)
  if (batch.kind === 'readings') return samePoint(advanceReadings(base, batch.segments, cloud.seq), cloud)
  const { from_seq } = batch.header
  return samePoint(advanceRecords(base, from_seq, batch.lines.slice(0, cloud.seq - from_seq + 1)), cloud)
}

/** The cursor, and what is held of the lane itself. */
export interface IntakeLane extends IntakeCursor {
  readonly point: LanePoint
  /** The point of a kept receipt with this number; null where none is kept. */
  readonly receiptAt: (seq: number) => LanePoint | null
}

export type BatchDecision =
  /** Commit behind `before`. */
  | (Extract<IntakeDecision, { kind: 'accept' | 'trim' }> & { readonly before: LanePoint })
  | Extract<IntakeDecision, { kind: 'repeat' | 'refuse' }>
  /** Note a trouble, refuse as `digest`: what the sender holds and what is kept here of the same number differ. */
  | { readonly kind: 'diverged'; readonly held: LanePoint; readonly ours: LanePoint }

/**
 * `receipted`: the sender has a receipt of it, as of every batch on the line and of the first of each lane in a courier's file. `expected`: it is where batches before
 * it in the file would have led; a range that the file lists as dropped may have arrived all the same, and the point then differs without there being two histories.
 */
export type BaseOrigin = 'receipted' | 'expected'

/** Everything that is asked of a batch before it is stored, in the order that it must be asked; a cloud decides by nothing else. */
export function decideBatch(
  lane: IntakeLane,
  batch: DecodedBatch,
  baseOrigin: BaseOrigin = 'receipted',
): BatchDecision {
  const { header } = batch
  const { base } = header
  if (base !== undefined && lane.currentEpoch === header.epoch) {
    const { point, receiptAt } = lane
    const differs = baseVerdict(base, point, receiptAt) === 'differs'
    if (differs && baseOrigin === 'expected')
      return { kind: 'refuse', refusal: { kind: 'gap', expected_seq: point.seq + 1 } }
    if (differs)
      return { kind: 'diverged', held: base, ours: (base.seq < point.seq ? receiptAt(base.seq) : null) ?? point }
  }
  const decision = decideIntake(lane, header)
  if (decision.kind === 'refuse' || decision.kind === 'repeat') return decision
  const before = decision.startsAt === null ? lane.point : epochStart(decision.startsAt)
  // A copy that shares the base must not hang its rows behind those of another: it asks for the cursor, and finds that they differ.
  if (base !== undefined && !overlapAgrees(base, batch, before))
    return { kind: 'refuse', refusal: { kind: 'gap', expected_seq: before.seq + 1 } }
  return { ...decision, before }
}

/** How an epoch stands to the current one; also for the cursor, which a superseded epoch is refused and a new one finds at 1. */
export function epochStanding(
  cursor: Pick<IntakeCursor, 'currentEpoch' | 'supersededEpochs'>,
  epoch: string,
):
  | { readonly kind: 'current' }
  | { readonly kind: 'new' }
  | { readonly kind: 'refuse'; readonly refusal: Extract<Refusal, { kind: 'wrong_epoch' }> } {
  const { currentEpoch, supersededEpochs } = cursor
  if (epoch === currentEpoch) return { kind: 'current' }
  if (currentEpoch !== null && supersededEpochs.includes(epoch))
    return { kind: 'refuse', refusal: { kind: 'wrong_epoch', current_epoch: currentEpoch } }
  return { kind: 'new' }
}
