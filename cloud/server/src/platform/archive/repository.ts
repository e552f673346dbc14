import type { Archive, ArchivableTable, ArchiveRow } from '@jidoka/contract'
import type { Database, Session, Transaction } from '../db/database.ts'
import type { PageKey } from '../paging.ts'
import type { ArchivedRow } from './tables.ts'

export interface ArchiveEntry extends Omit<Archive, 'restoration'> {
  readonly object_key: string
  readonly restore_state: 'restoring' | 'restored' | null
  readonly restored_by: string | null
  readonly restored_until: string | null
}

const columns = `id, table_name as "table", partition_name as partition, from_at as "from", to_at as "to", rows, bytes, digest, object_key, archived_at,
  restore_state, restored_by, restored_until`

/** Of one database: who keeps the rows of this table. */
export async function tenantsThatKeep(database: Database, table: string): Promise<string[]> {
  const rows = await database.asDirectory((session: Session) =>
    session.query<{ tenant_id: string }>('select tenant_id from core.archive_settings where table_name = $1', [table]),
  )
  return rows.map(({ tenant_id: tenantId }) => tenantId).toSorted()
}

/**
 * Asks the database itself, whatever this process knows of where tenants are: one that is served here, keeps the table and has rows in the partition has its
 * archive. As each of them, since row-level security holds for the owner too.
 */
export async function demandArchives(
  database: Database,
  { table, name, shortName }: { readonly table: string; readonly name: string; readonly shortName: string },
): Promise<void> {
  await database.asOwner(`do $$
    declare
      keepers text[];
      keeper text;
      is_missing boolean;
    begin
      perform set_config('role', 'jidoka_directory', true);
      select array_agg(tenant_id) into keepers from core.archive_settings where table_name = '${table}';
      perform set_config('role', 'jidoka_app', true);
      foreach keeper in array coalesce(keepers, '{}') loop
        perform set_config('jidoka.tenant_id', keeper, true);
        -- What one that has moved away has left behind is dropped with the rest of it.
        continue when exists (select from jidoka.tenant_fences where tenant = keeper and went_to is not null);
        execute 'select exists (select from ${name}) and not exists (select from core.archives where partition_name = $1)'
          into is_missing using '${shortName}';
        if is_missing then
          raise exception 'the tenant % keeps its rows of ${shortName} and has no archive of them: the partition stays, and the next run tries again', keeper;
        end if;
      end loop;
    end $$`)
}

export async function settingsOf(tx: Transaction): Promise<ArchivableTable[]> {
  const rows = await tx.query<{ table_name: ArchivableTable }>(
    'select table_name from core.archive_settings order by table_name',
  )
  return rows.map(({ table_name: table }) => table)
}

export async function putSettings(
  tx: Transaction,
  tables: readonly ArchivableTable[],
  change: { readonly at: string; readonly by: string },
): Promise<void> {
  await tx.run('delete from core.archive_settings where table_name <> all ($1::text[])', [tables])
  await tx.run(
    `insert into core.archive_settings (tenant_id, table_name, since, set_by) select $1, t, $3, $4 from unnest($2::text[]) as t
     on conflict (tenant_id, table_name) do nothing`,
    [tx.tenantId, tables, change.at, change.by],
  )
}

export async function isArchived(tx: Transaction, partition: string): Promise<boolean> {
  return (await tx.query('select 1 from core.archives where partition_name = $1', [partition])).length > 0
}

export async function insertArchive(
  tx: Transaction,
  archive: Omit<ArchiveEntry, 'restore_state' | 'restored_by' | 'restored_until'>,
): Promise<void> {
  await tx.run(
    `insert into core.archives (tenant_id, id, table_name, partition_name, from_at, to_at, rows, bytes, digest, object_key, archived_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      tx.tenantId,
      archive.id,
      archive.table,
      archive.partition,
      archive.from,
      archive.to,
      archive.rows,
      archive.bytes,
      archive.digest,
      archive.object_key,
      archive.archived_at,
    ],
  )
}

/** The newest first. */
export function listArchives(
  tx: Transaction,
  { after, limit }: { readonly after: PageKey | null; readonly limit: number },
): Promise<ArchiveEntry[]> {
  return tx.query<ArchiveEntry>(
    `select ${columns} from core.archives where $1::timestamptz is null or (from_at, id) < ($1, $2::uuid)
     order by from_at desc, id desc limit $3`,
    [after?.at ?? null, after?.id ?? null, limit],
  )
}

/** @param lock so that what is done with it is done by one */
export async function findArchive(tx: Transaction, id: string, lock = false): Promise<ArchiveEntry | null> {
  const [row] = await tx.query<ArchiveEntry>(
    `select ${columns} from core.archives where id = $1${lock ? ' for update' : ''}`,
    [id],
  )
  return row ?? null
}

export async function setRestoration(
  tx: Transaction,
  id: string,
  restoration: { readonly state: 'restoring' | 'restored'; readonly by: string; readonly until: string } | null,
): Promise<void> {
  await tx.run('update core.archives set restore_state = $2, restored_by = $3, restored_until = $4 where id = $1', [
    id,
    restoration?.state ?? null,
    restoration?.by ?? null,
    restoration?.until ?? null,
  ])
}

export async function deleteArchive(tx: Transaction, id: string): Promise<void> {
  await tx.run('delete from core.archives where id = $1', [id])
}

export async function insertRestored(
  tx: Transaction,
  archiveId: string,
  firstNo: number,
  rows: readonly ArchivedRow[],
): Promise<void> {
  await tx.run(
    `insert into core.restored_rows (tenant_id, archive_id, no, row)
     select $1, $2, $3::bigint + r.n - 1, r.row from unnest($4::jsonb[]) with ordinality as r (row, n) on conflict do nothing`,
    [tx.tenantId, archiveId, firstNo, rows.map((row) => JSON.stringify(row))],
  )
}

/** The number of the last row that is there; rows come in their order. */
export async function lastRestored(tx: Transaction, archiveId: string): Promise<number> {
  const [row] = await tx.query<{ no: number | null }>(
    'select max(no) as no from core.restored_rows where archive_id = $1',
    [archiveId],
  )
  return row?.no ?? 0
}

export function listRestored(
  tx: Transaction,
  archiveId: string,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<ArchiveRow[]> {
  return tx.query<ArchiveRow>(
    'select no, row from core.restored_rows where archive_id = $1 and no > $2 order by no limit $3',
    [archiveId, after, limit],
  )
}

/** From the last on, so that what is left is still the beginning. Returns how many went. */
export function deleteRestored(tx: Transaction, archiveId: string, limit: number): Promise<number> {
  return tx.run(
    // A bound and not a list: of rows that have just come nothing is known, and a list would be looked through for each of them.
    `delete from core.restored_rows where archive_id = $1
       and no >= coalesce((select no from core.restored_rows where archive_id = $1 order by no desc offset $2::bigint - 1 limit 1), 0)`,
    [archiveId, limit],
  )
}

export async function restorationsOver(tx: Transaction, at: string): Promise<string[]> {
  const rows = await tx.query<{ id: string }>('select id from core.archives where restored_until <= $1 order by id', [
    at,
  ])
  return rows.map(({ id }) => id)
}
