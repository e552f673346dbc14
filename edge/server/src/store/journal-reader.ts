import { OperationalError } from '@jidoka/base'
import type { Alarm, CatalogueEntry, DesiredItem, Judgment, Quality, TagDefinition, Value } from '@jidoka/domain'
import { receiptSchema } from '@jidoka/sync-protocol'
import type { DropReason, Lane, Receipt } from '@jidoka/sync-protocol'
import type {
  DeadLetter,
  DesiredPosition,
  JournalReader,
  JudgmentFilter,
  LineFacts,
  StandingVerdict,
  StoredCommand,
  StoredUser,
} from '../ports.ts'
import { readBrokerState } from './broker-reader.ts'
import { readCommands, readOpenCommands } from './command-store.ts'
import { journalBytes, meta, openForReading } from './database.ts'
import type { Database } from './database.ts'
import { loadLastValues } from './last-values.ts'
import { startSeqs } from './epochs.ts'
import { JudgmentReader } from './read-judgments.ts'
import { LineReader } from './read-line.ts'
import { readSeries } from './read-series.ts'
import type { Series, SeriesQuestion } from './read-series.ts'
import { firstSeqWithin, readTagsFrom } from './read-tags.ts'
import type { ReadTagsOptions, TagReading } from './read-tags.ts'
import { readWire } from './read-wire.ts'
import { lineBounds } from './segment-replacer.ts'
import { SegmentStore } from './segment-store.ts'
import type { DamagedSegment } from './segment-store.ts'
import { wholeRecords } from './whole-record.ts'

/** What the store can tell beside what the parts of the appliance ask each other. */
export interface StoreReader extends JournalReader {
  /** A tag's numbers, thinned; null when the time is up. See read-series.ts. */
  series(key: string, question: Omit<SeriesQuestion, 'tagNo'>, isTimeUp?: () => boolean): Series | null
  /** Readings of some tags (null: of all) in order of arrival. */
  readTagsFrom(tagNos: readonly number[] | null, fromSeq: number, options?: ReadTagsOptions): Iterable<TagReading>
  /** The first reading that was committed at this time or later, by the appliance's clock; the next to come where there is none. */
  firstSeqAtOrAfter(receivedMs: number): number
  /** The newest ones, oldest arrival first. */
  commands(limit: number): readonly StoredCommand[]
  /** Those that have not ended, oldest arrival first. */
  openCommands(): readonly StoredCommand[]
}

export interface ReaderOptions {
  readonly dataFolder: string
  /** Called for each stretch of readings that turns out to be damaged; the answer goes on without it. */
  readonly onDamaged?: (damaged: DamagedSegment) => void
}

export function openReader(options: ReaderOptions): StoreReader {
  return new SqliteJournalReader(options)
}

class SqliteJournalReader implements StoreReader {
  readonly #dataFolder: string
  readonly #database: Database
  readonly #store: SegmentStore
  readonly #judged: JudgmentReader
  readonly #line: LineReader

