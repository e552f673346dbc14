import type { Database } from '../store/database.ts'

/** Entries go as slowly as the rows that need them; a look at all of them with each step of dropping would be made ten times a second. */
const trimEveryMs = 60_000

/** Entries of one step: a definition of 8 KB is some 0.03 ms of the journal's thread. */
const trimEntriesMax = 200

/** What a rule makes, and what makes it judge beside readings: as long as one of these is held, so is the rule of then. */
const kindsJudged = ['judgment', 'verdict_run', 'event'] as const

/**
 * Takes out of the history of rules what no kept row can need any more. An entry is in force up to the next one of its rule, so it is
 * needed as long as a reading, a verdict or an event of that stretch is held. The newest of each rule stays; the one that says that
 * a rule was removed goes with the last that it ended.
 */
export class RuleHistoryTrim {
  readonly #statements
  #atMs = -Infinity

  constructor(database: Database) {
    this.#statements = {
      firstReading: database.prepare<[], { seq: number | null }>(
        `select min(seq) as seq from (
           select min(first_seq) as seq from reading_segments union all select min(first_seq) from segment_files)`,
      ),
      firstRecord: database.prepare<[], { seq: number | null }>(
        `select min(seq) as seq from (${kindsJudged
          .map((kind) => `select min(seq) as seq from records where kind = '${kind}'`)
          .join(' union all ')})`,
      ),
      trim: database.prepare<{ reading: number; record: number }>(
        `delete from rule_history where id in (
           select id from (
             select id, state, readings_seq, records_seq,
               lead(readings_seq) over ofRule as nextReadings, lead(records_seq) over ofRule as nextRecords
             from rule_history window ofRule as (partition by rule_id order by id))
           where case when nextReadings is null then state = 'removed' and readings_seq < @reading and records_seq < @record
             else nextReadings < @reading and nextRecords < @record end
           order by id limit ${trimEntriesMax})`,
      ),
    }
  }

  /** Belongs into the commit that drops rows, behind the dropping. */
  trim(monotonicMs: number): void {
    if (monotonicMs - this.#atMs < trimEveryMs) return
    const { firstReading, firstRecord, trim } = this.#statements
    // Nothing held of a lane: the next row that comes is judged by the newest entries, which stay.
    const { changes } = trim.run({
      reading: firstReading.get()?.seq ?? Number.MAX_SAFE_INTEGER,
      record: firstRecord.get()?.seq ?? Number.MAX_SAFE_INTEGER,
    })
    // There may be more of them: the next step goes on.
    if (changes < trimEntriesMax) this.#atMs = monotonicMs
  }
}
