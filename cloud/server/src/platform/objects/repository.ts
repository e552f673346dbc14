import type { ObjectKind } from '@jidoka/contract'
import type { Transaction } from '../db/database.ts'
import type { PageKey } from '../paging.ts'
import type { StoredObject } from './port.ts'

// States of a row. `writing`: its blob may be there in part. `stored`: whole; at most one of a key. `removing`: nobody sees it any more, its blob may still be there.

export interface ObjectRow extends StoredObject {
  readonly sealedKey: Uint8Array
}

export interface NewRow {
  readonly id: string
  readonly key: string
  readonly kind: ObjectKind
  readonly contentType: string
  readonly sealedKey: Uint8Array
  readonly keyId: string
  readonly at: string
  readonly by: string
  readonly expiresAt: string | null
}

const columns = `id, key, kind, content_type as "contentType", bytes, sha256, created_at as "createdAt", created_by as "createdBy", expires_at as "expiresAt",
  sealed as "sealedKey"`

export async function insertWriting(tx: Transaction, row: NewRow): Promise<void> {
  await tx.run(
    `insert into core.objects (tenant_id, id, key, kind, content_type, state, state_at, sealed, key_id, created_at, created_by, expires_at)
     values ($1, $2, $3, $4, $5, 'writing', $6, $7, $8, $6, $9, $10)`,
    [tx.tenantId, row.id, row.key, row.kind, row.contentType, row.at, row.sealedKey, row.keyId, row.by, row.expiresAt],
  )
}

/**
 * The object of this id takes the place of the one that had its key. Null when it is no longer being written, as it was tidied away: the one that had
 * the key is to stay then, so the caller must undo the transaction. It holds the lock of the quota: of two that write one key the second must see the first as
 * the one that it replaces.
 * @returns the one whose place it took, if any, which is `removing` now
 */
export async function finishWriting(
  tx: Transaction,
  id: string,
  written: { readonly bytes: number; readonly sha256: string; readonly at: string },
): Promise<{ readonly replaced: string | null } | null> {
  const [replaced] = await tx.query<{ id: string }>(
    `update core.objects set state = 'removing', state_at = $2
     where state = 'stored' and key = (select key from core.objects where id = $1) returning id`,
    [id, written.at],
  )
  const changed = await tx.run(
    `update core.objects set state = 'stored', state_at = $2, bytes = $3, sha256 = $4 where id = $1 and state = 'writing'`,
    [id, written.at, written.bytes, written.sha256],
  )
  return changed === 1 ? { replaced: replaced?.id ?? null } : null
}

/** What is still being written is to be removed. @returns whether it is stored all the same, as the answer to its commit was lost */
export async function giveUpWriting(tx: Transaction, id: string, at: string): Promise<boolean> {
  await tx.run(`update core.objects set state = 'removing', state_at = $2 where id = $1 and state = 'writing'`, [
    id,
    at,
  ])
  const rows = await tx.query(`select 1 from core.objects where id = $1 and state = 'stored'`, [id])
  return rows.length > 0
}

export async function deleteRow(tx: Transaction, id: string): Promise<void> {
  await tx.run(`delete from core.objects where id = $1 and state = 'removing'`, [id])
}

export async function findStored(tx: Transaction, key: string, at: string): Promise<ObjectRow | null> {
  const [row] = await tx.query<ObjectRow>(
    `select ${columns} from core.objects where key = $1 and state = 'stored' and (expires_at is null or expires_at > $2)`,
    [key, at],
  )
  return row ?? null
}

export async function removeStored(tx: Transaction, key: string, at: string): Promise<string | null> {
  const [row] = await tx.query<{ id: string }>(
    `update core.objects set state = 'removing', state_at = $2 where key = $1 and state = 'stored' returning id`,
    [key, at],
  )
  return row?.id ?? null
}

/** Those that stand in a list of their own are removed there. @returns what it was; null when there is none to be removed */
export async function removeById(tx: Transaction, id: string, at: string): Promise<StoredObject | null> {
  const [row] = await tx.query<ObjectRow>(
    `update core.objects set state = 'removing', state_at = $2 where id = $1 and state = 'stored' and kind <> 'archive' returning ${columns}`,
    [id, at],
  )
  return row ?? null
}

export async function findById(tx: Transaction, id: string, at: string): Promise<ObjectRow | null> {
  const [row] = await tx.query<ObjectRow>(
    `select ${columns} from core.objects where id = $1 and state = 'stored' and (expires_at is null or expires_at > $2)`,
    [id, at],
  )
  return row ?? null
}

/** The newest first. */
export function pageOfStored(
  tx: Pick<Transaction, 'query'>,
  query: {
    readonly kind: ObjectKind | null
    readonly after: PageKey | null
    readonly limit: number
    readonly at: string
  },
): Promise<ObjectRow[]> {
  return tx.query<ObjectRow>(
    `select ${columns} from core.objects
     where state = 'stored' and (expires_at is null or expires_at > $1) and ($2::text is null or kind = $2)
       and ($3::timestamptz is null or (created_at, id) < ($3, $4::uuid))
     order by created_at desc, id desc limit $5`,
    [query.at, query.kind, query.after?.at ?? null, query.after?.id ?? null, query.limit],
  )
}

/** Sorted by bytes, so that a prefix is a range whatever the language of the database. */
export function listStored(
  tx: Transaction,
  query: { readonly prefix: string; readonly after: string | null; readonly limit: number; readonly at: string },
): Promise<ObjectRow[]> {
  return tx.query<ObjectRow>(
    `select ${columns} from core.objects
     where state = 'stored' and starts_with(key, $1) and key collate "C" > $2 and (expires_at is null or expires_at > $4)
     order by key collate "C" limit $3`,
    [query.prefix, query.after ?? '', query.limit, query.at],
  )
}

/** What shall go: expired, replaced, removed, or begun so long ago that nobody is writing it any more. */
export function listLeftovers(
  tx: Transaction,
  query: { readonly at: string; readonly writtenBefore: string; readonly limit: number },
): Promise<{ id: string }[]> {
  return tx.query<{ id: string }>(
    `select id from core.objects
     where state = 'removing' or (state = 'stored' and expires_at <= $1) or (state = 'writing' and state_at < $2)
     order by id limit $3`,
    [query.at, query.writtenBefore, query.limit],
  )
}
