import { namedBy } from '../judge/rule-names.ts'
import type { RuleRunner } from '../judge/rule-runner.ts'
import { Findings } from './findings.ts'
import { PrunedRecords } from './pruned-records.ts'
import { Rejudge } from './rejudge.ts'
import { Remaker } from './remake.ts'
import { Stretch } from './stretch.ts'
import type { PlacedRecord } from './stretch.ts'

export interface ReplayOptions {
  readonly dataFolder: string
  /** Instants of the appliance's clock; to is not included. */
  readonly fromMs: number
  readonly toMs: number
  /** Undefined: all rules. */
  readonly ruleId: string | undefined
  /** With an engine of its own. */
  readonly newRunner: () => RuleRunner
}

/**
 * Makes the verdicts of a stretch again and compares (I3): each judgment from its snapshot, and all of them from the
 * journal. Reads only, also beside a running appliance.
 */
export function replay({ dataFolder, fromMs, toMs, ruleId, newRunner }: ReplayOptions): Findings {
  const findings = new Findings()
  const stretch = new Stretch(dataFolder, fromMs, toMs, ({ firstSeq, count, why }) =>
    findings.gaps.push(`Readings ${firstSeq} to ${firstSeq + count - 1} cannot be read: ${why}.`),
  )
  try {
    const history = stretch.rules()
    const recordGaps = stretch.recordGaps()
    for (const { fromSeq, toSeq, count, reason, isWithin } of recordGaps)
      if (isWithin)
        findings.gaps.push(`${count} of the records ${fromSeq} to ${toSeq} are not held any more (${reason}).`)
    for (const seq of stretch.damagedRecords())
      findings.differs(`Record ${seq} is not as it was written: its checksum does not fit.`)
    for (const { definition, hash, rule_id: id } of history) {
      if (definition !== null && namedBy(definition, hash) === null)
        findings.differs(`The history of rules holds another rule ${id} than the one with the hash ${hash}.`)
    }
    const isWanted = ({ record }: PlacedRecord): boolean =>
      ruleId === undefined ||
      (record.kind !== 'judgment' && record.kind !== 'verdict_run') ||
      record.body.rule_id === ruleId
    const remaker = new Remaker(history, newRunner(), findings)
    for (const placed of stretch.records())
      if (placed.record.kind === 'judgment' && isWanted(placed)) remaker.remake(placed.record.body)
    const pruned = new PrunedRecords(recordGaps)
    new Rejudge({ stretch, history, pruned, ruleId, runner: newRunner(), findings }).run(isWanted)
    return findings
  } finally {
    stretch.close()
  }
}
