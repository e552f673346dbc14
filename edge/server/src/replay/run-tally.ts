import type { Judgment, VerdictRun } from '@jidoka/domain'
import type { Findings } from './findings.ts'

/** Equal verdicts next to each other that are no record of their own. */
interface Counted {
  readonly status: string
  readonly firstSeq: number
  lastSeq: number
  count: number
}

/** The verdicts of one rule at one subject that were made again and are no record: they must be what the runs count. */
export class RunTally {
  readonly #slot: string
  readonly #findings: Findings
  #counted: Counted[] = []
  #isBroken = true
  /** The verdict before, as the journal had to remember it; null where that is not known. */
  #status: string | null = null

  constructor(slot: string, findings: Findings) {
    this.#slot = slot
    this.#findings = findings
  }

  /** What comes is not of the run of what came before. */
  break(): void {
    this.#isBroken = true
  }

  /** A verdict was made that is not late: what comes may repeat it. Null: whatever comes is a record. */
  turnsTo(status: string | null): void {
    this.#status = status
  }

  count(status: string, seq: number): void {
    if (this.#status !== null && this.#status !== status)
      this.#findings.lacksRecord(
        `${this.#slot}: reading ${seq} is ${status} when judged again, after ${this.#status}, and the journal has no record of that change.`,
      )
    const last = this.#counted.at(-1)
    if (!this.#isBroken && last?.status === status) {
      last.lastSeq = seq
      last.count++
      return
    }
    this.#counted.push({ status, firstSeq: seq, lastSeq: seq, count: 1 })
    this.#isBroken = false
  }

  /** A run of the journal ends. `isWhole`: all of its readings were judged again. */
  end(run: VerdictRun, isWhole: boolean): void {
    const lastSeq = run.last_reading_seq ?? 0
    const name = `The run of ${run.count} x ${run.status} of ${this.#slot}, readings ${run.first_reading_seq} to ${lastSeq}`
    let count = 0
    while ((this.#counted[0]?.lastSeq ?? Infinity) <= lastSeq) {
      const counted = this.#counted.shift() as Counted
      count += counted.count
      if (counted.status !== run.status)
        this.#findings.differs(
          `${name}: readings ${counted.firstSeq} to ${counted.lastSeq} are ${counted.status} when judged again.`,
        )
    }
    this.#findings.verdictsCounted += count
    if (isWhole ? count !== run.count : count > run.count)
      this.#findings.lacksRecord(`${name}: judged again there are ${count} verdicts without a record of their own.`)
    else this.#findings.runsSame++
  }

  /** The stretch is over: what is left must be of the run that was open then, which `status` is the status of. */
  close(status: string | null): void {
    for (const counted of this.#counted) {
      if (status === counted.status) this.#findings.verdictsCounted += counted.count
      else
        this.#findings.lacksRecord(
          `${this.#slot}: readings ${counted.firstSeq} to ${counted.lastSeq} are ${counted.status} when judged again, and the journal has ${status ?? 'no verdict'} of them.`,
        )
    }
    this.#counted = []
  }

  get hasRest(): boolean {
    return this.#counted.length > 0
  }

  get lastSeq(): number {
    return this.#counted.at(-1)?.lastSeq ?? 0
  }
}

/** The verdicts of one rule at one subject that no reading triggered, in the order in which they are made. */
export class TimedVerdicts {
  readonly #made: {
    readonly verdict: Pick<Judgment, 'status' | 'confidence' | 'explanation' | 'inputs'>
    readonly atMs: number
  }[] = []

  add(verdict: Pick<Judgment, 'status' | 'confidence' | 'explanation' | 'inputs'>, atMs: number): void {
    this.#made.push({ verdict, atMs })
  }

  get isEmpty(): boolean {
    return this.#made.length === 0
  }

  next(): Pick<Judgment, 'status' | 'confidence' | 'explanation' | 'inputs'> | undefined {
    return this.#made.shift()?.verdict
  }

  /** Takes what a run of the journal counts; answers how many of them had its status. */
  take(run: VerdictRun): number {
    let same = 0
    for (let taken = 0; taken < run.count; taken++) {
      const [first] = this.#made
      if (first === undefined || first.atMs > run.last_at_ms) break
      this.#made.shift()
      if (first.verdict.status === run.status) same++
    }
    return same
  }

  /** How many are left that do not have this status. */
  othersThan(status: string | null): number {
    return this.#made.filter(({ verdict }) => verdict.status !== status).length
  }
}
