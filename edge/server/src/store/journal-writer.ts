import { crc32 } from 'node:zlib'
import type {
  Alarm,
  DesiredItem,
  Judgment,
  NewRecord,
  ReportedItem,
  RuleDefinition,
  TagDefinition,
} from '@jidoka/domain'
import type { ConnectorPosition, DeadLetter, DesiredPosition, LineFacts, RuleInForce, StoredUser } from '../ports.ts'
import type { StoredRun } from '../judge/open-run.ts'
import { setMeta } from './database.ts'
import type { Database } from './database.ts'
import type { LastValue } from './last-values.ts'
import { lastValuesSeq } from './last-values.ts'

/** What stands for a rule at a subject, as it lies in the store. */
export interface StandingRow {
  readonly rule_id: string
  readonly subject: string
  readonly line: string
  readonly equipment: string | null
  readonly settled_status: string | null
  readonly candidate_status: string | null
  readonly candidate_count: number
  readonly raw_status: string | null
  readonly recorded_at_ms: number
  readonly cool_down_until_ms: number
  readonly judgment: string | null
  readonly since_ms: number
}

/** Names in `meta` of the checkpoint of open runs; see `JournalWriter.openRunsUpTo`. */
export const openRunsAt = { readings: 'open_runs_readings_seq', records: 'open_runs_records_seq' } as const

/** A rule in force or not from a place in both lanes on: behind the readings and records with these numbers. */
export interface RuleHistoryRow {
  readonly at_ms: number
  readonly readings_seq: number
  readonly records_seq: number
  readonly rule_id: string
  readonly hash: string
  readonly state: RuleInForce['state'] | 'removed'
  /** JSON; null when it was removed. */
  readonly definition: string | null
}

/**
 * The statements that write, prepared once. Every method belongs inside `commit`, which is the only transaction there is:
 * readings, what was judged from them, and the state that follows are on disk together or not at all.
 */
export class JournalWriter {
  readonly #database: Database
  readonly #statements
  #spanMs: number

