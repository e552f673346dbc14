import type { FactoryEvent, Judgment, JournalRecord, RuleDefinition, TagDefinition, VerdictRun } from '@jidoka/domain'
import { openForReading } from '../store/database.ts'
import type { Database } from '../store/database.ts'
import { isWholeRecord } from '../store/whole-record.ts'
import { replayLimits } from './limits.ts'
import type { RecordGap } from './pruned-records.ts'
import { RepeatedJudgments } from './repeated-judgments.ts'
import type { RuleHistoryRow } from '../store/journal-writer.ts'
import { firstSeqWithin, lastSeqWithin, readTagsFrom } from '../store/read-tags.ts'
import type { TagReading } from '../store/read-tags.ts'
import type { ReceivedSpan } from '../store/segment-catalogue.ts'
import { SegmentStore } from '../store/segment-store.ts'
import type { DamagedSegment } from '../store/segment-store.ts'
import type { WindowReader } from '../windows/window-reader.ts'
import { findWindowStart } from '../windows/window-start.ts'

/** A record with its place: `readingsSeq` is the last reading of the journal when it was written. */
export interface PlacedRecord {
  readonly readingsSeq: number
  readonly record: JournalRecord
}

export interface PlacedRule extends Omit<RuleHistoryRow, 'definition'> {
  readonly definition: RuleDefinition | null
}

interface RecordGapRow extends Pick<RecordGap, 'fromSeq' | 'toSeq' | 'count' | 'reason'> {
  readonly readingsSeqBefore: number | null
  readonly readingsSeqBehind: number | null
}

/**
 * The journal between two instants of its own clock, read beside the appliance that writes it. A stretch is what lies between
 * its first and its last row: clocks leap, and what came while one ran ahead, or behind, changed what was judged after it.
 */
export class Stretch {
  readonly fromMs: number
  readonly toMs: number
  /** Readings; the first is behind the last where there are none. */
  readonly firstSeq: number
  readonly lastSeq: number
  readonly #firstRecordSeq: number
  readonly #lastRecordSeq: number
  readonly #database: Database
  readonly #segments: SegmentStore

