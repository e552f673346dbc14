import type { Transaction } from '../platform/db/database.ts'
import type { TestEdge } from './world.ts'

/** What merging readings does: rows become one, under the key of the first of them. */
export async function mergeTwoRows(tx: Transaction): Promise<void> {
  const [first, second] = await tx.query<{ row: string; count: number }>(
    `with two as (select * from core.reading_segments order by stream_id, first_seq, tag_no limit 2),
       gone as (delete from core.reading_segments t using two k
         where (t.stream_id, t.first_seq, t.tag_no, t.from_at) = (k.stream_id, k.first_seq, k.tag_no, k.from_at) returning t.*)
     select gone::text as row, count from gone order by stream_id, first_seq, tag_no`,
  )
  await tx.run(
    `insert into core.reading_segments select (jsonb_populate_record(r, jsonb_build_object('count', $2::int))).*
     from (select $1::core.reading_segments as r) s`,
    [first?.row, (first?.count ?? 0) + (second?.count ?? 0)],
  )
}

export function signedBatch(edge: TestEdge, body: Uint8Array): { headers: Record<string, string>; body: Uint8Array } {
  return {
    headers: { ...edge.headers('POST', '/sync/v1/batches', body), 'content-type': 'application/vnd.jidoka.batch' },
    body,
  }
}
