import type { Lane } from '@jidoka/sync-protocol'
import type { JournalLane } from './journal.ts'
import type { PlantedBug } from './options.ts'

/** Up to which row old ones may go: those under a receipt on disk (S5), and further in planted bugs. */
export function prunableSeq(
  lane: Lane,
  { lastSeq, sentSeq, syncedSeq }: JournalLane,
  exportedSeq: Readonly<Record<Lane, number>>,
  bug: PlantedBug | null,
): number {
  if (bug === 'prune_before_receipt') return lastSeq
  if (bug === 'prune_what_was_sent') return Math.max(sentSeq, syncedSeq)
  if (bug === 'courier_counts_as_receipt') return Math.max(exportedSeq[lane], syncedSeq)
  return syncedSeq
}
