import type { CourierFile, CourierFileState } from '@jidoka/contract'
import type { Lane } from '@jidoka/sync-protocol'
import type { Transaction } from '../../../platform/db/database.ts'
import { courierDeskLimits } from './limits.ts'

export interface CourierFileRow {
  file_id: string
  edge_id: string
  edge_name: string
  epoch: string
  state: CourierFileState
  problem: string | null
  bytes: number
  pieces: number
  batches: number | null
  batches_applied: number
  rows_new: number
  records_from: number | null
  records_to: number | null
  readings_from: number | null
  readings_to: number | null
  records_missing_to: number | null
  readings_missing_to: number | null
  created_at: string
  begun_at: string
  begun_by: string
  ended_at: string | null
}

export interface CourierEdge {
  id: string
  name: string
  public_key: string
  courier_key: string | null
  epoch: string | null
  revoked_at: string | null
}

export async function findCourierEdge(tx: Transaction, edgeId: string): Promise<CourierEdge | null> {
  const [row] = await tx.query<CourierEdge>(
    'select id, name, public_key, courier_key, epoch, revoked_at from fleet.edges where id = $1',
    [edgeId],
  )
  return row ?? null
}

export async function keepCourierKey(tx: Transaction, edgeId: string, key: string): Promise<void> {
  await tx.run('update fleet.edges set courier_key = $2 where id = $1 and courier_key is distinct from $2', [
    edgeId,
    key,
  ])
}

const fileColumns = `f.file_id, f.edge_id, e.name as edge_name, f.epoch, f.state, f.problem, f.bytes, f.pieces, f.batches, f.batches_applied, f.rows_new,
  f.records_from, f.records_to, f.readings_from, f.readings_to, f.records_missing_to, f.readings_missing_to, f.created_at, f.begun_at, f.begun_by, f.ended_at`
const fileTables = 'fleet.courier_files f join fleet.edges e on e.tenant_id = f.tenant_id and e.id = f.edge_id'

export async function findFile(tx: Transaction, fileId: string): Promise<CourierFileRow | null> {
  const [row] = await tx.query<CourierFileRow>(`select ${fileColumns} from ${fileTables} where f.file_id = $1`, [
    fileId,
  ])
  return row ?? null
}

/** What is not done first, each the newest first. */
export function listFiles(tx: Transaction): Promise<CourierFileRow[]> {
  return tx.query<CourierFileRow>(
    `select ${fileColumns} from ${fileTables} order by f.ended_at is not null, f.begun_at desc, f.file_id limit $1`,
    [courierDeskLimits.filesOpenMax + courierDeskLimits.filesKept],
  )
}

export function listFilesIn(tx: Transaction, states: readonly CourierFileState[]): Promise<CourierFileRow[]> {
  return tx.query<CourierFileRow>(
    `select ${fileColumns} from ${fileTables} where f.state = any($1::text[]) order by f.begun_at, f.file_id`,
    [states],
  )
}

export async function openFiles(tx: Transaction): Promise<{ count: number; bytes: number }> {
  const [row] = await tx.query<{ count: number; bytes: number }>(
    'select count(*)::int as count, coalesce(sum(bytes), 0)::bigint as bytes from fleet.courier_files where ended_at is null',
  )
  return row ?? { count: 0, bytes: 0 }
}

export async function insertFile(
  tx: Transaction,
  file: Pick<
    CourierFileRow,
    'file_id' | 'edge_id' | 'epoch' | 'bytes' | 'pieces' | 'created_at' | 'begun_at' | 'begun_by'
  >,
): Promise<void> {
  await tx.run(
    `insert into fleet.courier_files (tenant_id, file_id, edge_id, epoch, state, bytes, pieces, created_at, begun_at, begun_by, touched_at)
     values ($1, $2, $3, $4, 'receiving', $5, $6, $7, $8, $9, $8) on conflict do nothing`,
    [
      tx.tenantId,
      file.file_id,
      file.edge_id,
      file.epoch,
      file.bytes,
      file.pieces,
      file.created_at,
      file.begun_at,
      file.begun_by,
    ],
  )
}

/** A file that was refused, or given up, is taken up again from its first piece. */
export async function reopenFile(
  tx: Transaction,
  fileId: string,
  bytes: number,
  pieces: number,
  at: string,
): Promise<void> {
  await tx.run(
    `update fleet.courier_files set state = 'receiving', problem = null, bytes = $2, pieces = $3, batches_applied = 0, ended_at = null, touched_at = $4
     where file_id = $1 and state = 'refused'`,
    [fileId, bytes, pieces, at],
  )
}

