import type { DropReason } from '@jidoka/sync-protocol'

/** Records that are not held any more. */
export interface RecordGap {
  readonly fromSeq: number
  readonly toSeq: number
  readonly count: number
  readonly reason: DropReason
  /** The last reading of the journal when the record before them was written, and when the one behind them was: they were written between the two. */
  readonly readingsSeqMin: number
  readonly readingsSeqMax: number
  /** False for those behind the stretch, where the runs may have been that were open at its end. */
  readonly isWithin: boolean
}

interface RecordPlace {
  readonly afterSeq?: number
  readonly beforeSeq?: number
  readonly commitLastSeq?: number
}

/**
 * Which verdicts a record that is not held any more may have accounted for. All others are compared, so that what retention
 * dropped hides nothing but itself. The gaps come in the order of their numbers, and so lie the readings beside them.
 */
export class PrunedRecords {
  readonly #gaps: readonly RecordGap[]

  constructor(gaps: readonly RecordGap[]) {
    this.#gaps = gaps
  }

  /** Whether any record that was written with the commit of these readings may be among them. */
  mayBeOfCommit(firstSeq: number, lastSeq: number): boolean {
    return this.mayAccountFor(firstSeq, { commitLastSeq: lastSeq })
  }

  /**
   * Whether a record that accounted for this reading may be among them, between two that are held: the records of a subject
   * lie in the order of its verdicts. A judgment was written with the commit of the reading, of which `commitLastSeq` is
   * the last; a run at any time behind it.
   */
  mayAccountFor(
    readingSeq: number,
    { afterSeq = 0, beforeSeq = Infinity, commitLastSeq = Infinity }: RecordPlace,
  ): boolean {
    const gap = this.#gaps[this.#countUntil((each) => each.toSeq > afterSeq && each.readingsSeqMax >= readingSeq)]
    return gap !== undefined && gap.fromSeq < beforeSeq && gap.readingsSeqMin <= commitLastSeq
  }

  /** How many gaps lie before the first that `isBehind`. */
  #countUntil(isBehind: (gap: RecordGap) => boolean): number {
    let [from, to] = [0, this.#gaps.length]
    while (from < to) {
      const middle = (from + to) >> 1
      const gap = this.#gaps[middle]
      if (gap !== undefined && !isBehind(gap)) from = middle + 1
      else to = middle
    }
    return from
  }
}
