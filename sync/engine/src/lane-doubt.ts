import type { Lane } from '@jidoka/sync-protocol'
import type { Doubt, UplinkEffect } from './uplink-types.ts'

export const noDoubt: Doubt = { seesTwo: false, isToldOfTwo: false }

/** Whose rows those are that nobody here can compare any more is open. */
export const isInDoubt = ({ seesTwo, isToldOfTwo }: Doubt): boolean => seesTwo || isToldOfTwo

/** What is to be noted on disk after a step; of a lane whose doubt is as it was, nothing. */
export function doubtChanged(lane: Lane, before: Doubt, after: Doubt): readonly UplinkEffect[] {
  const { seesTwo, isToldOfTwo } = after
  if (seesTwo === before.seesTwo && isToldOfTwo === before.isToldOfTwo) return []
  return [{ kind: 'note_doubt', lane, doubt: { seesTwo, isToldOfTwo } }]
}
