import type { JournalRecord } from '@jidoka/domain'

/**
 * Which records say again what an earlier one said: a new epoch appends the judgments that stand, as they were, for a cloud that knows nothing of the old
 * one. Their verdicts were made once, and come out once. To be asked of records in their order.
 */
export class RepeatedJudgments {
  #atMs = 0
  /** Those of one instant alone: what is said again later bears the time of then and that of its verdict. */
  readonly #ids = new Set<string>()

  has(record: JournalRecord): boolean {
    if (record.kind !== 'judgment') return false
    const { id, judged_at_ms: judgedAtMs } = record.body
    if (record.at_ms !== judgedAtMs) return true
    if (judgedAtMs !== this.#atMs) this.#ids.clear()
    this.#atMs = judgedAtMs
    if (this.#ids.has(id)) return true
    this.#ids.add(id)
    return false
  }
}
