import { randomUUID } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { JournalRecord } from '@jidoka/domain'
import type { Lane } from '@jidoka/sync-protocol'
import { meta, setMeta } from '../store/database.ts'
import type { Database } from '../store/database.ts'
import { GapTable, rangesOf } from './gaps.ts'

interface Range {
  readonly firstSeq: number
  readonly lastSeq: number
}

const lanes: readonly Lane[] = ['readings', 'records']

const heldRanges: Readonly<Record<Lane, string>> = {
  readings: `
    select first_seq as firstSeq, first_seq + count - 1 as lastSeq from reading_segments
    union all select first_seq, first_seq + count - 1 from segment_files
    union all select from_seq, to_seq from gaps where lane = 'readings' order by 1`,
  records: `
    select seq as firstSeq, seq as lastSeq from records
    union all select from_seq, to_seq from gaps where lane = 'records' order by 1`,
}

/** Places beside the rows that know a number of a lane was given. */
const knownSeqs: Readonly<Record<Lane, string>> = {
  readings: `
    select max(seq) as seq from (
      select max(readings_seq) as seq from records
      union all select cast(value as integer) from meta where name in ('last_values_seq', 'sent_readings_seq', 'open_runs_readings_seq')
      union all select json_extract(body, '$.up_to_seq') from receipts where lane = 'readings')`,
  records: `
    select max(seq) as seq from (
      select max(seq) as seq from judgments
      union all select cast(value as integer) from meta where name = 'open_runs_records_seq'
      union all select json_extract(body, '$.up_to_seq') from receipts where lane = 'records')`,
}

/** Added where the next number of a lane is lost: numbers that were given after the last one known must not come again. */
const seqJump = 1_000_000

/** Holes that get a drop record each; beyond, one record says it of all of them. */
const holesToldMax = 100

export interface LaneLoss {
  readonly lane: Lane
  readonly rows: number
}

/** The life of the folder goes on where its name is known, if only from a receipt. True when a new one had to begin. */
export function ensureEpoch(database: Database): boolean {
  if (meta(database, 'epoch') !== null) return false
  const known = database
    .prepare<[], { epoch: string | null }>("select json_extract(body, '$.epoch') as epoch from receipts limit 1")
    .get()?.epoch
  setMeta(database, 'epoch', known ?? randomUUID())
  return known === undefined || known === null
}

/** Numbers that were given never come again. True where the next one of a lane had to be guessed. */
export function ensureNextSeqs(database: Database, lanesAreLost: boolean): void {
  for (const lane of lanes) {
    let last = database.prepare<[], { seq: number | null }>(knownSeqs[lane]).get()?.seq ?? 0
    for (const { lastSeq } of database.prepare<[], Range>(heldRanges[lane]).iterate()) last = Math.max(last, lastSeq)
    const next =
      database.prepare<[string], { next_seq: number }>('select next_seq from lanes where lane = ?').get(lane)
        ?.next_seq ?? 1
    database
      .prepare('insert or replace into lanes (lane, next_seq) values (?, ?)')
      .run(lane, Math.max(next, last + 1 + (lanesAreLost ? seqJump : 0)))
  }
}

/** Every number that is neither held nor in a gap becomes a gap, and a drop record says so. */
export function recordHoles(database: Database, nowMs: number): readonly LaneLoss[] {
  const gaps = new GapTable(database)
  const losses: LaneLoss[] = []
  for (const lane of lanes) {
    const nextSeq =
      database.prepare<[string], { next_seq: number }>('select next_seq from lanes where lane = ?').get(lane)
        ?.next_seq ?? 1
    const holes = holesOf(database.prepare<[], Range>(heldRanges[lane]).iterate(), nextSeq)
    for (const { firstSeq, lastSeq } of holes)
      gaps.add(lane, { fromSeq: firstSeq, toSeq: lastSeq, reason: 'damaged' }, nowMs)
    const [first, last] = [holes[0], holes.at(-1)]
    if (first === undefined || last === undefined) continue
    const rows = holes.reduce((sum, hole) => sum + rowsOf(hole), 0)
    const told =
      holes.length > holesToldMax ? [{ firstSeq: first.firstSeq, lastSeq: last.lastSeq, count: rows }] : holes
    for (const hole of told) {
      append(database, {
        at_ms: nowMs,
        kind: 'drop',
        body: {
          lane,
          from_seq: hole.firstSeq,
          to_seq: hole.lastSeq,
          reason: 'damaged',
          count: 'count' in hole ? hole.count : rowsOf(hole),
        },
      })
    }
    losses.push({ lane, rows })
  }
  return losses
}

type Unnumbered = Pick<JournalRecord & { kind: 'drop' | 'audit' }, 'at_ms' | 'kind' | 'body'>

/** Appends a record to a database that no journal has open. */
export function append(database: Database, record: Unnumbered): void {
  const seq =
    database.prepare<[], { next_seq: number }>("select next_seq from lanes where lane = 'records'").get()?.next_seq ?? 1
  const line = `{"seq":${seq},"at_ms":${record.at_ms},"kind":"${record.kind}","body":${JSON.stringify(record.body)}}`
  database
    .prepare(
      `insert into records (seq, at_ms, kind, line, crc, readings_seq)
       values (?, ?, ?, ?, ?, (select next_seq - 1 from lanes where lane = 'readings'))`,
    )
    .run(seq, record.at_ms, record.kind, line, crc32(line))
  database.prepare("update lanes set next_seq = ? where lane = 'records'").run(seq + 1)
}

function holesOf(held: Iterable<Range>, nextSeq: number): readonly Range[] {
  const holes: Range[] = []
  let expected = 1
  for (const { firstSeq, lastSeq } of held) {
    if (firstSeq > expected) holes.push({ firstSeq: expected, lastSeq: firstSeq - 1 })
    expected = Math.max(expected, lastSeq + 1)
  }
  if (expected < nextSeq) holes.push({ firstSeq: expected, lastSeq: nextSeq - 1 })
  return [...rangesOf(holes)].map(({ fromSeq, toSeq }) => ({ firstSeq: fromSeq, lastSeq: toSeq }))
}

const rowsOf = ({ firstSeq, lastSeq }: Range): number => lastSeq - firstSeq + 1
