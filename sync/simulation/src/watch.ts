import type { LaneUplink, UplinkEffect, UplinkState } from '@jidoka/sync-engine'
import type { EdgeParts } from './edge-parts.ts'
import type { Life } from './life.ts'

type Taking = Extract<UplinkEffect, { kind: 'store_receipt' | 'adopt_cursor' }>

/**
 * What is wrong with a point that an appliance takes over, seen by somebody who sees both ends: one of an old answer (S12), or one of another's rows though it
 * knows that there are two histories (S20). Null: nothing.
 * @param before the lane as it was when the news came
 */
export function wrongTaking(
  effect: Taking,
  before: LaneUplink,
  { parts, life, troubles }: { readonly parts: EdgeParts; readonly life: Life } & Pick<UplinkState, 'troubles'>,
): string | null {
  const { lane } = effect
  const { rows, lostToSeq } = parts.cloud.lane(parts.edgeId, life.epoch, lane)
  if (effect.kind === 'adopt_cursor')
    return lostToSeq === 0 ? `goes back to ${lane} ${effect.point.seq}, and the cloud has lost nothing` : null
  if (!before.seesTwo && !troubles.some((trouble) => trouble.lane === lane)) return null
  const { up_to_seq: toSeq } = effect.receipt
  const truth = life.truth[lane]
  const isAnothers = rows.some(
    ({ seq, text }) => seq > before.confirmed.seq && seq <= toSeq && text !== truth.text(seq),
  )
  return isAnothers ? `knows of two histories of ${lane}, and takes another's rows up to ${toSeq} for its own` : null
}