export async function insertPiece(
  tx: Transaction,
  fileId: string,
  no: number,
  body: Uint8Array,
  at: string,
): Promise<void> {
  await tx.run(
    'insert into fleet.courier_pieces (tenant_id, file_id, no, body) values ($1, $2, $3, $4) on conflict do nothing',
    [tx.tenantId, fileId, no, Buffer.from(body.buffer, body.byteOffset, body.byteLength)],
  )
  await tx.run('update fleet.courier_files set touched_at = $2 where file_id = $1', [fileId, at])
}

export async function piecesHere(tx: Transaction, fileId: string): Promise<number> {
  const [row] = await tx.query<{ here: number }>(
    'select count(*)::int as here from fleet.courier_pieces where file_id = $1',
    [fileId],
  )
  return row?.here ?? 0
}

/** The first of them. */
export async function piecesMissing(tx: Transaction, fileId: string, pieces: number): Promise<number[]> {
  const rows = await tx.query<{ no: number }>(
    `select n.no::int as no from generate_series(0, $2::int - 1) as n (no)
     where not exists (select from fleet.courier_pieces p where p.file_id = $1 and p.no = n.no) order by n.no limit $3`,
    [fileId, pieces, courierDeskLimits.missingNamedMax],
  )
  return rows.map(({ no }) => no)
}

export async function findPiece(tx: Transaction, fileId: string, no: number): Promise<Uint8Array | null> {
  const [row] = await tx.query<{ body: Uint8Array }>(
    'select body from fleet.courier_pieces where file_id = $1 and no = $2',
    [fileId, no],
  )
  return row?.body ?? null
}

export async function setState(
  tx: Transaction,
  fileId: string,
  state: CourierFileState,
  more: { problem?: string | null; endedAt?: string | null } = {},
): Promise<void> {
  await tx.run(
    'update fleet.courier_files set state = $2, problem = $3, ended_at = $4, leased_until = case when $4::timestamptz is null then leased_until end where file_id = $1',
    [fileId, state, more.problem ?? null, more.endedAt ?? null],
  )
}

/** What the file's end says of it. */
export async function describeFile(
  tx: Transaction,
  fileId: string,
  {
    batches,
    records,
    readings,
  }: { batches: number; records: CourierFile['records']; readings: CourierFile['readings'] },
): Promise<void> {
  await tx.run(
    `update fleet.courier_files set state = 'applying', problem = null, batches = $2, records_from = $3, records_to = $4, readings_from = $5, readings_to = $6
     where file_id = $1`,
    [
      fileId,
      batches,
      records?.from_seq ?? null,
      records?.to_seq ?? null,
      readings?.from_seq ?? null,
      readings?.to_seq ?? null,
    ],
  )
}

/** @param rowsNew since the last time */
export async function noteProgress(
  tx: Transaction,
  fileId: string,
  progress: { batchesApplied: number; rowsNew: number; leasedUntil: string },
): Promise<void> {
  await tx.run(
    'update fleet.courier_files set batches_applied = $2, rows_new = rows_new + $3, leased_until = $4 where file_id = $1',
    [fileId, progress.batchesApplied, progress.rowsNew, progress.leasedUntil],
  )
}

export async function setWaiting(
  tx: Transaction,
  fileId: string,
  problem: string,
  missingTo: Readonly<Record<Lane, number | null>>,
): Promise<void> {
  await tx.run(
    `update fleet.courier_files set state = 'waiting', problem = $2, records_missing_to = $3, readings_missing_to = $4, leased_until = null where file_id = $1`,
    [fileId, problem, missingTo.records, missingTo.readings],
  )
}

/** Takes a file for this process; false when another one works on it. */
export async function lease(tx: Transaction, fileId: string, now: string, until: string): Promise<boolean> {
  return (
    (await tx.run(
      `update fleet.courier_files set leased_until = $3 where file_id = $1 and state in ('checking', 'applying', 'waiting') and (leased_until is null or leased_until < $2)`,
      [fileId, now, until],
    )) === 1
  )
}

export async function deletePieces(tx: Transaction, fileId: string): Promise<void> {
  await tx.run('delete from fleet.courier_pieces where file_id = $1', [fileId])
}

export async function deleteFile(tx: Transaction, fileId: string): Promise<boolean> {
  return (
    (await tx.run(`delete from fleet.courier_files where file_id = $1 and state not in ('checking', 'applying')`, [
      fileId,
    ])) === 1
  )
}

/** Lets go of uploads that were given up, and of the oldest that ended. */
export async function tidy(tx: Transaction, untouchedSince: string): Promise<void> {
  await tx.run(`delete from fleet.courier_files where state = 'receiving' and touched_at < $1`, [untouchedSince])
  await tx.run(
    `delete from fleet.courier_files where ended_at is not null and (ended_at, file_id) <= (
       select ended_at, file_id from fleet.courier_files where ended_at is not null order by ended_at desc, file_id desc offset $1 limit 1)`,
    [courierDeskLimits.filesKept],
  )
}
