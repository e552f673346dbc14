import type { Transaction } from '../../../platform/db/database.ts'
import type { LaneOfEdge } from '../lane-of-edge.ts'

/** The number of an edge's life in the tables of readings; null before its first reading. */
export async function findStream(tx: Transaction, lane: Pick<LaneOfEdge, 'edgeId' | 'epoch'>): Promise<number | null> {
  const rows = await tx.query<{ stream_id: number }>(
    { name: 'find-stream', text: 'select stream_id from fleet.reading_streams where edge_id = $1 and epoch = $2' },
    [lane.edgeId, lane.epoch],
  )
  return rows[0]?.stream_id ?? null
}

/** The same, made where there is none. The lane's cursor must be locked: two batches of one lane would both make it. */
export async function makeStream(tx: Transaction, lane: Pick<LaneOfEdge, 'edgeId' | 'epoch'>): Promise<number> {
  const rows = await tx.query<{ stream_id: number }>(
    'insert into fleet.reading_streams (tenant_id, edge_id, epoch) values ($1, $2, $3) returning stream_id',
    [tx.tenantId, lane.edgeId, lane.epoch],
  )
  return rows[0]?.stream_id as number
}
