import { isFresh } from './inputs.ts'
import type { RuleGroup } from './rule-group.ts'
import type { Row } from './row-buffer.ts'
import type { Subject } from './subject.ts'

/**
 * When the inputs of what stands grow too old (I4). Nothing is walked through before the first of them can: with new
 * readings coming, what was worked out stays a lower bound.
 */
export class Expiry {
  /** The bounds of all fresh subjects together. */
  #freshFromMs = -Infinity
  #freshUntilMs = -Infinity

  /** Rules or clocks changed: the next sweep looks at everything. */
  lookAgain(): void {
    this.#freshUntilMs = -Infinity
  }

  /** A row was filled that is not late. */
  note(subject: Subject, row: Row): void {
    subject.freshFromMs = row.freshFromMs
    subject.freshUntilMs = row.freshUntilMs
    if (!row.unusable) this.#fold(subject)
  }

  /** Calls `expired` for each subject that is no longer fresh; what it says of it by `note` counts. */
  sweep(groups: readonly RuleGroup[], nowMs: number, expired: (subject: Subject) => void): void {
    if (isFresh({ freshFromMs: this.#freshFromMs, freshUntilMs: this.#freshUntilMs }, nowMs)) return
    this.#freshFromMs = -Infinity
    this.#freshUntilMs = Infinity
    for (const group of groups) {
      for (const subject of group.subjects.values()) {
        if (isFresh(subject, nowMs)) this.#fold(subject)
        else expired(subject)
      }
    }
  }

  #fold(subject: Subject): void {
    if (subject.freshFromMs > this.#freshFromMs) this.#freshFromMs = subject.freshFromMs
    if (subject.freshUntilMs < this.#freshUntilMs) this.#freshUntilMs = subject.freshUntilMs
  }
}
