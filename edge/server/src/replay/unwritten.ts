import type { JudgeSink } from '../judge/sink.ts'

/** The judge's effects are what the journal already holds. */
export class Unwritten implements JudgeSink {
  nowMs = 0
  judgment(): void {}
  verdictRun(): void {}
  standing(): void {}
  alarm(): void {}
  reported(): void {}
  counted(): void {}
  slotChanged(): void {}
  slotGone(): void {}
  ruleChanged(): void {}
  ruleGone(): void {}
}
