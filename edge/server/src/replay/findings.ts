import { replayLimits } from './limits.ts'

/** What a replay has seen so far. */
export class Findings {
  readonly differences: string[] = []
  /** What could not be compared, each with its reason. */
  readonly gaps: string[] = []
  differenceCount = 0
  /** False where retention has dropped records of the stretch. */
  recordsAreWhole = true
  readings = 0
  events = 0
  /** Judgments made again from their snapshots, and those that were not, with the reason and how often. */
  remade = 0
  readonly notRemade = new Map<string, number>()
  /** Judgments that came out of the journal again, verdicts counted in runs, and the runs. */
  judgmentsSame = 0
  verdictsCounted = 0
  runsSame = 0
  readonly notCompared = new Map<string, number>()

  differs(sentence: string): void {
    this.differenceCount++
    if (this.differences.length < replayLimits.differencesListedMax) this.differences.push(sentence)
  }

  /** A verdict has no record that fits. Where records of the stretch were dropped nobody can say whether it had one. */
  lacksRecord(sentence: string): void {
    if (this.recordsAreWhole) this.differs(sentence)
    else Findings.note(this.notCompared, 'records beside it are not held any more')
  }

  static note(reasons: Map<string, number>, reason: string, count = 1): void {
    reasons.set(reason, (reasons.get(reason) ?? 0) + count)
  }
}
