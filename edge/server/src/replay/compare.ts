import type { Judgment, SnapshotInput } from '@jidoka/domain'
import type { ReplayedVerdict } from '../judge/replay.ts'

/** What is different between a judgment and the verdict made again, as half a sentence; null when it is the same. */
export function differenceOf(
  judgment: Judgment,
  verdict: ReplayedVerdict,
  inputs: Readonly<Record<string, SnapshotInput>> | null,
): string | null {
  if (verdict.status !== judgment.status) return `was ${judgment.status} and is ${verdict.status} when made again`
  if (verdict.confidence !== judgment.confidence)
    return `had the confidence ${judgment.confidence} and has ${verdict.confidence} when made again`
  if (verdict.explanation !== judgment.explanation && !isOfItsMoment(judgment.explanation))
    return `said ${JSON.stringify(judgment.explanation)} and says ${JSON.stringify(verdict.explanation)} when made again`
  if (inputs === null) return null
  const [before, after] = [JSON.stringify(judgment.inputs), JSON.stringify(inputs)]
  return before === after ? null : `saw ${before} and sees ${after} when made again`
}

/** A failure that depends on the machine's speed or on the rows beside it, which are not part of the snapshot: that it failed is compared, and not its sentence. */
const isOfItsMoment = (explanation: string | null): boolean =>
  explanation?.startsWith('Not judged: the rule failed.') === true &&
  (explanation.includes('met its limits too often in this call') ||
    explanation.includes('ran longer than its time limit'))

export const nameOf = (judgment: Judgment): string =>
  `${judgment.rule_id} version ${judgment.rule_version} at ${judgment.subject}, ${
    judgment.reading_seq === null
      ? `${new Date(judgment.judged_at_ms).toISOString()} without a reading`
      : `reading ${judgment.reading_seq}`
  } (judgment ${judgment.id})`
