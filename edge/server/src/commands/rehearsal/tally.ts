import { isNormal, unjudged } from '@jidoka/domain'
import type { CommandResult, RuleDefinition } from '@jidoka/domain'
import { rehearsalLimits } from './limits.ts'

/** What a rule would have said, counted; and how often another one said something else. */
export class RehearsalTally {
  readonly #rule: RuleDefinition
  readonly #byStatus = new Map<string, number>()
  #verdicts = 0
  #firstAbnormalMs: number | null = null
  #lastAbnormalMs: number | null = null
  #different = 0
  /** Verdicts of the commit that is being judged, by what they are of. */
  readonly #tried = new Map<string, string>()
  readonly #standing = new Map<string, string>()

  constructor(rule: RuleDefinition) {
    this.#rule = rule
  }

  tried(subject: string, status: string, atMs: number): void {
    this.#verdicts++
    const isKnown = this.#byStatus.has(status) || this.#byStatus.size < rehearsalLimits.statusesMax
    const counted = isKnown ? status : 'OTHER'
    this.#byStatus.set(counted, (this.#byStatus.get(counted) ?? 0) + 1)
    this.#tried.set(subject, status)
    if (isNormal(this.#rule, status) || status === unjudged) return
    this.#firstAbnormalMs ??= atMs
    this.#lastAbnormalMs = atMs
  }

  stands(subject: string, status: string): void {
    this.#standing.set(subject, status)
  }

  /** Holds the verdicts of one commit against each other. One that only one of both has given differs too. */
  compare(): void {
    for (const [subject, status] of this.#tried) {
      if (this.#standing.get(subject) !== status) this.#different++
      this.#standing.delete(subject)
    }
    this.#different += this.#standing.size
    this.#tried.clear()
    this.#standing.clear()
  }

  result(comparedVersion: number | null): CommandResult {
    return {
      verdicts: this.#verdicts,
      ...Object.fromEntries([...this.#byStatus].map(([status, count]) => [`verdicts.${status}`, count])),
      first_abnormal_at: instant(this.#firstAbnormalMs),
      last_abnormal_at: instant(this.#lastAbnormalMs),
      compared_with_version: comparedVersion,
      different: comparedVersion === null ? null : this.#different,
    }
  }
}

const instant = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())
