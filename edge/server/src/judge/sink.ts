import type { Alarm, Judgment, ReportedItem, VerdictRun } from '@jidoka/domain'
import type { StandingVerdict } from '../ports.ts'
import type { Row } from './row-buffer.ts'
import type { RuleInstance, Slot } from './rule-instance.ts'

/** Where the judge puts what follows from a batch; all of it becomes one commit. */
export interface JudgeSink {
  readonly nowMs: number
  judgment(judgment: Judgment): void
  /** A run has ended; `slot` holds none any more. */
  verdictRun(run: VerdictRun, slot: Slot): void
  standing(verdict: StandingVerdict): void
  alarm(alarm: Alarm): void
  reported(item: ReportedItem): void
  counted(status: string): void
  slotChanged(slot: Slot): void
  slotGone(slot: Slot): void
  /** `readingsSeq`: the last reading that was judged before it. */
  ruleChanged(rule: RuleInstance, readingsSeq: number): void
  ruleGone(rule: RuleInstance, readingsSeq: number): void
}

/** Hears every single verdict, whether or not it becomes a record. What it is given is reused after the call. */
export interface VerdictWatcher {
  verdict(slot: Slot, row: Row, status: string, confidence: number, explanation: string | null, nowMs: number): void
}
