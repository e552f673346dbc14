import type { BatchHeader, Refusal } from '@jidoka/sync-protocol'

/** What the cloud knows of an edge's lane when a batch arrives; read in the transaction that will commit the batch. */
export interface IntakeCursor {
  /** The epoch whose rows are taken now; null of an edge that has sent nothing yet. */
  readonly currentEpoch: string | null
  /** Epochs that were current before. */
  readonly supersededEpochs: readonly string[]
  /** The number that this lane expects next in the current epoch; 1 at first. */
  readonly nextSeq: number
}

export type IntakeDecision =
  /** Commit all of it. `opensEpoch`: it is the first of a new epoch, which becomes the current one in the same transaction. */
  | { readonly kind: 'accept'; readonly opensEpoch: boolean }
  /** Commit what begins with `from`; the rest is there already. */
  | { readonly kind: 'trim'; readonly from: number }
  /** All of it is there already: answer with the newest receipt of the lane. */
  | { readonly kind: 'repeat' }
  | { readonly kind: 'refuse'; readonly refusal: Extract<Refusal, { kind: 'gap' | 'wrong_epoch' }> }

/** Whether a batch, be it rows or a dropped range, continues its lane. Which epoch is newer is known by the order of arrival, never by a clock. */
export function decideIntake(
  cursor: IntakeCursor,
  header: Pick<BatchHeader, 'epoch' | 'from_seq' | 'to_seq'>,
): IntakeDecision {
  const standing = epochStanding(cursor, header.epoch)
  if (standing.kind === 'refuse') return standing
  const expected = standing.kind === 'new' ? 1 : cursor.nextSeq
  if (header.from_seq > expected) return { kind: 'refuse', refusal: { kind: 'gap', expected_seq: expected } }
  if (header.to_seq < expected) return { kind: 'repeat' }
  if (header.from_seq < expected) return { kind: 'trim', from: expected }
  return { kind: 'accept', opensEpoch: standing.kind === 'new' }
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
