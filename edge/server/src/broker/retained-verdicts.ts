import { judgmentTopic } from '@jidoka/contract'
import type { StandingVerdict } from '../ports.ts'

export interface VerdictMessage {
  readonly topic: string
  readonly verdict: StandingVerdict
  readonly retain: boolean
}

/**
 * One retained message stands for a rule on a line, but several machines of the line may have a verdict each. A stack
 * light that connects later must see the abnormal one, so a normal verdict of one machine never takes its place.
 */
export class RetainedVerdicts {
  readonly #byTopic = new Map<string, Map<string, StandingVerdict>>()
  readonly #retained = new Map<string, StandingVerdict>()

  /** The messages that a change of a standing verdict asks for, in order. */
  change(verdict: StandingVerdict): VerdictMessage[] {
    const topic = judgmentTopic(verdict.judgment.line, verdict.judgment.rule_id)
    const subjects = this.#byTopic.get(topic) ?? new Map<string, StandingVerdict>()
    this.#byTopic.set(topic, subjects)
    subjects.set(verdict.judgment.subject, verdict)
    const worst = worstOf(subjects.values()) ?? verdict
    const before = this.#retained.get(topic)
    this.#retained.set(topic, worst)
    if (worst === verdict) return [{ topic, verdict, retain: true }]
    const own: VerdictMessage = { topic, verdict, retain: false }
    return before === worst ? [own] : [own, { topic, verdict: worst, retain: true }]
  }
}

/** The newest abnormal one, else the newest. */
function worstOf(verdicts: Iterable<StandingVerdict>): StandingVerdict | undefined {
  let worst: StandingVerdict | undefined
  for (const verdict of verdicts) {
    if (
      worst === undefined ||
      rank(verdict) > rank(worst) ||
      (rank(verdict) === rank(worst) && verdict.judgment.judged_at_ms >= worst.judgment.judged_at_ms)
    )
      worst = verdict
  }
  return worst
}

const rank = (verdict: StandingVerdict): number => (verdict.judgment.normal ? 0 : 1)
