import { laneStart } from '@jidoka/sync-protocol'
import type { DropReason, Lane, LanePoint, RangeTally, Receipt, Trouble } from '@jidoka/sync-protocol'

/** A lane of one epoch as the database holds it. Rows, drops and receipts only grow, so that a length is a snapshot. */
export interface StoredLane {
  point: LanePoint
  startSeq: number | null
  readonly receipts: Receipt[]
  readonly rows: { seq: number; text: string }[]
  readonly drops: { fromSeq: number; toSeq: number; reason: DropReason }[]
  ranges: ReadonlyMap<number, RangeTally>
  /** Up to here it had stood when it was set back; what it holds now may be what others filled in. 0: it has lost nothing. */
  lostToSeq: number
}

export interface StoredEdge {
  currentEpoch: string | null
  supersededEpochs: readonly string[]
  isRevoked: boolean
  readonly epochs: Map<string, Record<Lane, StoredLane>>
  /** By epoch, until a person settles them. */
  readonly troubles: Map<string, readonly Trouble[]>
  /** Epochs that were ever said to have two histories. */
  readonly everTroubled: Set<string>
}

export const emptyLane = (): StoredLane => ({
  point: laneStart,
  startSeq: null,
  receipts: [],
  rows: [],
  drops: [],
  ranges: new Map(),
  lostToSeq: 0,
})

export const newEdge = (): StoredEdge => ({
  currentEpoch: null,
  supersededEpochs: [],
  isRevoked: false,
  epochs: new Map(),
  troubles: new Map(),
  everTroubled: new Set(),
})
