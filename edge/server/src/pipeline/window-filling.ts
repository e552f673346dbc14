import type { Clock } from '@jidoka/base'
import type { RuleDefinition } from '@jidoka/domain'
import type { Judge } from '../judge/judge.ts'
import { readTagsFrom } from '../store/read-tags.ts'
import type { SegmentStore } from '../store/segment-store.ts'
import type { WindowReader } from '../windows/window-bank.ts'
import { findWindowStart } from '../windows/window-start.ts'

/** A flight that waits behind a slice of filling windows waits no longer than behind a commit of a slow disk. */
const prepareSliceMs = 15

/** Fills the windows that rules look at from what the journal holds; inside a commit also from what the commit has written. */
export class WindowFilling {
  readonly #judge: Judge
  readonly #clock: Clock
  readonly #reader: WindowReader

  constructor(judge: Judge, segments: SegmentStore, clock: Clock) {
    this.#judge = judge
    this.#clock = clock
    this.#reader = {
      findStart: (backMs) => findWindowStart(segments, backMs),
      readTagsFrom: (tagNos, fromSeq) => readTagsFrom(segments, tagNos, fromSeq),
    }
  }

  /** Of the rules in force, those that are new. */
  fill(): void {
    this.#judge.fillWindows(this.#reader)
  }

  /** As `fill`, with the last rules of a change: what was prepared for it and is not looked at goes. */
  end(): void {
    this.#judge.endPreparing(this.#reader)
  }

  /** A slice of filling windows of rules that are about to be put in force; true when nothing is left. See `RuleTable.prepareWindows`. */
  prepare(definitions: readonly RuleDefinition[] | null): boolean {
    const untilMs = this.#clock.monotonicMs() + prepareSliceMs
    const isTimeUp = () => this.#clock.monotonicMs() >= untilMs
    return this.#judge.prepareWindows(definitions, this.#reader, isTimeUp)
  }
}
