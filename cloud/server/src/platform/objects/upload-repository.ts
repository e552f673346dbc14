import type { ObjectKind } from '@jidoka/contract'
import type { Transaction } from '../db/database.ts'

/** A link by which one file can be put. */
export interface UploadRow {
  readonly id: string
  readonly key: string
  readonly kind: ObjectKind
  readonly contentType: string
  /** As declared, as is the digest. */
  readonly bytes: number
  readonly sha256: string
  readonly createdBy: string
  readonly expiresAt: string
  /** Null: nothing has been stored by it. */
  readonly objectId: string | null
  readonly storedAt: string | null
}

const columns = `id, key, kind, content_type as "contentType", bytes, sha256, created_by as "createdBy", expires_at as "expiresAt", object_id as "objectId",
  stored_at as "storedAt"`

export async function insertUpload(
  tx: Transaction,
  row: Omit<UploadRow, 'objectId' | 'storedAt'>,
  at: string,
): Promise<void> {
  await tx.run(
    `insert into core.object_uploads (tenant_id, id, key, kind, content_type, bytes, sha256, created_at, created_by, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [tx.tenantId, row.id, row.key, row.kind, row.contentType, row.bytes, row.sha256, at, row.createdBy, row.expiresAt],
  )
}

/** An attempt to put the file. Null when the link has ended, or was tried too often. */
export async function beginAttempt(
  tx: Transaction,
  id: string,
  { at, attemptsMax }: { readonly at: string; readonly attemptsMax: number },
): Promise<UploadRow | null> {
  const [row] = await tx.query<UploadRow>(
    `update core.object_uploads set attempts = attempts + 1 where id = $1 and expires_at > $2 and attempts < $3 returning ${columns}`,
    [id, at, attemptsMax],
  )
  return row ?? null
}

/** False when another attempt was faster. */
export async function markStored(tx: Transaction, id: string, objectId: string, at: string): Promise<boolean> {
  const changed = await tx.run(
    'update core.object_uploads set object_id = $2, stored_at = $3 where id = $1 and object_id is null',
    [id, objectId, at],
  )
  return changed === 1
}

export async function findUpload(tx: Transaction, id: string): Promise<UploadRow | null> {
  const [row] = await tx.query<UploadRow>(`select ${columns} from core.object_uploads where id = $1`, [id])
  return row ?? null
}

export async function deleteEndedUploads(tx: Transaction, endedBefore: string): Promise<void> {
  await tx.run('delete from core.object_uploads where expires_at < $1', [endedBefore])
}
