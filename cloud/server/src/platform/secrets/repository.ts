import type { SecretSummary } from '@jidoka/contract'
import type { Transaction } from '../db/database.ts'
import type { SealedSecret } from './port.ts'

export async function upsertSecret(
  tx: Transaction,
  { name, purpose, sealed, keyId }: SealedSecret,
  change: { readonly at: string; readonly by: string },
): Promise<void> {
  await tx.run(
    `insert into core.secrets (tenant_id, name, purpose, sealed, key_id, version, updated_at, updated_by)
     values ($1, $2, $3, $4, $5, 1, $6, $7)
     on conflict (tenant_id, name) do update set purpose = excluded.purpose, sealed = excluded.sealed, key_id = excluded.key_id,
       version = core.secrets.version + 1, updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
    [tx.tenantId, name, purpose, sealed, keyId, change.at, change.by],
  )
}

/** How many others there are than this one. */
export async function countOthers(tx: Transaction, name: string): Promise<number> {
  const [row] = await tx.query<{ n: number }>('select count(*)::int as n from core.secrets where name <> $1', [name])
  return row?.n ?? 0
}

export async function findSecret(tx: Transaction, name: string, purpose: string): Promise<SealedSecret | null> {
  const [row] = await tx.query<{ sealed: Uint8Array; key_id: string }>(
    'select sealed, key_id from core.secrets where name = $1 and purpose = $2',
    [name, purpose],
  )
  return row === undefined ? null : { tenantId: tx.tenantId, name, purpose, sealed: row.sealed, keyId: row.key_id }
}

export async function deleteSecret(tx: Transaction, name: string): Promise<boolean> {
  return (await tx.run('delete from core.secrets where name = $1', [name])) === 1
}

export function listSecrets(tx: Transaction): Promise<SecretSummary[]> {
  return tx.query<SecretSummary>(
    'select name, purpose, key_id, version, updated_at, updated_by from core.secrets order by name',
  )
}

/** How much of the tenant each master key seals, in all tables. */
export function countByKey(tx: Transaction): Promise<{ key_id: string; sealed: number }[]> {
  return tx.query(
    `select key_id, sum(n)::int as sealed from (
       select key_id, count(*) as n from core.secrets group by key_id
       union all select key_id, count(*) from core.pii_originals group by key_id
       union all select key_id, count(*) from core.objects group by key_id
     ) as counted group by key_id order by key_id`,
  )
}

/** A table of sealed rows that stay, with the place that each row is bound to. */
export interface SealedTable {
  readonly name: 'core.secrets' | 'core.pii_originals' | 'core.objects'
  /** What names a row within its tenant: with the tenant, the primary key. */
  readonly id: 'name' | 'id'
  /** Less than any id, and of its type. */
  readonly beforeAll: string
  /** SQL for the purpose that it is bound to. */
  readonly purpose: string
}

/** Bindings: they are part of what is sealed and never change. */
export const purposeOfSecret = (purpose: string): string => `secret/${purpose}`
export const purposeOfOriginal = 'pii'
/** Of an object's data key: the object itself lies in a bucket. */
export const purposeOfObject = 'object'

const nilId = '00000000-0000-0000-0000-000000000000'

export const sealedTables: readonly SealedTable[] = [
  { name: 'core.secrets', id: 'name', beforeAll: '', purpose: `'secret/' || purpose` },
  { name: 'core.pii_originals', id: 'id', beforeAll: nilId, purpose: `'${purposeOfOriginal}'` },
  { name: 'core.objects', id: 'id', beforeAll: nilId, purpose: `'${purposeOfObject}'` },
]

/**
 * In the order of the primary key, which is nearly that of time: the oldest are found first, without an index of their own. Nearly, as no id is given out that
 * is older than the one before it, and a clock may have been wrong; so the time alone decides. @returns how many went
 */
export function deleteOriginalsBefore(tx: Transaction, beforeMs: number, limit: number): Promise<number> {
  return tx.run(
    `delete from core.pii_originals
     where id in (select id from core.pii_originals where kept_at < $1 order by id limit $2)`,
    [new Date(beforeMs).toISOString(), limit],
  )
}

/** How much of the tenant the key does not seal. */
export async function countOfOtherKeys(tx: Transaction, activeKeyId: string): Promise<number> {
  const [row] = await tx.query<{ n: number }>(
    `select ${sealedTables.map(({ name }) => `(select count(*)::int from ${name} where key_id <> $1)`).join(' + ')} as n`,
    [activeKeyId],
  )
  return row?.n ?? 0
}

export interface SealedRow {
  readonly id: string
  readonly purpose: string
  readonly sealed: Uint8Array
}

/** The next rows after `after` that the key does not seal, in the order of the primary key, so that no batch sorts what is left. */
export function rowsOfOtherKeys(
  tx: Transaction,
  table: SealedTable,
  { activeKeyId, after, limit }: { activeKeyId: string; after: string; limit: number },
): Promise<SealedRow[]> {
  return tx.query<SealedRow>(
    `select ${table.id} as id, ${table.purpose} as purpose, sealed from ${table.name}
     where key_id <> $1 and ${table.id} > $2 order by ${table.id} limit $3`,
    [activeKeyId, after, limit],
  )
}

/** Writes a row that is still what was read; one that somebody has put anew meanwhile stays. */
export async function replaceSealed(
  tx: Transaction,
  table: SealedTable,
  row: SealedRow,
  fresh: { readonly bytes: Uint8Array; readonly keyId: string },
): Promise<boolean> {
  const changed = await tx.run(
    `update ${table.name} set sealed = $1, key_id = $2 where ${table.id} = $3 and sealed = $4`,
    [fresh.bytes, fresh.keyId, row.id, row.sealed],
  )
  return changed === 1
}
