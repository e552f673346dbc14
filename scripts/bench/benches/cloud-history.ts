import type { TestStore } from '../../../cloud/server/src/testing/stores.ts'

/** Judgments of two years, so many in all, evenly spread over tenants and time; the last is of just now. */
export interface History {
  readonly judgments: number
  readonly tenants: number
  readonly months: number
}

/** By its place in a history. */
export const tenantName = (no: number): string => `plant-${no}`
/** What a tenant has, a large one or a small one. None of these numbers divides another, so that every pair of edge, line and rule is met. */
const shapeOf = ({ judgments, tenants }: Pick<History, 'judgments' | 'tenants'>) =>
  judgments / tenants >= 100_000 ? { edges: 499, lines: 41, rules: 199 } : { edges: 7, lines: 3, rules: 11 }
/** An edge has the same id in each tenant: what it is to be found by is the tenant. */
export const edgeId = (no: number): string => `00000000-0000-7000-8000-${String(no).padStart(12, '0')}`

/**
 * Writes them month by month past the program, which would take hours: rows, indexes and partitions are those that it has.
 */
export async function writeHistory({ backend }: Pick<TestStore, 'backend'>, history: History): Promise<void> {
  const { judgments, tenants, months } = history
  const { pool } = backend
  await pool.query(
    'insert into core.tenants (id, name) select id, id from unnest($1::text[]) as id on conflict do nothing',
    [Array.from({ length: tenants }, (_, no) => tenantName(no))],
  )
  const now = new Date()
  const monthStarts = Array.from({ length: months + 1 }, (_, back) =>
    Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months + 1 + back),
  )
  for (const startMs of monthStarts.slice(0, months))
    await pool.query(`select jidoka.make_month_partition('core.judgment_executions', $1::date)`, [
      new Date(startMs).toISOString().slice(0, 10),
    ])
  const fromMs = monthStarts[0] as number
  const stepMs = (now.getTime() - fromMs) / judgments
  const client = await pool.connect()
  try {
    // The check of each row's tenant would take as long as the row, and a site is of no use here.
    await client.query('set session_replication_role = replica')
    // Edges of one tenant are enough: pages show their names, which the program keeps, and an id belongs to one edge of the whole server.
    await client.query(
      `insert into fleet.edges (tenant_id, id, site_code, name, public_key, program_version, enrolled_at)
       select $1, ('00000000-0000-7000-8000-' || lpad(no::text, 12, '0'))::uuid, 'BENCH', 'edge ' || no, 'key ' || no, '0.1.0', now()
       from generate_series(0, $2::int - 1) as no`,
      [tenantName(0), shapeOf(history).edges],
    )
    for (let month = 0; month < months; month++) {
      const first = Math.ceil(((monthStarts[month] as number) - fromMs) / stepMs)
      const next = Math.min(judgments, Math.ceil(((monthStarts[month + 1] as number) - fromMs) / stepMs))
      await client.query(insertOf(shapeOf(history)), [first, next - 1, tenants, fromMs, stepMs])
    }
    await client.query('set session_replication_role = origin')
    await client.query('vacuum analyze core.judgment_executions')
  } finally {
    client.release()
  }
}

/** Of a hundred judgments two are abnormal, of a thousand one is critical. */
const insertOf = (
  shape: ReturnType<typeof shapeOf>,
) => `insert into core.judgment_executions (tenant_id, execution_id, workflow_id, executed_at, received_at, edge_id, rule_id, rule_version, rule_hash,
    subject, line, equipment, status, normal, previous_status, confidence, method_used, explanation, inputs, reading_seq)
  select 'plant-' || n % $3::int,
    (lpad(to_hex(floor(ms)::bigint), 12, '0') || '7' || substr(digest, 14, 3) || '8' || substr(digest, 18, 15))::uuid, rule, at, at + interval '1 second',
    ('00000000-0000-7000-8000-' || lpad((turn % ${shape.edges})::text, 12, '0'))::uuid, rule, 1, 'sha256:' || digest || digest,
    line || '/PRESS-1', line, 'PRESS-1', status, status = 'NORMAL', 'NORMAL', 0.8, 'rule', case when status = 'NORMAL' then null else '95 > 90' end,
    jsonb_build_object('value', jsonb_build_object('value', turn % 1000 / 10.0, 'at_ms', floor(ms)::bigint)), turn
  from (
    select n, n / $3::int as turn, md5(n::text) as digest, $4::float8 + n * $5::float8 as ms, to_timestamp(($4::float8 + n * $5::float8) / 1000) as at,
      'rule-' || (n / $3::int % ${shape.rules}) as rule, 'LINE-' || (n / $3::int % ${shape.lines}) as line,
      case when n / $3::int % 1009 = 0 then 'CRITICAL' when n / $3::int % 50 = 0 then 'HIGH' else 'NORMAL' end as status
    from generate_series($1::bigint, $2::bigint) as n) as made`
