import { OperationalError } from '@jidoka/base'
import type { Alarm, DesiredItem, Judgment, Quality, TagDefinition, Value } from '@jidoka/domain'
import { decodeSegment, receiptSchema } from '@jidoka/sync-protocol'
import type { Lane, Receipt } from '@jidoka/sync-protocol'
import type {
  DeadLetter,
  DesiredPosition,
  JournalReader,
  JudgmentFilter,
  LineFacts,
  StandingVerdict,
  StoredUser,
} from '../ports.ts'
import { journalBytes, meta, openForReading } from './database.ts'
import type { Database } from './database.ts'
import { loadLastValues } from './last-values.ts'

export const readerLimits = {
  /** Segments that one history query may decode, newest first: some 300 ms of the main thread. Without it a query over a year stops the board. */
  historySegmentsMax: 100_000,
  /** Rows of one answer, whatever the caller asks for. */
  rowsMax: 1_000,
} as const

interface SegmentRow {
  readonly first_seq: number
  readonly count: number
  readonly body: Buffer
}

export function openReader(options: { readonly dataFolder: string }): JournalReader {
  return new SqliteJournalReader(options.dataFolder)
}

class SqliteJournalReader implements JournalReader {
  readonly epoch: string
  readonly #dataFolder: string
  readonly #database: Database

