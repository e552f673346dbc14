import type { EdgeSummary } from '@jidoka/contract'
import type { Lane, Waiting } from '@jidoka/sync-protocol'
import type { Transaction } from '../../platform/db/database.ts'

/** What an edge said of what waits there, and when it was heard. */
export interface ToldWaiting {
  readonly waiting: Waiting
  readonly atMs: number
}

interface WaitingRow {
  edge_id: string
  told_at: string
  records_rows: number
  records_oldest_ms: number | null
  readings_rows: number
  readings_oldest_ms: number | null
}

/** The newest that each edge has told stays; several processes may have heard the same edge. */
export async function noteWaiting(tx: Transaction, told: ReadonlyMap<string, ToldWaiting>): Promise<void> {
  const edges = [...told].toSorted(([left], [right]) => (left < right ? -1 : 1))
  const column = (of: (each: ToldWaiting) => unknown) => edges.map(([, each]) => of(each))
  await tx.run(
    `insert into fleet.edge_waiting as w (tenant_id, edge_id, told_at, records_rows, records_oldest_ms, readings_rows, readings_oldest_ms)
     select $1, t.* from unnest($2::uuid[], $3::timestamptz[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
       as t (edge_id, told_at, records_rows, records_oldest_ms, readings_rows, readings_oldest_ms)
     on conflict (tenant_id, edge_id) do update set
       told_at = excluded.told_at, records_rows = excluded.records_rows, records_oldest_ms = excluded.records_oldest_ms,
       readings_rows = excluded.readings_rows, readings_oldest_ms = excluded.readings_oldest_ms
     where w.told_at <= excluded.told_at`,
    [
      tx.tenantId,
      edges.map(([edgeId]) => edgeId),
      column(({ atMs }) => new Date(atMs).toISOString()),
      column(({ waiting }) => waiting.records.rows),
      column(({ waiting }) => waiting.records.oldest_ms),
      column(({ waiting }) => waiting.readings.rows),
      column(({ waiting }) => waiting.readings.oldest_ms),
    ],
  )
}

/** Of all edges that are not revoked, by lane. */
export type WaitingThere = Readonly<Record<Lane, { readonly rows: number; readonly oldestMs: number }>>

/** As each edge has told it last: what waited then has grown older since, as long as nothing else was heard. Those of before 1.3 say nothing. */
export async function countWaiting(tx: Transaction, nowMs: number): Promise<WaitingThere> {
  const rows = await tx.query<{ lane: Lane; rows: number; oldest_ms: number | null }>(
    `select lane, sum(rows)::bigint as rows,
       max(oldest_ms + greatest(0, $1 - extract(epoch from told_at)::float8 * 1000)) filter (where rows > 0) as oldest_ms
     from fleet.edge_waiting w join fleet.edges e on e.id = w.edge_id
       cross join lateral (values ('records', records_rows, records_oldest_ms), ('readings', readings_rows, readings_oldest_ms)) as l (lane, rows, oldest_ms)
     where e.revoked_at is null group by lane`,
    [nowMs],
  )
  const of = (lane: Lane) => {
    const row = rows.find((each) => each.lane === lane)
    return { rows: row?.rows ?? 0, oldestMs: row?.oldest_ms ?? 0 }
  }
  return { records: of('records'), readings: of('readings') }
}

/** By edge. */
export async function listWaiting(
  tx: Transaction,
  edgeIds: readonly string[],
): Promise<ReadonlyMap<string, NonNullable<EdgeSummary['waiting']>>> {
  const rows = await tx.query<WaitingRow>(
    `select edge_id, told_at, records_rows, records_oldest_ms, readings_rows, readings_oldest_ms
     from fleet.edge_waiting where edge_id = any($1::uuid[])`,
    [edgeIds],
  )
  return new Map(
    rows.map((row) => [
      row.edge_id,
      {
        told_at: row.told_at,
        records: { rows: row.records_rows, oldest_ms: row.records_oldest_ms },
        readings: { rows: row.readings_rows, oldest_ms: row.readings_oldest_ms },
      },
    ]),
  )
}
