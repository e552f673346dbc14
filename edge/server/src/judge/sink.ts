import type { Alarm, Judgment, ReportedItem } from '@jidoka/domain'
import type { StandingVerdict } from '../ports.ts'
import type { RuleInstance, Slot } from './rule-instance.ts'

/** Where the judge puts what follows from a batch; all of it becomes one commit. */
export interface JudgeSink {
  readonly nowMs: number
  judgment(judgment: Judgment): void
  standing(verdict: StandingVerdict): void
  alarm(alarm: Alarm): void
  reported(item: ReportedItem): void
  counted(status: string): void
  slotChanged(slot: Slot): void
  slotGone(slot: Slot): void
  ruleChanged(rule: RuleInstance): void
  ruleGone(ruleId: string): void
}