  constructor(dataFolder: string) {
    this.#dataFolder = dataFolder
    this.#database = openForReading(dataFolder)
    const epoch = meta(this.#database, 'epoch')
    if (epoch === null)
      throw new OperationalError(
        `The journal in ${dataFolder} has no epoch: it was not made to its end. Start the appliance once.`,
      )
    this.epoch = epoch
  }

  lanes() {
    const next = new Map(
      this.#all<{ lane: Lane; next_seq: number }>('select lane, next_seq from lanes').map((row) => [
        row.lane,
        row.next_seq,
      ]),
    )
    return { readingsSeq: (next.get('readings') ?? 1) - 1, recordsSeq: (next.get('records') ?? 1) - 1 }
  }

  receipted() {
    const receipts = new Map(
      this.#all<{ lane: Lane; body: string }>('select lane, body from receipts').map((row) => [row.lane, row.body]),
    )
    const receipt = (lane: Lane): Receipt | null => {
      const body = receipts.get(lane)
      return body === undefined ? null : receiptSchema.parse(JSON.parse(body))
    }
    return { readings: receipt('readings'), records: receipt('records') }
  }

  segments(fromSeq: number, bytesMax: number) {
    const first = this.#all<{ first_seq: number; count: number }>(
      'select first_seq, count from reading_segments where first_seq <= ? order by first_seq desc limit 1',
      fromSeq,
    )[0]
    const startSeq = first !== undefined && first.first_seq + first.count > fromSeq ? first.first_seq : fromSeq
    return takeBytes(
      this.#database
        .prepare<[number], SegmentRow>(
          'select first_seq, count, body from reading_segments where first_seq >= ? order by first_seq',
        )
        .iterate(startSeq),
      bytesMax,
      (row) => row.body.length,
    ).map((row) => ({ firstSeq: row.first_seq, count: row.count, body: row.body }))
  }

  recordLines(fromSeq: number, bytesMax: number) {
    return takeBytes(
      this.#database
        .prepare<[number], { seq: number; line: string }>('select seq, line from records where seq >= ? order by seq')
        .iterate(fromSeq),
      bytesMax,
      (row) => Buffer.byteLength(row.line),
    )
  }

  tags(): readonly TagDefinition[] {
    return this.#all<TagDefinition>('select tag_no, key, kind, unit from tags order by tag_no')
  }

  lastValues() {
    const values = loadLastValues(this.#database)
    const answer: { key: string; timeMs: number; value: Value; quality: Quality }[] = []
    for (const { tag_no, key } of this.tags()) {
      const last = values.get(tag_no)
      if (last !== undefined) answer.push({ key, timeMs: last.timeMs, value: last.value, quality: last.quality })
    }
    return answer
  }

  standingVerdicts(): readonly StandingVerdict[] {
    return this.#all<{ judgment: string; since_ms: number }>(
      'select judgment, since_ms from standing where judgment is not null',
    ).map((row) => ({
      judgment: JSON.parse(row.judgment) as Judgment,
      sinceMs: row.since_ms,
    }))
  }

  openAlarms(): readonly Alarm[] {
    return this.#all<{ body: string }>('select body from alarms where open = 1 order by id').map(
      (row) => JSON.parse(row.body) as Alarm,
    )
  }

  alarm(id: string): Alarm | null {
    const row = this.#all<{ body: string }>('select body from alarms where id = ?', id)[0]
    return row === undefined ? null : (JSON.parse(row.body) as Alarm)
  }

  facts(): readonly LineFacts[] {
    return this.#all<{ body: string }>('select body from line_facts order by line').map(
      (row) => JSON.parse(row.body) as LineFacts,
    )
  }

  judgments(filter: JudgmentFilter) {
    const conditions: string[] = []
    const values: (string | number)[] = []
    const where = (condition: string, value: string | number | undefined) => {
      if (value === undefined) return
      conditions.push(condition)
      values.push(value)
    }
    where('j.line = ?', filter.line)
    where('j.rule_id = ?', filter.ruleId)
    where('j.status = ?', filter.status)
    where('j.abnormal = ?', filter.abnormal === undefined ? undefined : Number(filter.abnormal))
    where('j.at_ms >= ?', filter.fromMs)
    where('j.at_ms < ?', filter.toMs)
    where('j.seq < ?', filter.beforeSeq)
    const rows = this.#all<{ seq: number; line: string }>(
      `select j.seq, r.line from judgments j join records r on r.seq = j.seq
       ${conditions.length > 0 ? `where ${conditions.join(' and ')}` : ''} order by j.seq desc limit ?`,
      ...values,
      Math.min(filter.limit, readerLimits.rowsMax),
    )
    return rows.map((row) => ({ seq: row.seq, judgment: bodyOf(row.line) as Judgment }))
  }

  judgment(id: string): Judgment | null {
    const row = this.#all<{ line: string }>(
      'select r.line from judgments j join records r on r.seq = j.seq where j.id = ?',
      id,
    )[0]
    return row === undefined ? null : (bodyOf(row.line) as Judgment)
  }

  outages(limit: number) {
    return this.#all<{ line: string }>(
      "select line from records where kind = 'outage' order by seq desc limit ?",
      Math.min(limit, readerLimits.rowsMax),
    ).map((row) => {
      const body = bodyOf(row.line) as { from_ms: number; to_ms: number | null; cause: string; rows_waiting: number }
      return { fromMs: body.from_ms, toMs: body.to_ms, cause: body.cause, rowsWaiting: body.rows_waiting }
    })
  }

  deadLetters(limit: number): readonly DeadLetter[] {
    return this.#all<DeadLetter>(
      'select at_ms as atMs, source, topic, reason, detail, sample from dead_letters order by id desc limit ?',
      Math.min(limit, readerLimits.rowsMax),
    )
  }

  history(key: string, fromMs: number, toMs: number) {
    const tagNo = this.#all<{ tag_no: number }>('select tag_no from tags where key = ?', key)[0]?.tag_no
    const points: { timeMs: number; value: number }[] = []
    if (tagNo !== undefined) {
      // No segment covers more time than span_ms, so that the index ends the search behind the interval.
      const spanMs = Number(meta(this.#database, 'span_ms') ?? '0')
      const rows = this.#database.prepare<[number, number, number, number], { body: Buffer }>(
        'select body from reading_segments where to_ms >= ? and to_ms <= ? and from_ms <= ? order by to_ms desc limit ?',
      )
      for (const { body } of rows.iterate(fromMs, toMs + spanMs, toMs, readerLimits.historySegmentsMax)) {
        const segment = decodeSegment(body)
        if (!segment.tagNos.includes(tagNo)) continue
        for (let index = segment.count - 1; index >= 0; index--) {
          const timeMs = segment.timeMs[index] as number
          if (segment.tagNo[index] !== tagNo || timeMs < fromMs || timeMs > toMs) continue
          const value = segment.value(index)
          if (typeof value === 'number') points.push({ timeMs, value })
        }
      }
    }
    points.reverse()
    points.sort((left, right) => left.timeMs - right.timeMs)
    return {
      timesMs: Float64Array.from(points, (point) => point.timeMs),
      values: Float64Array.from(points, (point) => point.value),
    }
  }

  desired(): readonly DesiredItem[] {
    return this.#all<{ kind: string; key: string; version: number; body: string }>(
      'select kind, key, version, body from desired_items order by kind, key',
    ).map(
      (row) =>
        ({ kind: row.kind, key: row.key, version: row.version, body: JSON.parse(row.body) as unknown }) as DesiredItem,
    )
  }

  desiredPosition(): DesiredPosition | null {
    const text = meta(this.#database, 'desired_position')
    return text === null ? null : (JSON.parse(text) as DesiredPosition)
  }

  connectorPosition(connector: string): string | null {
    return (
      this.#all<{ position: string }>('select position from connector_positions where connector = ?', connector)[0]
        ?.position ?? null
    )
  }

  users(): readonly StoredUser[] {
    const users = new Map<string, StoredUser>()
    // 'local' comes first in this order, so that a desired user of the same login takes its place.
    for (const { body } of this.#all<{ body: string }>('select body from users order by origin desc')) {
      const user = JSON.parse(body) as StoredUser
      users.set(user.login, user)
    }
    return [...users.values()]
  }

  setting(name: string): string | null {
    return this.#all<{ value: string }>('select value from settings where name = ?', name)[0]?.value ?? null
  }

  sizeBytes(): number {
    return journalBytes(this.#dataFolder)
  }

  close(): void {
    this.#database.close()
  }

  #all<Row>(sql: string, ...values: readonly (string | number)[]): Row[] {
    return this.#database.prepare<(string | number)[], Row>(sql).all(...values)
  }
}

const bodyOf = (line: string): unknown => (JSON.parse(line) as { body: unknown }).body

/** Rows until their bytes pass the bound; at least one, so that a large row never blocks its lane. */
function takeBytes<Row>(rows: Iterable<Row>, bytesMax: number, bytesOf: (row: Row) => number): Row[] {
  const taken: Row[] = []
  let bytes = 0
  for (const row of rows) {
    bytes += bytesOf(row)
    if (taken.length > 0 && bytes > bytesMax) break
    taken.push(row)
  }
  return taken
}
