import type { CourierFileState } from '@jidoka/contract'
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

/** The key that stood before, null of an edge that had told none; undefined when it is the same. */
export async function keepCourierKey(tx: Transaction, edgeId: string, key: string): Promise<string | null | undefined> {
  const [changed] = await tx.query<{ before: string | null }>(
    `update fleet.edges e set courier_key = $2 from (select id, courier_key from fleet.edges where id = $1 for no key update) as old
     where e.id = old.id and old.courier_key is distinct from $2 returning old.courier_key as before`,
    [edgeId, key],
  )
  return changed?.before
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

/** The same, locked: of two who bring its last piece at once, the second finds it whole. */
export async function lockFile(tx: Transaction, fileId: string): Promise<CourierFileRow | null> {
  const [row] = await tx.query<CourierFileRow>(
    `select ${fileColumns} from ${fileTables} where f.file_id = $1 for no key update of f`,
    [fileId],
  )
  return row ?? null
}

/** What is not done first, each the newest first. */
export function listFiles(tx: Transaction): Promise<CourierFileRow[]> {
  return tx.query<CourierFileRow>(
    `select ${fileColumns} from ${fileTables} order by f.ended_at is not null, f.begun_at desc, f.file_id limit $1`,
    [courierDeskLimits.filesOpenMax + courierDeskLimits.filesKept],
  )
}

export async function openFiles(tx: Transaction): Promise<{ count: number; bytes: number }> {
  const [row] = await tx.query<{ count: number; bytes: number }>(
    'select count(*)::int as count, coalesce(sum(bytes), 0)::bigint as bytes from fleet.courier_files where ended_at is null',
  )
  return row ?? { count: 0, bytes: 0 }
}

/** False when it is there already. */
export async function insertFile(
  tx: Transaction,
  file: Pick<
    CourierFileRow,
    'file_id' | 'edge_id' | 'epoch' | 'bytes' | 'pieces' | 'created_at' | 'begun_at' | 'begun_by'
  >,
): Promise<boolean> {
  const made = await tx.run(
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
  return made === 1
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

/** Bytes of a piece from one on, at most so many; empty behind its end, null where there is no such piece. */
export async function sliceOfPiece(
  tx: Transaction,
  { fileId, no }: { readonly fileId: string; readonly no: number },
  fromByte: number,
  bytesMax: number,
): Promise<Uint8Array | null> {
  const [row] = await tx.query<{ slice: Uint8Array }>(
    {
      name: 'slice-of-piece',
      text: 'select substring(body from $3::integer for $4::integer) as slice from fleet.courier_pieces where file_id = $1 and no = $2',
    },
    [fileId, no, fromByte + 1, bytesMax],
  )
  return row?.slice ?? null
}

/** A file that has become whole is to be worked on; false when somebody else has said so already. */
export async function beginWork(tx: Transaction, fileId: string): Promise<boolean> {
  return (
    (await tx.run(`update fleet.courier_files set state = 'checking' where file_id = $1 and state = 'receiving'`, [
      fileId,
    ])) === 1
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
