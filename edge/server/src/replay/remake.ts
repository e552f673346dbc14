import type { Judgment, RuleDefinition } from '@jidoka/domain'
import { isTakenOut, replayJudgment } from '../judge/replay.ts'
import { namedBy, ruleNames } from '../judge/rule-names.ts'
import type { RuleRunner } from '../judge/rule-runner.ts'
import { differenceOf, nameOf } from './compare.ts'
import { Findings } from './findings.ts'
import type { PlacedRule } from './stretch.ts'

/** Makes judgments again from their snapshots and their rules alone. */
export class Remaker {
  readonly #definitions = new Map<string, RuleDefinition>()
  /** Hashes of rules that were quarantined. */
  readonly #takenOut = new Set<string>()
  readonly #runner: RuleRunner
  readonly #findings: Findings

  constructor(history: readonly PlacedRule[], runner: RuleRunner, findings: Findings) {
    for (const { hash, state, definition } of history) {
      // A rule that an older program put in force has its name of then in the history, and judges under that of now.
      for (const name of definition === null ? [hash] : [hash, ruleNames(definition).whole]) {
        if (definition !== null) this.#definitions.set(name, definition)
        if (state === 'quarantined') this.#takenOut.add(name)
      }
    }
    this.#runner = runner
    this.#findings = findings
  }

  remake(judgment: Judgment): void {
    const definition = this.#definitions.get(judgment.rule_hash)
    if (definition === undefined) return this.#not('its rule is from before the history of rules began')
    if (isTakenOut(judgment.explanation)) {
      // The program said so and not the script; that it was so is in the history.
      if (this.#takenOut.has(judgment.rule_hash)) this.#findings.remade++
      else
        this.#findings.differs(
          `From its snapshot: ${nameOf(judgment)} says that its rule was taken out, and it never was.`,
        )
      return
    }
    try {
      if (namedBy(definition, judgment.rule_hash) === 'script') this.#findings.namedByScript++
      const difference = differenceOf(judgment, replayJudgment(judgment, definition, this.#runner), null)
      if (difference === null) this.#findings.remade++
      else this.#findings.differs(`From its snapshot: ${nameOf(judgment)} ${difference}.`)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      this.#not('this program does not take its rule any more')
    }
  }

  #not(reason: string): void {
    Findings.note(this.#findings.notRemade, reason)
  }
}