  constructor({ dataFolder, onDamaged }: ReaderOptions) {
    this.#dataFolder = dataFolder
    this.#database = openForReading(dataFolder)
    this.#store = new SegmentStore(this.#database, dataFolder, onDamaged)
    this.#judged = new JudgmentReader(this.#database)
    this.#line = new LineReader(this.#database)
    if (meta(this.#database, 'epoch') === null)
      throw new OperationalError(
        `The journal in ${dataFolder} has no epoch: it was not made to its end. Start the appliance once.`,
      )
  }

  get epoch(): string {
    return meta(this.#database, 'epoch') ?? ''
  }

  startSeqs() {
    return startSeqs(this.#database)
  }

  sentReadingsSeq() {
    return lineBounds(this.#database).sentSeq
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
    return readWire(this.#store, fromSeq, bytesMax)
  }

  recordLines(fromSeq: number, bytesMax: number) {
    const rows = this.#database
      .prepare<[number], { seq: number; line: string; crc: number | null }>(
        'select seq, line, crc from records where seq >= ? order by seq',
      )
      .iterate(fromSeq)
    // One whose checksum does not fit is left out: the line to the cloud tells its number as damaged, and goes on.
    return takeBytes(wholeRecords(rows), bytesMax, (row) => Buffer.byteLength(row.line)).map(({ seq, line }) => ({
      seq,
      line,
    }))
  }

  tags(): readonly TagDefinition[] {
    return this.#all<TagDefinition>('select tag_no, key, kind, unit from tags order by tag_no')
  }

  adoptedTags(): readonly CatalogueEntry[] {
    return this.#all<{ body: string }>('select body from adopted_tags order by key').map(
      ({ body }) => JSON.parse(body) as CatalogueEntry,
    )
  }

  lastValues() {
    const values = loadLastValues(this.#database, this.#store)
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

  rulesSinceMs(): ReadonlyMap<string, number> {
    const rows = this.#all<{ rule_id: string; at_ms: number }>(
      'select rule_id, at_ms from rule_history where id in (select max(id) from rule_history group by rule_id)',
    )
    return new Map(rows.map((row) => [row.rule_id, row.at_ms]))
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
    return this.#judged.judgments(filter)
  }

  judgment(id: string): Judgment | null {
    return this.#judged.judgment(id)
  }

  outages(limit: number, beforeMs?: number) {
    return this.#line.outages(limit, beforeMs)
  }

  outagesUndrained(limit: number) {
    return this.#line.outagesUndrained(limit)
  }

  receiptHistory(filter: Parameters<JournalReader['receiptHistory']>[0]) {
    return this.#line.receiptHistory(filter)
  }

  receiptsAfter(afterId: number, limit: number) {
    return this.#line.receiptsAfter(afterId, limit)
  }

  rangeSums(lane: Lane, fromRange: number, limit: number) {
    return this.#line.rangeSums(lane, fromRange, limit)
  }

  poisonFrom(lane: Lane, seq: number) {
    return this.#line.poisonFrom(lane, seq)
  }

  poisonCounts(sinceMs: number) {
    return this.#line.poisonCounts(sinceMs)
  }

  storedMs(lane: Lane, seq: number) {
    return this.#line.storedMs(lane, seq)
  }

  deadLetters(limit: number): readonly DeadLetter[] {
    return this.#judged.deadLetters(limit)
  }

  history(key: string, fromMs: number, toMs: number) {
    const all = this.series(key, { fromMs, toMs, points: Infinity })
    return { timesMs: all?.timesMs ?? new Float64Array(0), values: all?.values ?? new Float64Array(0) }
  }

  series(key: string, question: Omit<SeriesQuestion, 'tagNo'>, isTimeUp?: () => boolean): Series | null {
    const tagNo = this.#all<{ tag_no: number }>('select tag_no from tags where key = ?', key)[0]?.tag_no
    return tagNo === undefined ? noSeries : readSeries(this.#store, { ...question, tagNo }, isTimeUp)
  }

  readTagsFrom(tagNos: readonly number[] | null, fromSeq: number, options: ReadTagsOptions = {}): Iterable<TagReading> {
    return readTagsFrom(this.#store, tagNos, fromSeq, options)
  }

  firstSeqAtOrAfter(receivedMs: number): number {
    return firstSeqWithin(this.#store, { fromMs: receivedMs, toMs: Infinity }) ?? this.lanes().readingsSeq + 1
  }

  gapFrom(lane: Lane, seq: number) {
    type Gap = { readonly fromSeq: number; readonly toSeq: number; readonly reason: DropReason }
    const columns = 'select from_seq as fromSeq, to_seq as toSeq, reason from gaps'
    const [holding] = this.#all<Gap>(
      `${columns} where lane = ? and from_seq <= ? order by from_seq desc limit 1`,
      lane,
      seq,
    )
    if (holding !== undefined && holding.toSeq >= seq) return holding
    const [behind] = this.#all<Gap>(`${columns} where lane = ? and from_seq > ? order by from_seq limit 1`, lane, seq)
    return behind ?? null
  }

  desired(): readonly DesiredItem[] {
    return this.#all<{ kind: string; key: string; version: number; body: string }>(
      'select kind, key, version, body from desired_items order by kind, key',
    ).map(
      (row) =>
        ({ kind: row.kind, key: row.key, version: row.version, body: JSON.parse(row.body) as unknown }) as DesiredItem,
    )
  }

  commands(limit: number): readonly StoredCommand[] {
    return readCommands(this.#database, limit)
  }

  openCommands(): readonly StoredCommand[] {
    return readOpenCommands(this.#database)
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

  brokerState() {
    return readBrokerState(this.#database)
  }

  sizeBytes(): number {
    return journalBytes(this.#dataFolder) + this.#store.catalogue.fileBytes()
  }

  close(): void {
    this.#database.close()
  }

  #all<Row>(sql: string, ...values: readonly (string | number)[]): Row[] {
    return this.#database.prepare<(string | number)[], Row>(sql).all(...values)
  }
}

const noSeries: Series = { timesMs: new Float64Array(0), values: new Float64Array(0), readingsCount: 0 }

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
