import { parseTagKey } from '@jidoka/domain'
import type { Alarm, Judgment, RuleDefinition, TagDefinition } from '@jidoka/domain'
import type { Judge } from '../judge/judge.ts'
import type { RuleInstance } from '../judge/rule-instance.ts'
import type { LineFacts, RuleInForce } from '../ports.ts'
import type { Database } from '../store/database.ts'
import type { RuleHistoryRow, StandingRow } from '../store/journal-writer.ts'
import { loadLastValues } from '../store/last-values.ts'
import type { LastValue } from '../store/last-values.ts'
import { readTagsFrom } from '../store/read-tags.ts'
import type { SegmentStore } from '../store/segment-store.ts'
import type { Lanes } from './journal-write.ts'
import { restoreRuns } from './restore-runs.ts'
import type { TagRegistry } from './tag-registry.ts'

interface RuleRow {
  readonly definition: string
  readonly state: RuleInForce['state']
  readonly problem: string | null
  readonly verdicts_total: number
}

export interface JournalState {
  readonly database: Database
  readonly segments: SegmentStore
  readonly tags: TagRegistry
  readonly facts: Map<string, LineFacts>
  readonly judge: Judge
  /** Called when the tags are there: what the catalogue says of them, and what else is desired. */
  readonly loadDesired: () => void
}

/** Fills the state in memory from the store, at the start and after a commit that failed. Answers where the lanes stand. */
export function loadJournal({ database, segments, tags, facts, judge, loadDesired }: JournalState): Lanes {
  const all = <Row>(sql: string): Row[] => database.prepare<[], Row>(sql).all()
  const next = new Map(
    all<{ lane: string; next_seq: number }>('select lane, next_seq from lanes').map((row) => [row.lane, row.next_seq]),
  )
  const lanes = { nextReadingSeq: next.get('readings') ?? 1, nextRecordSeq: next.get('records') ?? 1 }

  tags.restore(all<TagDefinition>('select tag_no, key, kind, unit from tags order by tag_no'), parseTagKey)
  loadDesired()
  restoreLastValues(tags, loadLastValues(database, segments))
  facts.clear()
  for (const { body } of all<{ body: string }>('select body from line_facts')) {
    const known = JSON.parse(body) as LineFacts
    facts.set(known.line, known)
  }

  judge.clear(lanes.nextReadingSeq - 1)
  const wereInForce: RuleInstance[] = []
  for (const row of all<RuleRow>('select * from rules')) {
    const definition = JSON.parse(row.definition) as RuleDefinition
    const rule = judge.restoreRule(definition, row.state, row.problem, row.verdicts_total)
    if (row.state === 'in_force') wereInForce.push(rule)
  }
  for (const row of all<StandingRow>('select * from standing')) restoreStanding(judge, row)
  judge.restoreAlarms(
    all<{ body: string }>('select body from alarms where open = 1').map(({ body }) => JSON.parse(body) as Alarm),
  )
  restoreRuns({
    database,
    judge,
    wereInForce,
    tagNo: (key) => tags.tag(key)?.tagNo,
    readings: (tagNos, fromSeq) => readTagsFrom(segments, tagNos, fromSeq),
  })
  return lanes
}

/** The last state of each rule in the history. Behind what is in memory where a program without a history, or one with another engine, came before. */
export function lastHistory(database: Database): ReadonlyMap<string, Pick<RuleHistoryRow, 'hash' | 'state'>> {
  const rows = database
    .prepare<[], Pick<RuleHistoryRow, 'rule_id' | 'hash' | 'state'>>(
      'select rule_id, hash, state from rule_history where id in (select max(id) from rule_history group by rule_id)',
    )
    .all()
  return new Map(rows.map((row) => [row.rule_id, row]))
}

function restoreLastValues(tags: TagRegistry, values: ReadonlyMap<number, LastValue>): void {
  for (const [tagNo, last] of values) {
    const tag = tags.tagByNo(tagNo)
    if (tag === undefined) continue
    tag.last = last
    // They may come from the tail, which the next checkpoint cuts off.
    tag.lastIsDirty = true
  }
}

function restoreStanding(judge: Judge, row: StandingRow): void {
  const judgment = row.judgment === null ? null : (JSON.parse(row.judgment) as Judgment)
  judge.restoreSlot(row.rule_id, row.subject, row.line, row.equipment, {
    settledStatus: row.settled_status,
    standingStatus: judgment?.status ?? null,
    candidateStatus: row.candidate_status,
    candidateCount: row.candidate_count,
    rawStatus: row.raw_status,
    recordedAtMs: row.recorded_at_ms,
    coolDownUntilMs: row.cool_down_until_ms,
    judgment,
    sinceMs: row.since_ms,
  })
}
