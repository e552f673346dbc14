import type { VerdictRun } from '@jidoka/domain'
import { Findings } from './findings.ts'
import type { PrunedRecords } from './pruned-records.ts'

/** What a commit stored, and whether some of its records may have been dropped. */
export interface JudgedCommit {
  readonly lastSeq: number
  readonly isBesidePruned: boolean
}

/** Equal verdicts next to each other that are no record of their own. */
interface Counted {
  readonly status: string
  readonly firstSeq: number
  lastSeq: number
  count: number
  /** The last reading of their commit. */
  readonly commitLastSeq: number
  /** The verdict before the first of them, where that was another: a change, which is a record. */
  readonly changedFrom: string | null
  /** The judgment of the same subject that is held and lies before them. */
  readonly afterRecordSeq: number
}

export const eventNotHeld = 'an event that it looks at may not be held any more'

/** The verdicts of one rule at one subject that were made again and are no record: they must be what the runs count. */
export class RunTally {
  readonly #slot: string
  readonly #findings: Findings
  readonly #pruned: PrunedRecords
  #counted: Counted[] = []
  #isBroken = true
  /** The verdict before, as the journal had to remember it; null where that is not known. */
  #status: string | null = null
  /** The last judgment and the last run that are held, by the numbers of their records. */
  #judgmentSeq = 0
  #runSeq = 0
  #isDoubtful = false

  constructor(slot: string, findings: Findings, pruned: PrunedRecords) {
    this.#slot = slot
    this.#findings = findings
    this.#pruned = pruned
  }

  /** Its rule saw what an event may have said that is not held any more. What follows stands on that, too. */
  doubt(): void {
    this.#isDoubtful = true
  }

  differs(sentence: string, count = 1): void {
    if (this.#isDoubtful) Findings.note(this.#findings.notCompared, eventNotHeld, count)
    else this.#findings.differs(sentence)
  }

  /** What comes is not of the run of what came before. */
  break(): void {
    this.#isBroken = true
  }

  /** A verdict that was made again has this record of its own. */
  judgment(recordSeq: number): void {
    this.break()
    this.#judgmentSeq = recordSeq
  }

  /** A verdict was made that is not late: what comes may repeat it. Null: whatever comes is a record. */
  turnsTo(status: string | null): void {
    this.#status = status
  }

  count(status: string, seq: number, commit: JudgedCommit): void {
    const changedFrom = this.#status === status ? null : this.#status
    const last = this.#counted.at(-1)
    // Where records were dropped a run may begin with any reading, and what lies before it is not of it.
    if (!this.#isBroken && !commit.isBesidePruned && changedFrom === null && last?.status === status) {
      last.lastSeq = seq
      last.count++
      return
    }
    this.#counted.push({
      status,
      firstSeq: seq,
      lastSeq: seq,
      count: 1,
      commitLastSeq: commit.lastSeq,
      changedFrom,
      afterRecordSeq: this.#judgmentSeq,
    })
    this.#isBroken = false
  }

  /** A run of the journal ends, written as that record. `isWhole`: all of its readings were judged again. */
  end(run: VerdictRun, recordSeq: number, isWhole: boolean): void {
    const lastSeq = run.last_reading_seq ?? 0
    const name = `The run of ${run.count} x ${run.status} of ${this.#slot}, readings ${run.first_reading_seq} to ${lastSeq}`
    this.#leaveBefore(run.first_reading_seq ?? 0, recordSeq)
    let count = 0
    while ((this.#counted[0]?.lastSeq ?? Infinity) <= lastSeq) {
      const counted = this.#counted.shift() as Counted
      count += counted.count
      if (counted.status !== run.status)
        this.differs(
          `${name}: readings ${counted.firstSeq} to ${counted.lastSeq} are ${counted.status} when judged again.`,
        )
      else if (counted.changedFrom !== null) this.differs(this.#sentenceOf(counted, null))
    }
    this.#findings.verdictsCounted += count
    this.#runSeq = recordSeq
    // Between the first and the last reading of a run its subject has no other record, so that none can have been dropped.
    if (isWhole ? count !== run.count : count > run.count)
      this.differs(`${name}: judged again there are ${count} verdicts without a record of their own.`)
    else this.#findings.runsSame++
  }

  /** The stretch is over, and what is left is of this run, which was written behind it. */
  closeWith(run: VerdictRun, recordSeq: number): void {
    this.#leaveBefore(run.first_reading_seq ?? 0, recordSeq)
    for (const counted of this.#counted) this.#closeOne(counted, run.status, false)
    this.#counted = []
  }

  /** The stretch is over: what is left must be of the run that is open yet, which `status` is the status of. */
  close(status: string | null): void {
    for (const counted of this.#counted) this.#closeOne(counted, status, this.#mayBePruned(counted, Infinity))
    this.#counted = []
  }

  get hasRest(): boolean {
    return this.#counted.length > 0
  }

  get lastSeq(): number {
    return this.#counted.at(-1)?.lastSeq ?? 0
  }

  #lacksRecord(sentence: string, count: number, mayBePruned: boolean): void {
    if (this.#isDoubtful) this.differs(sentence, count)
    else this.#findings.lacksRecord(sentence, count, mayBePruned)
  }

  #closeOne(counted: Counted, status: string | null, mayBePruned: boolean): void {
    if (counted.changedFrom === null && counted.status === status) this.#findings.verdictsCounted += counted.count
    else this.#lacksRecord(this.#sentenceOf(counted, status), counted.count, mayBePruned)
  }

  /** What lies before the first reading of a run is not of it: it had a record of its own, or a run before. */
  #leaveBefore(firstSeq: number, recordSeq: number): void {
    while ((this.#counted[0]?.lastSeq ?? Infinity) < firstSeq) {
      const counted = this.#counted.shift() as Counted
      this.#lacksRecord(this.#sentenceOf(counted, null), counted.count, this.#mayBePruned(counted, recordSeq))
    }
  }

  #mayBePruned({ lastSeq, commitLastSeq, changedFrom, afterRecordSeq }: Counted, beforeSeq: number): boolean {
    const afterSeq = Math.max(afterRecordSeq, this.#runSeq)
    const place = changedFrom === null ? { afterSeq, beforeSeq } : { afterSeq, beforeSeq, commitLastSeq }
    return this.#pruned.mayAccountFor(lastSeq, place)
  }

  #sentenceOf({ status, firstSeq, lastSeq, changedFrom }: Counted, recorded: string | null): string {
    if (changedFrom !== null)
      return `${this.#slot}: reading ${firstSeq} is ${status} when judged again, after ${changedFrom}, and the journal has no record of that change.`
    return `${this.#slot}: readings ${firstSeq} to ${lastSeq} are ${status} when judged again, and the journal has ${recorded ?? 'no verdict'} of them.`
  }
}
