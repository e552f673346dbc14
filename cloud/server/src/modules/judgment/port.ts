import type { BoardAlarm, BoardVerdict } from '@jidoka/contract'
import type { Alarm, Judgment, RuleDefinition, VerdictRun } from '@jidoka/domain'
import type { Transaction } from '../../platform/db/database.ts'

export interface EdgeName {
  readonly id: string
  readonly name: string
}

/** A run with its number in the records lane of an edge. */
export interface NumberedRun extends VerdictRun {
  readonly seq: number
}

/** Whose records they are: an edge, one life of its data folder, and when they arrived. */
export interface RunSource {
  readonly edgeId: string
  readonly epoch: string
  readonly receivedAt: string
}

/** What stands at an edge now: the most urgent of it, as an edge may send any number. */
export interface Standing {
  readonly verdicts: readonly BoardVerdict[]
  /** Those that have not ended. */
  readonly alarms: readonly BoardAlarm[]
  /** How many there are at each line. */
  readonly counts: ReadonlyMap<string, { readonly verdicts: number; readonly alarms: number }>
}

/** What other modules may ask of judgment. */
export interface JudgmentPort {
  /** To be called before the transaction that stores these judgments. */
  prepare(tenantId: string, judgments: readonly Judgment[]): Promise<void>
  /** Judgments of an edge, in its order. A second delivery changes nothing. */
  storeJudgments(tx: Transaction, edge: EdgeName, judgments: readonly Judgment[]): void
  /** Runs of equal normal verdicts of an edge. A second delivery changes nothing, and what stands does not change. */
  storeVerdictRuns(tx: Transaction, source: RunSource, runs: readonly NumberedRun[]): void
  /** Changes of alarms of an edge, in its order; the latest of an id is the alarm. */
  storeAlarms(tx: Transaction, edge: EdgeName, alarms: readonly Alarm[]): Promise<void>
  /** Takes down what stands at an edge for rules that it has removed. */
  rulesRemoved(tx: Transaction, edgeId: string, ruleIds: readonly string[]): Promise<void>
  /** By edge id; an edge without anything is absent. */
  standing(tx: Transaction, edgeIds: readonly string[]): Promise<ReadonlyMap<string, Standing>>
  /** By edge id; an edge without any is absent. */
  openAlarms(tx: Transaction, edgeIds: readonly string[]): Promise<ReadonlyMap<string, number>>
  /** Of the whole tenant but for these edges. */
  openAlarmsExcept(tx: Transaction, edgeIds: readonly string[]): Promise<number>
  /** I7. @throws ProblemError `rule_refused` for a rule that does not compile or whose examples fail. */
  checkRule(definition: RuleDefinition): void
}
