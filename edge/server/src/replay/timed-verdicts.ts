import type { Judgment, VerdictRun } from '@jidoka/domain'

export type MadeAgain = Pick<Judgment, 'status' | 'confidence' | 'explanation' | 'inputs'>

interface TimedVerdict {
  readonly verdict: MadeAgain
  readonly atMs: number
  /** The last reading before it. */
  readonly readingsSeq: number
}

/** The verdicts of one rule at one subject that no reading triggered, in the order in which they are made. */
export class TimedVerdicts {
  readonly #made: TimedVerdict[] = []

  add(verdict: TimedVerdict): void {
    this.#made.push(verdict)
  }

  get isEmpty(): boolean {
    return this.#made.length === 0
  }

  next(): MadeAgain | undefined {
    return this.#made.shift()?.verdict
  }

  /** Passes over what lies before the verdict of an instant and may have had its record dropped; answers how many. */
  skipTo(atMs: number, mayBePruned: (verdict: TimedVerdict) => boolean): number {
    let skipped = 0
    for (;;) {
      const [first] = this.#made
      if (first === undefined || first.atMs === atMs || !mayBePruned(first)) return skipped
      this.#made.shift()
      skipped++
    }
  }

  /** Takes what a run of the journal counts; answers how many of them had its status. */
  take(run: VerdictRun): number {
    let same = 0
    for (let taken = 0; taken < run.count; taken++) {
      const [first] = this.#made
      if (first === undefined || first.atMs > run.last_at_ms) break
      this.#made.shift()
      if (first.verdict.status === run.status) same++
    }
    return same
  }
}