  constructor(dataFolder: string, fromMs: number, toMs: number, onDamaged: (damaged: DamagedSegment) => void) {
    this.fromMs = fromMs
    this.toMs = toMs
    this.#database = openForReading(dataFolder)
    this.#segments = new SegmentStore(this.#database, dataFolder, onDamaged)
    const firstSeq = this.firstSeqWithin(this)
    let lastRecordSeq: number
    const [within] = this.#all<{ first: number | null; last: number; readingsSeq: number }>(
      `select min(seq) as first, max(seq) as last, min(readings_seq) as readingsSeq from records
       where at_ms >= ? and at_ms < ? and (readings_seq = 0 or readings_seq >= ?)`,
      fromMs,
      toMs,
      (firstSeq ?? 0) - 1,
    )
    if (within !== undefined && within.first !== null) {
      this.firstSeq = firstSeq ?? within.readingsSeq + 1
      this.#firstRecordSeq = within.first
      lastRecordSeq = within.last
    } else {
      this.firstSeq = firstSeq ?? this.#endOfLane()
      const [before] = this.#all<{ seq: number | null }>(
        'select max(seq) as seq from records where at_ms < ? and readings_seq < ?',
        fromMs,
        this.firstSeq,
      )
      lastRecordSeq = before?.seq ?? 0
      this.#firstRecordSeq = lastRecordSeq + 1
    }
    const lastSeq = firstSeq === null ? this.firstSeq - 1 : lastSeqWithin(this.#segments, this, firstSeq)
    // Where the clock leaps, the last reading within may lie far behind the last record within, or before it: what lies between belongs to the stretch.
    const [behind] = this.#all<{ seq: number | null }>(
      'select max(seq) as seq from records where readings_seq < ? and readings_seq >= ?',
      lastSeq,
      this.firstSeq,
    )
    this.#lastRecordSeq = Math.max(lastRecordSeq, behind?.seq ?? 0)
    const [last] = this.#all<{ readingsSeq: number }>(
      'select readings_seq as readingsSeq from records where seq = ?',
      this.#lastRecordSeq,
    )
    this.lastSeq = Math.max(lastSeq, last?.readingsSeq ?? 0)
  }

  close(): void {
    this.#database.close()
  }

  tags(): TagDefinition[] {
    return this.#all<TagDefinition>('select tag_no, key, kind, unit from tags order by tag_no')
  }

  /** All that is known of rules, oldest first. */
  rules(): PlacedRule[] {
    return this.#all<RuleHistoryRow>('select * from rule_history order by id').map((row) => ({
      ...row,
      definition: row.definition === null ? null : (JSON.parse(row.definition) as RuleDefinition),
    }))
  }

  /** Whether a change of a rule lies before the stretch. */
  isBefore({ at_ms: atMs, readings_seq: readingsSeq, records_seq: recordsSeq }: PlacedRule): boolean {
    if (readingsSeq !== this.firstSeq - 1) return readingsSeq < this.firstSeq
    return atMs < this.fromMs || recordsSeq < this.#firstRecordSeq - 1
  }

  firstSeqWithin(span: ReceivedSpan, upToSeq?: number): number | null {
    return firstSeqWithin(this.#segments, span, upToSeq)
  }

  /** What windows are filled from that are looked at behind a reading. */
  windowReader(upToSeq: number): WindowReader {
    return {
      findStart: (backMs) => findWindowStart(this.#segments, backMs, upToSeq),
      readTagsFrom: (tagNos, fromSeq) => this.readings(tagNos, fromSeq, upToSeq),
    }
  }

  readings(tagNos: readonly number[] | null, fromSeq: number, toSeq = Infinity): Iterable<TagReading> {
    return readTagsFrom(this.#segments, tagNos, fromSeq, { toSeq })
  }

  /** Records of the stretch in their order. */
  *records(): Generator<PlacedRecord> {
    const rows = this.#database
      .prepare<[number, number], { line: string; readingsSeq: number }>(
        'select line, readings_seq as readingsSeq from records where seq between ? and ? order by seq',
      )
      .iterate(this.#firstRecordSeq, this.#lastRecordSeq)
    const repeats = new RepeatedJudgments()
    for (const row of rows) {
      const record = recordOf(row.line)
      if (record !== null && !repeats.has(record)) yield { readingsSeq: row.readingsSeq, record }
    }
  }

  /** Numbers of the records of the stretch that are not as they were written. */
  *damagedRecords(): Generator<number> {
    const rows = this.#database
      .prepare<[number, number], { seq: number; line: string; crc: number | null }>(
        'select seq, line, crc from records where seq between ? and ? order by seq',
      )
      .iterate(this.#firstRecordSeq, this.#lastRecordSeq)
    for (const row of rows) if (!isWholeRecord(row)) yield row.seq
  }

  /** Events before the stretch, which the facts at its beginning come from. */
  *eventsBefore(): Generator<{ readonly seq: number; readonly atMs: number; readonly event: FactoryEvent }> {
    const rows = this.#database
      .prepare<[number], { seq: number; line: string; atMs: number }>(
        "select seq, line, at_ms as atMs from records where kind = 'event' and seq < ? order by seq",
      )
      .iterate(this.#firstRecordSeq)
    for (const { seq, line, atMs } of rows)
      yield { seq, atMs, event: (JSON.parse(line) as { body: FactoryEvent }).body }
  }

  /** The newest judgments of a rule before the stretch, and the runs between them, oldest first. */
  verdictsBefore(ruleId: string, countMax: number): (Judgment | VerdictRun)[] {
    const judgments = this.#all<{ seq: number; line: string }>(
      `select j.seq, r.line from judgments j join records r on r.seq = j.seq
       where j.rule_id = ? and j.seq < ? order by j.seq desc limit ?`,
      ruleId,
      this.#firstRecordSeq,
      countMax,
    )
    const firstSeq = judgments.at(-1)?.seq ?? Infinity
    const runs =
      firstSeq === Infinity
        ? []
        : this.#all<{ seq: number; line: string }>(
            "select seq, line from records where kind = 'verdict_run' and seq > ? and seq < ? and line like ? order by seq",
            firstSeq,
            this.#firstRecordSeq,
            `%"rule_id":"${ruleId}"%`,
          )
    return [...judgments, ...runs]
      .toSorted((left, right) => left.seq - right.seq)
      .map(({ line }) => (JSON.parse(line) as { body: Judgment | VerdictRun }).body)
  }

  /** Runs that were written behind the stretch, in which its last verdicts may be counted, with the number of their record. */
  *runsBehind(): Generator<{ readonly seq: number; readonly run: VerdictRun }> {
    const rows = this.#database
      .prepare<[number, number], { seq: number; line: string }>(
        "select seq, line from records where kind = 'verdict_run' and seq > ? and at_ms < ? order by seq",
      )
      .iterate(this.#lastRecordSeq, this.toMs + replayLimits.runEndMsMax)
    for (const { seq, line } of rows) yield { seq, run: (JSON.parse(line) as { body: VerdictRun }).body }
  }

  /** The verdict that was last made at each rule and subject: those of runs that are open yet are of this status. */
  rawStatuses(): ReadonlyMap<string, string> {
    return new Map(
      this.#all<{ rule_id: string; subject: string; raw_status: string }>(
        'select rule_id, subject, raw_status from standing where raw_status is not null',
      ).map((row) => [slotKey(row.rule_id, row.subject), row.raw_status]),
    )
  }

  /**
   * Records that are not held any more and may be events, of all the time up to the end of the stretch. Retention drops the oldest events first, so that
   * what it dropped behind the first that is held is something else.
   */
  eventGaps(): RecordGap[] {
    const [oldest] = this.#all<{ seq: number | null }>("select min(seq) as seq from records where kind = 'event'")
    return this.#gaps(
      "from_seq < ? and (reason not in ('pruned', 'space') or from_seq < ?)",
      this.#lastRecordSeq,
      oldest?.seq ?? Number.MAX_SAFE_INTEGER,
    )
  }

  /** Records that are not held any more, of the stretch and of the time behind it in which its last runs were written. */
  recordGaps(): RecordGap[] {
    const [before] = this.#all<{ seq: number | null }>(
      'select max(seq) as seq from records where seq < ?',
      this.#firstRecordSeq,
    )
    const [farBehind] = this.#all<{ seq: number }>(
      'select seq from records where seq > ? and at_ms >= ? order by seq limit 1',
      this.#lastRecordSeq,
      this.toMs + replayLimits.runEndMsMax,
    )
    return this.#gaps('to_seq > ? and from_seq < ?', before?.seq ?? 0, farBehind?.seq ?? Number.MAX_SAFE_INTEGER)
  }

  #gaps(condition: string, ...values: readonly number[]): RecordGap[] {
    const [behind] = this.#all<{ seq: number }>(
      'select seq from records where seq > ? order by seq limit 1',
      this.#lastRecordSeq,
    )
    // Records of a version that did not note their place have 0, as those before the first reading do.
    const [placed] = this.#all<{ readingsSeq: number }>(
      'select readings_seq as readingsSeq from records where readings_seq > 0 order by seq limit 1',
    )
    return this.#all<RecordGapRow>(
      `select from_seq as fromSeq, to_seq as toSeq, count, reason,
         (select readings_seq from records where seq < from_seq order by seq desc limit 1) as readingsSeqBefore,
         (select readings_seq from records where seq > to_seq order by seq limit 1) as readingsSeqBehind
       from gaps where lane = 'records' and ${condition} order by from_seq`,
      ...values,
    ).map(({ fromSeq, toSeq, count, reason, readingsSeqBefore, readingsSeqBehind }) => ({
      fromSeq,
      toSeq,
      count,
      reason,
      readingsSeqMin: readingsSeqBefore ?? 0,
      readingsSeqMax: (readingsSeqBehind === 0 ? placed?.readingsSeq : readingsSeqBehind) ?? Infinity,
      isWithin: fromSeq < (behind?.seq ?? Infinity),
    }))
  }

  /** Why readings from a number on are not held any more. */
  gapReason(seq: number): string {
    const row = this.#all<{ to_seq: number; reason: string }>(
      "select to_seq, reason from gaps where lane = 'readings' and from_seq <= ? order by from_seq desc limit 1",
      seq,
    )[0]
    return row !== undefined && row.to_seq >= seq ? row.reason : 'for an unknown reason'
  }

  #endOfLane(): number {
    return this.#all<{ next_seq: number }>("select next_seq from lanes where lane = 'readings'")[0]?.next_seq ?? 1
  }

  #all<Row>(sql: string, ...values: readonly (string | number)[]): Row[] {
    return this.#database.prepare<(string | number)[], Row>(sql).all(...values)
  }
}

export const slotKey = (ruleId: string, subject: string): string => `${ruleId}\n${subject}`

/** Null for a line that cannot be read: see `damagedRecords`. */
function recordOf(line: string): JournalRecord | null {
  try {
    return JSON.parse(line) as JournalRecord
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