  constructor(database: Database) {
    this.#database = database
    this.#statements = prepareAll(database)
    this.#spanMs = Number(
      database.prepare<[], { value: string }>("select value from meta where name = 'span_ms'").get()?.value ?? '0',
    )
  }

  /**
   * Runs `write` in one transaction and syncs it to the disk.
   * @throws what SQLite throws; nothing of it is kept then.
   */
  commit(write: () => void): void {
    this.#statements.begin.run()
    try {
      write()
      this.#statements.commit.run()
    } catch (error) {
      // SQLite has rolled back by itself after some errors (full disk among them).
      if (this.#database.inTransaction) this.#statements.rollback.run()
      throw error
    }
  }

  segment(firstSeq: number, count: number, receivedMs: number, fromMs: number, toMs: number, body: Uint8Array): void {
    this.#statements.segment.run(firstSeq, count, receivedMs, fromMs, toMs, body)
    if (toMs - fromMs > this.#spanMs) {
      setMeta(this.#database, 'span_ms', String(toMs - fromMs))
      this.#spanMs = toMs - fromMs
    }
  }

  lanes(nextReadingSeq: number, nextRecordSeq: number): void {
    this.#statements.lane.run(nextReadingSeq, 'readings')
    this.#statements.lane.run(nextRecordSeq, 'records')
  }

  /** The line is what goes up: `{"seq":..,"at_ms":..,"kind":..,"body":..}`. `readingsSeq`: the last reading before it. */
  record(seq: number, record: NewRecord, readingsSeq: number): void {
    const line = `{"seq":${seq},"at_ms":${record.at_ms},"kind":"${record.kind}","body":${JSON.stringify(record.body)}}`
    this.#statements.record.run(seq, record.at_ms, record.kind, line, crc32(line), readingsSeq)
    if (record.kind === 'judgment') this.#judgment(seq, record.body)
    else if (record.kind === 'alarm') this.#alarm(record.body)
  }

  tag(tag: TagDefinition): void {
    this.#statements.tag.run(tag.tag_no, tag.key, tag.kind, tag.unit)
  }

  /** Moves the last values to their columns and with them the start of the tail that a restart reads. */
  lastValues(values: Iterable<readonly [tagNo: number, LastValue]>, uptoSeq: number): void {
    for (const [tagNo, last] of values)
      this.#statements.lastValue.run(last.timeMs, last.receivedMs, JSON.stringify(last.value), last.quality, tagNo)
    setMeta(this.#database, lastValuesSeq, String(uptoSeq))
  }

  standing(row: StandingRow): void {
    this.#statements.standing.run(row)
  }

  standingGone(ruleId: string, subject: string): void {
    this.#statements.standingGone.run(ruleId, subject)
  }

  rule(definition: RuleDefinition, state: RuleInForce['state'], problem: string | null, verdictsTotal: number): void {
    this.#statements.rule.run(definition.id, JSON.stringify(definition), state, problem, verdictsTotal)
  }

  ruleTotal(ruleId: string, verdictsTotal: number): void {
    this.#statements.ruleTotal.run(verdictsTotal, ruleId)
  }

  ruleGone(ruleId: string): void {
    this.#statements.ruleGone.run(ruleId)
  }

  facts(facts: LineFacts): void {
    this.#statements.facts.run(facts.line, JSON.stringify(facts))
  }

  desiredItem(item: DesiredItem): void {
    this.#statements.desiredItem.run(item.kind, item.key, item.version, JSON.stringify(item.body))
  }

  desiredItemGone(kind: string, key: string): void {
    this.#statements.desiredItemGone.run(kind, key)
  }

  desiredPosition(position: DesiredPosition): void {
    setMeta(this.#database, 'desired_position', JSON.stringify(position))
  }

  reportedItem(item: ReportedItem): void {
    this.#statements.reportedItem.run(item.kind, item.key, JSON.stringify(item))
  }

  reportedItemGone(kind: string, key: string): void {
    this.#statements.reportedItemGone.run(kind, key)
  }

  connectorPosition({ connector, position }: ConnectorPosition): void {
    this.#statements.connectorPosition.run(connector, position)
  }

  /** False when the event was seen before. */
  seenEvent(source: string, sourceKey: string, seenMs: number): boolean {
    return this.#statements.seenEvent.run(source, sourceKey, seenMs).changes === 1
  }

  forgetEventsBefore(seenMs: number): void {
    this.#statements.forgetEvents.run(seenMs)
  }

  user(user: StoredUser): void {
    this.#statements.user.run(user.login, user.origin, JSON.stringify(user))
  }

  userGone(login: string, origin: StoredUser['origin']): void {
    this.#statements.userGone.run(login, origin)
  }

  setting(name: string, value: string): void {
    this.#statements.setting.run(name, value)
  }

  deadLetter(letter: DeadLetter): void {
    this.#statements.deadLetter.run(
      letter.atMs,
      letter.source,
      letter.topic,
      letter.reason,
      letter.detail,
      letter.sample,
    )
  }

  keepDeadLetters(count: number): void {
    this.#statements.pruneDeadLetters.run(count)
  }

  /** Writes and takes back as much as a flight may need: tells whether the disk takes data again. */
  probe(bytes: number): void {
    this.commit(() => this.#statements.probe.run(bytes))
    this.commit(() => this.#statements.probeGone.run())
  }

  /** A run of verdicts that has not ended. */
  openRun(ruleId: string, subject: string, run: StoredRun): void {
    this.#statements.openRun.run(ruleId, subject, JSON.stringify(run))
  }

  openRunGone(ruleId: string, subject: string): void {
    this.#statements.openRunGone.run(ruleId, subject)
  }

  /** What came behind these numbers is not in the open runs of the store: a start counts it again. */
  openRunsUpTo(readingsSeq: number, recordsSeq: number): void {
    setMeta(this.#database, openRunsAt.readings, String(readingsSeq))
    setMeta(this.#database, openRunsAt.records, String(recordsSeq))
  }

  ruleHistory(row: RuleHistoryRow): void {
    this.#statements.ruleHistory.run(row)
  }

  #judgment(seq: number, judgment: Judgment): void {
    this.#statements.judgment.run(
      seq,
      judgment.id,
      judgment.rule_id,
      judgment.line,
      judgment.status,
      judgment.normal ? 0 : 1,
      judgment.judged_at_ms,
    )
  }

  #alarm(alarm: Alarm): void {
    this.#statements.alarm.run(alarm.id, alarm.state === 'cleared' ? 0 : 1, alarm.changed_at_ms, JSON.stringify(alarm))
  }
}

function prepareAll(database: Database) {
  const sql = (text: string) => database.prepare(text)
  return {
    begin: sql('begin immediate'),
    commit: sql('commit'),
    rollback: sql('rollback'),
    segment: sql(
      'insert into reading_segments (first_seq, count, received_ms, from_ms, to_ms, body) values (?, ?, ?, ?, ?, ?)',
    ),
    lane: sql('update lanes set next_seq = ? where lane = ?'),
    record: sql('insert into records (seq, at_ms, kind, line, crc, readings_seq) values (?, ?, ?, ?, ?, ?)'),
    judgment: sql(
      // A new epoch appends again what stands: the same verdict, which is listed once.
      'insert into judgments (seq, id, rule_id, line, status, abnormal, at_ms) values (?, ?, ?, ?, ?, ?, ?) on conflict (id) do nothing',
    ),
    alarm: sql(
      'insert into alarms (id, open, changed_at_ms, body) values (?, ?, ?, ?) on conflict (id) do update set open = excluded.open, changed_at_ms = excluded.changed_at_ms, body = excluded.body',
    ),
    tag: sql(
      'insert into tags (tag_no, key, kind, unit) values (?, ?, ?, ?) on conflict (tag_no) do update set kind = excluded.kind, unit = excluded.unit',
    ),
    lastValue: sql(
      'update tags set last_ms = ?, last_received_ms = ?, last_value = ?, last_quality = ? where tag_no = ?',
    ),
    standing: sql(
      `insert or replace into standing values (@rule_id, @subject, @line, @equipment, @settled_status, @candidate_status, @candidate_count,
       @raw_status, @recorded_at_ms, @cool_down_until_ms, @judgment, @since_ms)`,
    ),
    standingGone: sql('delete from standing where rule_id = ? and subject = ?'),
    rule: sql(
      'insert or replace into rules (rule_id, definition, state, problem, verdicts_total) values (?, ?, ?, ?, ?)',
    ),
    ruleTotal: sql('update rules set verdicts_total = ? where rule_id = ?'),
    ruleGone: sql('delete from rules where rule_id = ?'),
    facts: sql('insert or replace into line_facts (line, body) values (?, ?)'),
    desiredItem: sql('insert or replace into desired_items (kind, key, version, body) values (?, ?, ?, ?)'),
    desiredItemGone: sql('delete from desired_items where kind = ? and key = ?'),
    reportedItem: sql('insert or replace into reported_items (kind, key, body) values (?, ?, ?)'),
    reportedItemGone: sql('delete from reported_items where kind = ? and key = ?'),
    connectorPosition: sql('insert or replace into connector_positions (connector, position) values (?, ?)'),
    seenEvent: sql('insert into seen_events (source, source_key, seen_ms) values (?, ?, ?) on conflict do nothing'),
    forgetEvents: sql('delete from seen_events where seen_ms < ?'),
    user: sql('insert or replace into users (login, origin, body) values (?, ?, ?)'),
    userGone: sql('delete from users where login = ? and origin = ?'),
    setting: sql('insert or replace into settings (name, value) values (?, ?)'),
    deadLetter: sql(
      'insert into dead_letters (at_ms, source, topic, reason, detail, sample) values (?, ?, ?, ?, ?, ?)',
    ),
    pruneDeadLetters: sql('delete from dead_letters where id <= (select max(id) from dead_letters) - ?'),
    openRun: sql('insert or replace into open_runs (rule_id, subject, body) values (?, ?, ?)'),
    openRunGone: sql('delete from open_runs where rule_id = ? and subject = ?'),
    ruleHistory: sql(
      `insert into rule_history (at_ms, readings_seq, records_seq, rule_id, hash, state, definition)
       values (@at_ms, @readings_seq, @records_seq, @rule_id, @hash, @state, @definition)`,
    ),
    probe: sql("insert or replace into meta (name, value) values ('probe', zeroblob(?))"),
    probeGone: sql("delete from meta where name = 'probe'"),
  }
}
