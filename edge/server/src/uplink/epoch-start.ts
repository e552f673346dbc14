import { samePoint, pointOf } from '@jidoka/sync-protocol'
import type { LanePoint, Receipt } from '@jidoka/sync-protocol'
import type { LaneUplink } from '@jidoka/sync-engine'

export interface EpochStartQuestion {
  /** Stored receipts of the lane in the present epoch, the newest first. */
  readonly receipts: readonly Receipt[]
  /** First number of the present epoch. */
  readonly startSeq: number
  readonly lastSeq: number
  /** Where the cloud stands in it; null when it did not say. */
  readonly cloud: LanePoint | null
  /** The number at which the two ends were found to differ. */
  readonly differsAtSeq: number | null
}

/**
 * First number of a lane in a new epoch: behind the newest receipt whose rows are the same at both ends. The cloud has kept what it signed unless it was set back,
 * which its point tells; rows behind the receipt may be another copy's under the old name, and go up again.
 */
export function nextEpochStart({ receipts, startSeq, lastSeq, cloud, differsAtSeq }: EpochStartQuestion): number {
  const agreed = receipts.find((receipt) => {
    const { up_to_seq: seq } = receipt
    if (seq < startSeq || seq > lastSeq) return false
    if (differsAtSeq !== null && seq >= differsAtSeq) return false
    if (cloud === null || seq < cloud.seq) return true
    return seq === cloud.seq && samePoint(pointOf(receipt), cloud)
  })
  return (agreed?.up_to_seq ?? startSeq - 1) + 1
}

export const differsAt = ({ problem }: Pick<LaneUplink, 'problem'>): number | null =>
  problem?.kind === 'diverged' ? problem.seq : null
