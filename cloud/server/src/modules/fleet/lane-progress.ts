import type { EdgeDetail } from '@jidoka/contract'
import type { Transaction } from '../../platform/db/database.ts'
import type { CursorRow } from './schema.ts'

/** Long enough that a drain's batches even out, short enough that an estimate follows the line. */
const overMs = 60_000

interface StretchRow {
  lane: CursorRow['lane']
  from_seq: number
  to_seq: number
  ms: number
}

/** How fast each lane of an edge comes in, from the receipts of the last minute. How much is left only the edge knows. */
export async function laneProgress(
  tx: Transaction,
  cursors: readonly CursorRow[],
  nowMs: number,
): Promise<EdgeDetail['progress']> {
  const [first] = cursors
  const rows =
    first === undefined
      ? []
      : await tx.query<StretchRow>(
          `select lane, min(up_to_seq) as from_seq, max(up_to_seq) as to_seq, extract(epoch from max(received_at) - min(received_at))::float8 * 1000 as ms
           from fleet.receipts where edge_id = $1 and epoch = $2 and received_at > $3 group by lane`,
          [first.edge_id, first.epoch, new Date(nowMs - overMs).toISOString()],
        )
  return cursors.map(({ lane, start_seq }) => {
    const stretch = rows.find((row) => row.lane === lane)
    const isKnown = stretch !== undefined && stretch.ms > 0
    return {
      lane,
      start_seq: start_seq ?? 1,
      rows_per_s: isKnown ? ((stretch.to_seq - stretch.from_seq) / stretch.ms) * 1_000 : null,
    }
  })
}
