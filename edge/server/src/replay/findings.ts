import { replayLimits } from './limits.ts'

/** What a replay has seen so far. */
export class Findings {
  readonly differences: string[] = []
  /** What could not be compared, each with its reason. */
  readonly gaps: string[] = []
  differenceCount = 0
  readings = 0
  events = 0
  /** Judgments made again from their snapshots, and those that were not, with the reason and how often. */
  remade = 0
  readonly notRemade = new Map<string, number>()
  /** Judgments of an older program, whose name for a rule leaves out where its inputs come from. */
  namedByScript = 0
  /** Judgments that came out of the journal again, verdicts counted in runs, and the runs. */
  judgmentsSame = 0
  verdictsCounted = 0
  runsSame = 0
  /** Verdicts of rules on the clock: those that are records are made again from their snapshots only, those in runs are not compared. */
  onTheClock = 0
  readonly notCompared = new Map<string, number>()

  differs(sentence: string): void {
    this.differenceCount++
    if (this.differences.length < replayLimits.differencesListedMax) this.differences.push(sentence)
  }

  /** Verdicts have no record that fits. Where it may be one that was dropped nobody can say whether they had one. */
  lacksRecord(sentence: string, count: number, mayBePruned: boolean): void {
    if (mayBePruned) Findings.note(this.notCompared, 'records beside it are not held any more', count)
    else this.differs(sentence)
  }

  static note(reasons: Map<string, number>, reason: string, count = 1): void {
    reasons.set(reason, (reasons.get(reason) ?? 0) + count)
  }
}
