import type { ArchivableTable } from '@jidoka/contract'

/** How a column stands in the file: `time` as milliseconds, `json` as its text. Each may be empty. */
export type ColumnType = 'text' | 'time' | 'integer' | 'number' | 'boolean' | 'json'
export type Cell = string | number | boolean | null
export type ArchivedRow = Readonly<Record<string, Cell>>

export interface ArchivedTable {
  readonly columns: Readonly<Record<string, ColumnType>>
  /** How many rows the file must have, as the database counts them. `{partition}` is where they are. */
  readonly count: string
  /**
   * The next rows in the order of the primary key, which is what a cold partition has; `$1` is how many. Each row has its `next` beside the columns, and
   * rows of one `next` come together. `{after}` is nothing at first, and then `after`, with `next` of the last row as `$2`: a condition that may be absent
   * must be absent in the text too, or each batch looks through the whole partition.
   */
  readonly batch: string
  readonly after: string
  /** For `$1`. */
  readonly batchRows: number
}

/** What of a partition is kept. As the tenant: row-level security leaves the rows of others out. */
export const archivedTables: Readonly<Record<ArchivableTable, ArchivedTable>> = {
  'core.judgment_executions': {
    columns: {
      execution_id: 'text',
      workflow_id: 'text',
      executed_at: 'time',
      received_at: 'time',
      edge_id: 'text',
      rule_id: 'text',
      rule_version: 'integer',
      rule_hash: 'text',
      subject: 'text',
      line: 'text',
      equipment: 'text',
      status: 'text',
      normal: 'boolean',
      previous_status: 'text',
      confidence: 'number',
      method_used: 'text',
      explanation: 'text',
      inputs: 'json',
      reading_seq: 'integer',
    },
    count: 'select count(*) as rows from {partition}',
    batch: `select execution_id, workflow_id, executed_at, received_at, edge_id, rule_id, rule_version, rule_hash, subject, line, equipment, status, normal,
        previous_status, confidence, method_used, explanation, inputs::text as inputs, reading_seq,
        jsonb_build_array(execution_id, executed_at::text)::text as next
      from {partition}
      where tenant_id = jidoka.tenant() {after} order by tenant_id, execution_id, executed_at limit $1`,
    after: `and (tenant_id, execution_id, executed_at) > (jidoka.tenant(), ($2::jsonb->>0)::uuid, ($2::jsonb->>1)::timestamptz)`,
    batchRows: 10_000,
  },
  // Each reading a row, as core.sensor_events shows them: the arrays of a segment mean nothing without this program.
  'core.reading_segments': {
    columns: {
      time: 'time',
      edge_id: 'text',
      epoch: 'text',
      line: 'text',
      equipment: 'text',
      sensor_type: 'text',
      tag_key: 'text',
      tag_no: 'integer',
      kind: 'text',
      number: 'number',
      text: 'text',
      unit: 'text',
      quality: 'integer',
      first_seq: 'integer',
      exact: 'json',
    },
    count: 'select coalesce(sum(count), 0)::bigint as rows from {partition}',
    batch: `with found as (
        select *, sum(count) over (order by stream_id, first_seq, from_at) - count as readings_before from (
          select * from {partition}
          where tenant_id = jidoka.tenant() {after} order by stream_id, first_seq, from_at limit 500) as those)
      select s.from_at + (s.step_ms * (u.n - 1) + coalesce(u.dt, 0)) * interval '1 millisecond' as time, r.edge_id, r.epoch, t.line, t.equipment,
        t.sensor as sensor_type, t.key as tag_key, s.tag_no, case s.kind when 0 then 'number' when 1 then 'boolean' else 'text' end as kind,
        case when s.divisor is null then u.number else (s.base + coalesce(u.number, 0)) / s.divisor end as number, u.text, t.unit,
        coalesce(u.quality, 0)::integer as quality, s.first_seq, case when u.n = 1 then s.exact end as exact,
        jsonb_build_array(s.stream_id, s.first_seq, s.from_at::text)::text as next
      from found s left join fleet.reading_streams r on r.stream_id = s.stream_id
      left join fleet.tags t on t.tenant_id = r.tenant_id and t.edge_id = r.edge_id and t.epoch = r.epoch and t.tag_no = s.tag_no
      cross join lateral rows from (generate_series(1, s.count), unnest(coalesce(s.dt_wide, s.dt::integer[])),
        unnest(coalesce(s.numbers, s.scaled::double precision[], s.scaled_wide::double precision[])), unnest(s.texts), unnest(s.qualities))
        as u (n, dt, number, text, quality)
      where s.readings_before < $1
      order by s.stream_id, s.first_seq, s.from_at, u.n`,
    after: `and (stream_id, first_seq, from_at) > (($2::jsonb->>0)::integer, ($2::jsonb->>1)::bigint, ($2::jsonb->>2)::timestamptz)`,
    batchRows: 20_000,
  },
}

export const isArchivable = (table: string): table is ArchivableTable => Object.hasOwn(archivedTables, table)
