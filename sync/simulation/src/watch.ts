import type { UplinkEffect, UplinkInput, UplinkState } from '@jidoka/sync-engine'
import { lanes } from '@jidoka/sync-protocol'
import type { EdgeParts } from './edge-parts.ts'
import type { Life } from './life.ts'

/** A step of the engine whose effects have all been carried out. */
interface LearnStep {
  readonly before: UplinkState
  readonly after: UplinkState
  readonly effects: readonly UplinkEffect[]
  /** Whether the disk takes anything: what is learned beside a full one may be forgotten. */
  readonly canKeep: boolean
}

/**
 * Kept by what came in and what went out, and over restarts, apart from what the engine and the shell remember of it, which is under test.
 */
export function learn({ knows }: Life, input: UplinkInput, { before, after, effects, canKeep }: LearnStep): void {
  // An answer that came too late is none.
  const isCursor =
    input.kind === 'cursor_known' && before.link.state === 'asking' && input.flight === before.link.flight
  for (const lane of lanes) {
    const { hasReported, isTold } = knows[lane]
    const reports = effects.some((effect) => effect.kind === 'report_trouble' && effect.lane === lane)
    // Answers alone set a lane going again; a start forgets what the problem was, and that is no proof.
    const isAnswered = isCursor || (input.kind === 'receipted' && input.lane === lane)
    const { problem, state } = after.lanes[lane]
    const goesOn = isAnswered && problem === null && state !== 'resuming'
    const tells = isCursor ? input.troubles.some((trouble) => trouble.lane === lane) : isTold
    knows[lane] = {
      hasReported: (reports && canKeep) || (hasReported && !goesOn),
      isTold: tells && (isTold || canKeep),
    }
  }
}

/**
 * What is wrong with a point that an appliance takes over, seen by somebody who sees both ends: one of an old answer (S12), or one of another's rows though it
 * knows that there are two histories (S20).
 * @param before the appliance as it was when the news came
 */
export function wrongTaking(
  effect: UplinkEffect,
  before: UplinkState,
  { parts, life, news }: { readonly parts: EdgeParts; readonly life: Life; readonly news: UplinkInput },
): readonly string[] {
  if (effect.kind !== 'store_receipt' && effect.kind !== 'adopt_cursor') return []
  const { lane } = effect
  const { rows, lostToSeq } = parts.cloud.lane(parts.edgeId, life.epoch, lane)
  if (effect.kind === 'adopt_cursor')
    return lostToSeq === 0
      ? [`${parts.name} goes back to ${lane} ${effect.point.seq}, and the cloud has lost nothing`]
      : []
  const { seesTwo, confirmed } = before.lanes[lane]
  const { up_to_seq: toSeq } = effect.receipt
  life.noteUnsure(lane, confirmed.seq, toSeq)
  const { hasReported, isTold } = life.knows[lane]
  const tells = news.kind === 'cursor_known' ? news.troubles.some((trouble) => trouble.lane === lane) : isTold
  if (!seesTwo && !hasReported && !tells) return []
  const truth = life.truth[lane]
  // An answer that was long on its way tells of its own commit, and what the cloud has lost and was given since nobody here can know.
  const signed = parts.cloud.rowsSignedBy(effect.receipt) ?? rows
  const isAnothers = signed.some(({ seq, text }) => seq > confirmed.seq && seq <= toSeq && text !== truth.text(seq))
  return isAnothers
    ? [`${parts.name} knows of two histories of ${lane}, and takes another's rows up to ${toSeq} for its own`]
    : []
}
