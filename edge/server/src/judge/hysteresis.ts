import { isNormal, unjudged } from '@jidoka/domain'
import type { RuleDefinition } from '@jidoka/domain'

/** How far a rule has counted at a subject. */
export interface Run {
  /** The last judged status that settled; null before the first. UNJUDGED never settles here: it covers it. */
  settledStatus: string | null
  /** The status that stands, UNJUDGED included; null before the first. */
  standingStatus: string | null
  candidateStatus: string | null
  candidateCount: number
}

/**
 * Counts one verdict and says whether the standing verdict changes with it.
 *
 * - UNJUDGED stands at once: what cannot be judged must not look judged. It breaks every row.
 * - The settled status stands again at once after UNJUDGED.
 * - Another status stands after `raise_after_count` (to abnormal) or `return_after_count` (to normal) verdicts in a row.
 *   On the way from normal to abnormal (and back) different statuses of the same side count as one row, and the latest is
 *   taken: a value that swings between HIGH and HIGH_HIGH is not normal. From one abnormal status to another the row is of equal ones.
 * - The first verdict of all stands at once when it is normal.
 */
export function settle(
  run: Run,
  status: string,
  rule: Pick<RuleDefinition, 'normal_statuses' | 'hysteresis'>,
): boolean {
  if (status === unjudged) {
    forgetCandidate(run)
    return stand(run, unjudged)
  }
  if (status === run.settledStatus) {
    forgetCandidate(run)
    return stand(run, status)
  }
  const normal = isNormal(rule, status)
  const settledNormal = run.settledStatus === null || isNormal(rule, run.settledStatus)
  const continues =
    run.candidateStatus !== null &&
    (run.candidateStatus === status || (normal !== settledNormal && isNormal(rule, run.candidateStatus) === normal))
  run.candidateCount = continues ? run.candidateCount + 1 : 1
  run.candidateStatus = status
  const needed = normal
    ? run.settledStatus === null
      ? 1
      : rule.hysteresis.return_after_count
    : rule.hysteresis.raise_after_count
  if (run.candidateCount < needed) return false
  run.settledStatus = status
  forgetCandidate(run)
  return stand(run, status)
}

function forgetCandidate(run: Run): void {
  run.candidateStatus = null
  run.candidateCount = 0
}

function stand(run: Run, status: string): boolean {
  const changed = run.standingStatus !== status
  run.standingStatus = status
  return changed
}
