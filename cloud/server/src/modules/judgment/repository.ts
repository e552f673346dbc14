import { outgoingTraceparent } from '@jidoka/base'
import { alarmPriorities } from '@jidoka/domain'
import type { Alarm, Judgment } from '@jidoka/domain'
import type { Reading, Transaction } from '../../platform/db/database.ts'
import { storableInstant, storableInstantOrNull, storableJson, storableText } from '../../platform/db/storable.ts'
import { executionsPerEvent } from '../../platform/events/channels.ts'
import type { OutboxPort } from '../../platform/events/outbox.ts'
import type { PageKey } from '../../platform/paging.ts'
import type { Span } from './page-spans.ts'
import type { AlarmRow, ExecutionRow, VerdictRow } from './schema.ts'

const executionColumns = `execution_id, workflow_id, edge_id, executed_at, received_at, rule_id, rule_version, rule_hash, subject, line, equipment,
  status, normal, previous_status, confidence, method_used, explanation, inputs, reading_seq`

/** What a page has where nobody asks for more or fewer, see `pageQuerySchema`. */
const pageRowsUsual = 50

const textOrNull = (text: string | null) => (text === null ? null : storableText(text))

/**
 * Stores judgments; those that are there already stay as they are. The workflow of a rule has the rule's own id. Those that are new are told as
 * `judgment.executed`, by the same statement, which alone knows which they are.
 */
export function insertExecutions(
  tx: Transaction,
  source: { edgeId: string | null; receivedAt: string; outbox: OutboxPort },
  judgments: readonly Judgment[],
): void {
  const eventIds = source.outbox.reserve(tx, Math.ceil(judgments.length / executionsPerEvent))
  tx.send(
    {
      name: 'insert-executions',
      text: `with stored as (insert into core.judgment_executions (tenant_id, edge_id, received_at, execution_id, workflow_id, executed_at, rule_id, rule_version, rule_hash, subject, line,
       equipment, status, normal, previous_status, confidence, method_used, explanation, inputs, reading_seq)
     select $1, $2, $3, id, rule_id, executed_at, rule_id, rule_version, rule_hash, subject, line,
       equipment, status, normal, previous_status, confidence, method_used, explanation, inputs, reading_seq
     from unnest($4::uuid[], $5::text[], $6::timestamptz[], $7::bigint[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::boolean[],
       $14::text[], $15::float8[], $16::text[], $17::text[], $18::jsonb[], $19::bigint[])
       as j (id, rule_id, executed_at, rule_version, rule_hash, subject, line, equipment, status, normal, previous_status, confidence, method_used, explanation, inputs, reading_seq)
     on conflict do nothing
     returning execution_id, workflow_id, status, normal, confidence, method_used, executed_at),
     parts as (
       select (row_number() over (order by executed_at, execution_id) - 1) / $20::bigint as part, jsonb_build_object('execution_id', execution_id,
         'workflow_id', workflow_id, 'status', status, 'normal', normal, 'confidence', confidence, 'method_used', method_used,
         'executed_at', to_char(executed_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) as execution
       from stored)
     select core.append_event(events.id, 'judgment.executed', $21, jsonb_build_object('edge_id', $2::uuid, 'executions', jsonb_agg(execution)), $23, $3::timestamptz)
     from parts join unnest($22::uuid[]) with ordinality as events (id, no) on events.no = parts.part + 1 group by events.id, events.no order by events.no`,
    },
    [
      tx.tenantId,
      source.edgeId,
      source.receivedAt,
      judgments.map(({ id }) => id),
      judgments.map(({ rule_id }) => rule_id),
      judgments.map(({ judged_at_ms }) => storableInstant(judged_at_ms)),
      judgments.map(({ rule_version }) => rule_version),
      judgments.map(({ rule_hash }) => rule_hash),
      judgments.map(({ subject }) => storableText(subject)),
      judgments.map(({ line }) => storableText(line)),
      judgments.map(({ equipment }) => textOrNull(equipment)),
      judgments.map(({ status }) => status),
      judgments.map(({ normal }) => normal),
      judgments.map(({ previous_status }) => previous_status),
      judgments.map(({ confidence }) => confidence),
      judgments.map(({ method_used }) => method_used),
      judgments.map(({ explanation }) => textOrNull(explanation)),
      judgments.map(({ inputs }) => storableJson(inputs)),
      judgments.map(({ reading_seq }) => reading_seq),
      executionsPerEvent,
      source.edgeId ?? judgments[0]?.rule_id ?? '',
      eventIds,
      outgoingTraceparent(),
    ],
  )
}

