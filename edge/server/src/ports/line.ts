import type { DropReason, Lane, RangeTally, Receipt } from '@jidoka/sync-protocol'

// What the journal knows of its line to the cloud.

/** What rows up to a receipt have given to ranges. `afterSeq`: the receipted number that they lie behind. */
export interface CountedRanges {
  readonly afterSeq: number
  readonly tallies: ReadonlyMap<number, RangeTally>
}

/** A range's kept sum. It counts what was receipted from `fromSeq` on, which is the range's first number unless the sum was begun anew within it. */
export interface KeptRangeSum extends RangeTally {
  readonly range: number
  readonly fromSeq: number
}

export interface PoisonRows {
  readonly lane: Lane
  readonly fromSeq: number
  readonly toSeq: number
  /** What the cloud said. */
  readonly detail: string
}

export interface EpochBegin {
  readonly epoch: string
  /** First number of each lane in it. */
  readonly startSeqs: Readonly<Record<Lane, number>>
  readonly actor: string
}

/** A whole outage of the ledger. */
export interface StoredOutage {
  readonly fromMs: number
  readonly toMs: number | null
  readonly cause: string
  readonly rowsWaiting: number
  /** When everything that waited at its end was receipted; null: not yet, or not known. */
  readonly drainedMs: number | null
  /** Rows that were dropped of what waited, by reason. */
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>
  readonly receipted: Readonly<Record<Lane, number>> | null
}

/** A receipt of this epoch or one before it, with the number that pages of the history go by. */
export interface KeptReceipt {
  readonly id: number
  readonly receipt: Receipt
}
