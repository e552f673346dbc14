import type { Lane, Receipt } from '@jidoka/sync-protocol'
import { receiptSchema } from '@jidoka/sync-protocol'
import type { Transaction } from '../../platform/db/database.ts'
import type { CursorRow } from './schema.ts'

const columns = 'edge_id, epoch, lane, received_seq, rows_total, digest, received_at'

/** The cursor of a lane, made when it is not there, and locked: batches of one lane go one after the other. */
export async function lockCursor(tx: Transaction, edgeId: string, epoch: string, lane: Lane): Promise<CursorRow> {
  const find = async () =>
    (
      await tx.query<CursorRow>(
        `select ${columns} from fleet.cursors where edge_id = $1 and epoch = $2 and lane = $3 for update`,
        [edgeId, epoch, lane],
      )
    )[0]
  const found = await find()
  if (found !== undefined) return found
  await tx.run(
    'insert into fleet.cursors (tenant_id, edge_id, epoch, lane) values ($1, $2, $3, $4) on conflict do nothing',
    [tx.tenantId, edgeId, epoch, lane],
  )
  const made = await find()
  if (made === undefined) throw new Error('a cursor that was just made is not there')
  return made
}

export async function findCursors(tx: Transaction, edgeId: string, epoch: string): Promise<CursorRow[]> {
  return tx.query<CursorRow>(`select ${columns} from fleet.cursors where edge_id = $1 and epoch = $2`, [edgeId, epoch])
}

export async function moveCursor(tx: Transaction, cursor: CursorRow): Promise<void> {
  await tx.run(
    'update fleet.cursors set received_seq = $4, rows_total = $5, digest = $6, received_at = $7 where edge_id = $1 and epoch = $2 and lane = $3',
    [
      cursor.edge_id,
      cursor.epoch,
      cursor.lane,
      cursor.received_seq,
      cursor.rows_total,
      cursor.digest,
      cursor.received_at,
    ],
  )
}

export async function supersededEpochs(tx: Transaction, edgeId: string): Promise<string[]> {
  return (
    await tx.query<{ epoch: string }>('select epoch from fleet.superseded_epochs where edge_id = $1', [edgeId])
  ).map(({ epoch }) => epoch)
}

/** Makes an epoch the current one of its edge. The edge must be locked. */
export async function openEpoch(
  tx: Transaction,
  edge: { id: string; epoch: string | null },
  epoch: string,
  at: string,
): Promise<void> {
  if (edge.epoch !== null) {
    await tx.run(
      'insert into fleet.superseded_epochs (tenant_id, edge_id, epoch, superseded_at) values ($1, $2, $3, $4) on conflict do nothing',
      [tx.tenantId, edge.id, edge.epoch, at],
    )
  }
  await tx.run('update fleet.edges set epoch = $2 where id = $1', [edge.id, epoch])
}

/** Receipts kept of a lane: enough to show the last minutes to somebody who asks; each newer one covers all before it. */
const receiptsKept = 200

export async function insertReceipt(tx: Transaction, receipt: Receipt): Promise<void> {
  await tx.run(
    'insert into fleet.receipts (tenant_id, edge_id, epoch, lane, up_to_seq, body, received_at) values ($1, $2, $3, $4, $5, $6, $7)',
    [
      tx.tenantId,
      receipt.edge_id,
      receipt.epoch,
      receipt.lane,
      receipt.up_to_seq,
      receipt,
      new Date(receipt.received_at_ms).toISOString(),
    ],
  )
  await tx.run(
    `delete from fleet.receipts where edge_id = $1 and epoch = $2 and lane = $3 and up_to_seq <= (
       select up_to_seq from fleet.receipts where edge_id = $1 and epoch = $2 and lane = $3 order by up_to_seq desc offset $4 limit 1)`,
    [receipt.edge_id, receipt.epoch, receipt.lane, receiptsKept],
  )
}

/** The newest receipt of a lane; null before the first. */
export async function newestReceipt(
  tx: Transaction,
  edgeId: string,
  epoch: string,
  lane: Lane,
): Promise<Receipt | null> {
  const [row] = await tx.query<{ body: unknown }>(
    'select body from fleet.receipts where edge_id = $1 and epoch = $2 and lane = $3 order by up_to_seq desc limit 1',
    [edgeId, epoch, lane],
  )
  return row === undefined ? null : receiptSchema.parse(row.body)
}
