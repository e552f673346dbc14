import type { Segment } from '@jidoka/sync-protocol'
import { storableInstant, storableJson } from '../../platform/db/storable.ts'
import type { Transaction } from '../../platform/db/database.ts'
import type { SegmentRow } from './segment-rows.ts'
import { columnsOf, floatText, recentMax, rowsOf } from './segment-rows.ts'

export interface LaneOfEdge {
  edgeId: string
  epoch: string
  receivedAt: string
}

/** Stores readings as arrays and notes each tag's last value. Returns the numbers of the tags that had news. */
export async function storeReadings(
  tx: Transaction,
  lane: LaneOfEdge,
  segments: readonly Segment[],
  fromSeq: number,
): Promise<number[]> {
  const { rows, last } = rowsOf(segments, fromSeq)
  await insertSegments(tx, lane, rows)
  await tx.run(
    `insert into fleet.tag_values as old (tenant_id, edge_id, epoch, tag_no, value, quality, at, received_at, recent)
     select $1, $2, $3, t.tag_no, t.value, t.quality, t.at, $4, t.recent::float8[]
     from unnest($5::bigint[], $6::jsonb[], $7::smallint[], $8::timestamptz[], $9::text[]) as t (tag_no, value, quality, at, recent)
     on conflict (tenant_id, edge_id, epoch, tag_no) do update set
       value = case when excluded.at >= old.at then excluded.value else old.value end,
       quality = case when excluded.at >= old.at then excluded.quality else old.quality end,
       at = greatest(old.at, excluded.at),
       received_at = excluded.received_at,
       recent = (old.recent || excluded.recent)[greatest(1, cardinality(old.recent) + cardinality(excluded.recent) - ${recentMax - 1}):]`,
    [
      tx.tenantId,
      lane.edgeId,
      lane.epoch,
      lane.receivedAt,
      last.map(({ tagNo }) => tagNo),
      last.map(({ value }) => storableJson(value)),
      last.map(({ quality }) => quality),
      last.map(({ atMs }) => storableInstant(atMs)),
      last.map(({ recent }) => `{${recent.map(floatText).join()}}`),
    ],
  )
  return last.map(({ tagNo }) => tagNo)
}

async function insertSegments(tx: Transaction, lane: LaneOfEdge, rows: readonly SegmentRow[]): Promise<void> {
  await tx.run(
    `insert into core.reading_segments
       (tenant_id, edge_id, epoch, received_at, first_seq, tag_no, kind, from_at, to_at, count, dt, numbers, texts, qualities)
     select $1, $2, $3, $4, first_seq, tag_no, kind, from_at, to_at, count, dt::integer[], numbers::float8[], texts::text[], qualities::smallint[]
     from unnest($5::bigint[], $6::bigint[], $7::text[], $8::timestamptz[], $9::timestamptz[], $10::integer[], $11::text[], $12::text[], $13::text[], $14::text[])
       as r (first_seq, tag_no, kind, from_at, to_at, count, dt, numbers, texts, qualities)
     on conflict do nothing`,
    [tx.tenantId, lane.edgeId, lane.epoch, lane.receivedAt, ...columnsOf(rows)],
  )
}

/** The months that these readings need, as instants: the time of each row's earliest reading is within its segment's span. */
export function* instantsOf(segments: readonly Segment[]): Iterable<number> {
  for (const segment of segments) yield* segment.timeMs
}

export async function linesOfTags(tx: Transaction, lane: LaneOfEdge, tagNos: readonly number[]): Promise<string[]> {
  const rows = await tx.query<{ line: string }>(
    'select distinct line from fleet.tags where edge_id = $1 and epoch = $2 and tag_no = any($3::bigint[])',
    [lane.edgeId, lane.epoch, tagNos],
  )
  return rows.map(({ line }) => line)
}
