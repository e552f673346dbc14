/** Readings that the journal dropped for want of room before a look could see them: which they were is not known, where they lay is. */
export interface UnseenRange {
  readonly fromSeq: number
  readonly toSeq: number
}

/** A reading that was acknowledged and never seen stored, with the neighbours of its publisher that were. */
export interface Missing {
  readonly name: string
  readonly reading: number
  /** Sequence number of the last stored reading before it, 0 without one. */
  readonly behindSeq: number
  /** Of the first stored reading after it, Infinity without one. */
  readonly beforeSeq: number
}

/**
 * The missing readings that no unseen range can have held. A publisher's readings are stored in the order in which it sent
 * them, so that one that was dropped lay between its neighbours; and a range held no more than its numbers. Ranges in their
 * order take what must be placed soonest, which places as many as can be placed (Glover 1967).
 */
export function unexplained(missing: readonly Missing[], ranges: readonly UnseenRange[]): Missing[] {
  let left = missing.toSorted((one, other) => one.beforeSeq - other.beforeSeq)
  for (const { fromSeq, toSeq } of ranges.toSorted((one, other) => one.fromSeq - other.fromSeq)) {
    let room = toSeq - fromSeq + 1
    left = left.filter(({ behindSeq, beforeSeq }) => {
      const fits = behindSeq < toSeq && beforeSeq > fromSeq
      return !fits || room-- <= 0
    })
  }
  return left
}
