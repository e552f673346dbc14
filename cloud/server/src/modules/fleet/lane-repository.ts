import type { Lane, LanePoint, Receipt } from '@jidoka/sync-protocol'
import { pointOf, receiptSchema } from '@jidoka/sync-protocol'
import type { Transaction } from '../../platform/db/database.ts'
import type { CursorRow } from './schema.ts'

const columns = 'edge_id, epoch, lane, received_seq, rows_total, digest, received_at, start_seq'

/** One lane of one life of an edge. */
export interface LaneName {
  readonly edgeId: string
  readonly epoch: string
  readonly lane: Lane
}

/** The cursor of a lane, locked: batches of one lane go one after the other. Null where it is yet to be made. */
export async function lockCursor(tx: Transaction, { edgeId, epoch, lane }: LaneName): Promise<CursorRow | null> {
  const [found] = await tx.query<CursorRow>(
    {
      name: 'lock-cursor',
      text: `select ${columns} from fleet.cursors where edge_id = $1 and epoch = $2 and lane = $3 for update`,
    },
    [edgeId, epoch, lane],
  )
  return found ?? null
}

/** The same, made where nobody else has meanwhile. */
export async function makeCursor(tx: Transaction, name: LaneName): Promise<CursorRow> {
  tx.send(
    'insert into fleet.cursors (tenant_id, edge_id, epoch, lane) values ($1, $2, $3, $4) on conflict do nothing',
    [tx.tenantId, name.edgeId, name.epoch, name.lane],
  )
  const made = await lockCursor(tx, name)
  if (made === null) throw new Error('a cursor that was just made is not there')
  return made
}

/** One life of an edge. */
export type EpochName = Pick<LaneName, 'edgeId' | 'epoch'>

/** The cursors of epochs, each with its newest receipt; null before the first. */
export async function findCursorsWithReceipts(
  tx: Transaction,
  epochs: readonly EpochName[],
): Promise<(CursorRow & { readonly receipt: Receipt | null })[]> {
  const rows = await tx.query<CursorRow & { readonly receipt: unknown }>(
    {
      name: 'cursors-with-receipts',
      text: `select ${columns}, (
           select r.body from fleet.receipts r where r.edge_id = c.edge_id and r.epoch = c.epoch and r.lane = c.lane order by r.up_to_seq desc limit 1) as receipt
         from fleet.cursors c join unnest($1::uuid[], $2::uuid[]) as asked (edge_id, epoch) using (edge_id, epoch)`,
    },
    [epochs.map(({ edgeId }) => edgeId), epochs.map(({ epoch }) => epoch)],
  )
  return rows.map((row) => ({ ...row, receipt: row.receipt === null ? null : receiptSchema.parse(row.receipt) }))
}

export async function findCursors(tx: Transaction, edgeId: string, epoch: string): Promise<CursorRow[]> {
  return tx.query<CursorRow>(`select ${columns} from fleet.cursors where edge_id = $1 and epoch = $2`, [edgeId, epoch])
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

/** Moves a lane to where its receipt says, keeps the receipt, and forgets the oldest: one statement, as each batch ends with it. */
export function moveLane(tx: Transaction, receipt: Receipt, startSeq: number | null): void {
  tx.send(
    {
      name: 'move-lane',
      text: `with moved as (
           update fleet.cursors set received_seq = $5, rows_total = $8, digest = $9, received_at = $7, start_seq = $10
           where edge_id = $2 and epoch = $3 and lane = $4),
         kept as (
           insert into fleet.receipts (tenant_id, edge_id, epoch, lane, up_to_seq, body, received_at) values ($1, $2, $3, $4, $5, $6, $7))
         -- Does not see the one that was just inserted.
         delete from fleet.receipts where edge_id = $2 and epoch = $3 and lane = $4 and up_to_seq <= (
           select up_to_seq from fleet.receipts where edge_id = $2 and epoch = $3 and lane = $4 order by up_to_seq desc offset ${receiptsKept - 1} limit 1)`,
    },
    [
      tx.tenantId,
      receipt.edge_id,
      receipt.epoch,
      receipt.lane,
      receipt.up_to_seq,
      receipt,
      new Date(receipt.received_at_ms).toISOString(),
      receipt.count_total,
      receipt.digest,
      startSeq,
    ],
  )
}

/** The point of a kept receipt with this number; null where none is kept. */
export async function receiptPointAt(tx: Transaction, lane: LaneName, seq: number): Promise<LanePoint | null> {
  const [row] = await tx.query<{ body: unknown }>(
    {
      name: 'receipt-at',
      text: 'select body from fleet.receipts where edge_id = $1 and epoch = $2 and lane = $3 and up_to_seq = $4',
    },
    [lane.edgeId, lane.epoch, lane.lane, seq],
  )
  return row === undefined ? null : pointOf(receiptSchema.parse(row.body))
}

/** The newest receipt of a lane; null before the first. */
export async function newestReceipt(
  tx: Transaction,
  edgeId: string,
  epoch: string,
  lane: Lane,
): Promise<Receipt | null> {
  const [row] = await tx.query<{ body: unknown }>(
    {
      name: 'newest-receipt',
      text: 'select body from fleet.receipts where edge_id = $1 and epoch = $2 and lane = $3 order by up_to_seq desc limit 1',
    },
    [edgeId, epoch, lane],
  )
  return row === undefined ? null : receiptSchema.parse(row.body)
}