/** The last judgment of each rule and subject becomes the standing verdict; `since` moves when the status does. */
export function putStandingVerdicts(tx: Transaction, edgeId: string, judgments: readonly Judgment[]): void {
  const latest = new Map<string, { judgment: Judgment; sinceMs: number }>()
  for (const judgment of judgments) {
    if (judgment.stands === false) continue
    const key = `${judgment.rule_id} ${judgment.subject}`
    const before = latest.get(key)
    const sinceMs =
      before !== undefined && before.judgment.status === judgment.status ? before.sinceMs : judgment.judged_at_ms
    latest.set(key, { judgment, sinceMs })
  }
  const rows = [...latest.values()]
  tx.send(
    {
      name: 'put-standing-verdicts',
      text: `insert into core.standing_verdicts as old (tenant_id, edge_id, rule_id, subject, line, equipment, rule_version, status, normal, confidence, explanation, judgment_id, judged_at, since)
     select $1, $2, * from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::boolean[], $10::float8[], $11::text[], $12::uuid[], $13::timestamptz[], $14::timestamptz[])
     on conflict (tenant_id, edge_id, rule_id, subject) do update set
       line = excluded.line, equipment = excluded.equipment, rule_version = excluded.rule_version, status = excluded.status, normal = excluded.normal,
       confidence = excluded.confidence, explanation = excluded.explanation, judgment_id = excluded.judgment_id, judged_at = excluded.judged_at,
       since = case when old.status = excluded.status then old.since else excluded.since end`,
    },
    [
      tx.tenantId,
      edgeId,
      rows.map(({ judgment }) => judgment.rule_id),
      rows.map(({ judgment }) => storableText(judgment.subject)),
      rows.map(({ judgment }) => storableText(judgment.line)),
      rows.map(({ judgment }) => textOrNull(judgment.equipment)),
      rows.map(({ judgment }) => judgment.rule_version),
      rows.map(({ judgment }) => judgment.status),
      rows.map(({ judgment }) => judgment.normal),
      rows.map(({ judgment }) => judgment.confidence),
      rows.map(({ judgment }) => textOrNull(judgment.explanation)),
      rows.map(({ judgment }) => judgment.id),
      rows.map(({ judgment }) => storableInstant(judgment.judged_at_ms)),
      rows.map(({ sinceMs }) => storableInstant(sinceMs)),
    ],
  )
}

/** The latest state of each alarm; a change that is older than what is known (another epoch's copy) is left aside. */
export function putAlarms(tx: Transaction, edgeId: string, alarms: readonly Alarm[]): void {
  const latest = [...new Map(alarms.map((alarm) => [alarm.id, alarm])).values()]
  tx.send(
    {
      name: 'put-alarms',
      text: `insert into core.alarms as old (tenant_id, edge_id, id, rule_id, subject, line, equipment, priority, state, status, explanation, judgment_id,
       raised_at, returned_at, acknowledged_at, acknowledged_by, changed_at)
     select $1, $2, * from unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::uuid[],
       $13::timestamptz[], $14::timestamptz[], $15::timestamptz[], $16::text[], $17::timestamptz[])
     on conflict (tenant_id, edge_id, id) do update set
       priority = excluded.priority, state = excluded.state, status = excluded.status, explanation = excluded.explanation, judgment_id = excluded.judgment_id,
       raised_at = excluded.raised_at, returned_at = excluded.returned_at, acknowledged_at = excluded.acknowledged_at, acknowledged_by = excluded.acknowledged_by,
       changed_at = excluded.changed_at
     where excluded.changed_at >= old.changed_at`,
    },
    [
      tx.tenantId,
      edgeId,
      latest.map(({ id }) => id),
      latest.map(({ rule_id }) => storableText(rule_id)),
      latest.map(({ subject }) => storableText(subject)),
      latest.map(({ line }) => storableText(line)),
      latest.map(({ equipment }) => textOrNull(equipment)),
      latest.map(({ priority }) => priority),
      latest.map(({ state }) => state),
      latest.map(({ status }) => storableText(status)),
      latest.map(({ explanation }) => textOrNull(explanation)),
      latest.map(({ judgment_id }) => judgment_id),
      latest.map(({ raised_at_ms }) => storableInstant(raised_at_ms)),
      latest.map(({ returned_at_ms }) => storableInstantOrNull(returned_at_ms)),
      latest.map(({ acknowledged_at_ms }) => storableInstantOrNull(acknowledged_at_ms)),
      latest.map(({ acknowledged_by }) => textOrNull(acknowledged_by)),
      latest.map(({ changed_at_ms }) => storableInstant(changed_at_ms)),
    ],
  )
}

export interface RecentFilter {
  edgeId: string | null
  line: string | null
  ruleId: string | null
  status: string | null
  abnormal: boolean | null
  from: string | null
  to: string | null
  after: PageKey | null
  limit: number
}

/**
 * Those of a span of time, newest first, one more than `limit`. Conditions are written only where they are asked for, so that partitions and indexes are chosen
 * by them.
 */
export async function listExecutions(tx: Reading, filter: RecentFilter, span: Span): Promise<ExecutionRow[]> {
  const values: unknown[] = []
  const conditions: string[] = []
  const where = (condition: (parameter: string) => string, value: unknown) => {
    if (value === null) return
    values.push(value)
    conditions.push(condition(`$${values.length}`))
  }
  where((p) => `edge_id = ${p}::uuid`, filter.edgeId)
  where((p) => `line = ${p}`, filter.line)
  // By the workflow, which has an index; the two ids are one.
  where((p) => `workflow_id = ${p}`, filter.ruleId)
  where((p) => `status = ${p}`, filter.status)
  where((p) => `normal = not ${p}::boolean`, filter.abnormal)
  where((p) => `executed_at >= ${p}::timestamptz`, filter.from)
  where((p) => `executed_at < ${p}::timestamptz`, filter.to)
  if (filter.after !== null) {
    where((p) => `executed_at <= ${p}::timestamptz`, filter.after.at)
    values.push(filter.after.at, filter.after.id)
    conditions.push(`(executed_at, execution_id) < ($${values.length - 1}::timestamptz, $${values.length}::uuid)`)
  }
  const isPlain = values.length === 0 && filter.limit === pageRowsUsual
  if (span.fromMs !== null) conditions.push(`executed_at >= '${storableInstant(span.fromMs)}'`)
  if (span.toMs !== null) conditions.push(`executed_at < '${storableInstant(span.toMs)}'`)
  const text = `select ${executionColumns} from core.judgment_executions ${conditions.length > 0 ? `where ${conditions.join(' and ')}` : ''}
     order by executed_at desc, execution_id desc limit ${limitOf(filter)}`
  // The page that everybody opens, by another name each month. With other conditions it depends on their values how a page is found best.
  const isNamed = isPlain && span.fromMs !== null && span.toMs === null
  return tx.query<ExecutionRow>(isNamed ? { name: `list-executions-${span.fromMs}`, text } : text, values)
}

/** As a number in the text: a plan for any limit would be one for a tenth of all rows. */
function limitOf({ limit }: RecentFilter): number {
  if (!Number.isSafeInteger(limit)) throw new TypeError(`${limit} is no number of rows`)
  return limit + 1
}

/** How far an execution's id (UUIDv7: the time of its making) may be from its own time; the same clock wrote both. */
const idSkewMs = 3_600_000

/** Looks in the month that the id's own time names first, then in all. */
export async function findExecution(tx: Transaction, executionId: string): Promise<ExecutionRow | null> {
  const madeMs = Number.parseInt(executionId.replaceAll('-', '').slice(0, 12), 16)
  const near = await tx.query<ExecutionRow>(
    `select ${executionColumns} from core.judgment_executions where execution_id = $1 and executed_at between $2 and $3`,
    [executionId, storableInstant(madeMs - idSkewMs), storableInstant(madeMs + idSkewMs)],
  )
  if (near[0] !== undefined) return near[0]
  return (
    (
      await tx.query<ExecutionRow>(`select ${executionColumns} from core.judgment_executions where execution_id = $1`, [
        executionId,
      ])
    )[0] ?? null
  )
}

/**
 * What a page of lines lists at most, shared alike by its edges: an edge is free to send any number, of half a kilobyte each (some kilobytes with the longest
 * explanation), and without a bound one edge could take all of the memory. A page of 200 edges has 100 verdicts and 25 alarms of each.
 */
const listedMax = { verdicts: 20_000, alarms: 5_000 }
/** As many as the description of a site may have. */
const linesMax = 1_000

const shareOf = (rowsMax: number, edgeIds: readonly string[]): number =>
  Math.floor(rowsMax / Math.max(1, edgeIds.length))

/** Of each edge its share: the abnormal ones first, and of each line one before the next. */
export function listVerdicts(tx: Transaction, edgeIds: readonly string[]): Promise<VerdictRow[]> {
  return tx.query<VerdictRow>(
    `select v.edge_id, v.rule_id, v.rule_version, v.subject, v.line, v.equipment, v.status, v.normal, v.confidence, v.explanation, v.judgment_id, v.since
     from unnest($1::uuid[]) as asked (edge_id)
     cross join lateral (
       select *, row_number() over (partition by line, normal order by since desc) as place from core.standing_verdicts where edge_id = asked.edge_id
       order by normal, place, since desc limit $2) as v
     order by v.normal, v.since desc`,
    [edgeIds, shareOf(listedMax.verdicts, edgeIds)],
  )
}

/** Of each edge its share, and of each line one before the next: of a line, and among lines, those whose cause stands, by priority, before the others. */
export function listOpenAlarms(tx: Transaction, edgeIds: readonly string[]): Promise<AlarmRow[]> {
  return tx.query<AlarmRow>(
    `select a.edge_id, a.id, a.rule_id, a.subject, a.line, a.equipment, a.priority, a.state, a.status, a.explanation, a.judgment_id, a.raised_at, a.returned_at,
       a.acknowledged_at, a.acknowledged_by
     from unnest($1::uuid[]) as asked (edge_id)
     cross join lateral (
       select *, row_number() over (partition by line order by stands desc, urgency, raised_at desc) as place
       from (select *, state in ('unacknowledged', 'acknowledged') as stands, array_position($3::text[], priority) as urgency
         from core.alarms where edge_id = asked.edge_id and state <> 'cleared') as opened
       order by place, stands desc, urgency, raised_at desc limit $2) as a
     order by a.raised_at desc`,
    [edgeIds, shareOf(listedMax.alarms, edgeIds), alarmPriorities],
  )
}

export interface LineCount {
  edge_id: string
  line: string
  verdicts: number
  alarms: number
}

/** How many stand at each line, whether they are listed or not. */
export function countStanding(tx: Transaction, edgeIds: readonly string[]): Promise<LineCount[]> {
  return tx.query<LineCount>(
    `select asked.edge_id, counted.* from unnest($1::uuid[]) as asked (edge_id)
     cross join lateral (
       select line, count(*) filter (where not is_alarm) as verdicts, count(*) filter (where is_alarm) as alarms from (
         select line, false as is_alarm from core.standing_verdicts where edge_id = asked.edge_id
         union all select line, true from core.alarms where edge_id = asked.edge_id and state <> 'cleared') as standing
       group by line order by alarms desc, line limit $2) as counted`,
    [edgeIds, linesMax],
  )
}

export async function countOpenAlarms(tx: Transaction, edgeIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await tx.query<{ edge_id: string; count: number }>(
    `select edge_id, count(*) as count from core.alarms where edge_id = any($1::uuid[]) and state <> 'cleared' group by edge_id`,
    [edgeIds],
  )
  return new Map(rows.map(({ edge_id, count }) => [edge_id, count]))
}

export async function countOpenAlarmsExcept(tx: Transaction, edgeIds: readonly string[]): Promise<number> {
  const [row] = await tx.query<{ count: number }>(
    `select count(*) as count from core.alarms where state <> 'cleared' and edge_id <> all($1::uuid[])`,
    [edgeIds],
  )
  return row?.count ?? 0
}

export async function deleteStandingVerdicts(
  tx: Transaction,
  edgeId: string,
  ruleIds: readonly string[],
): Promise<void> {
  await tx.run('delete from core.standing_verdicts where edge_id = $1 and rule_id = any($2::text[])', [edgeId, ruleIds])
}
