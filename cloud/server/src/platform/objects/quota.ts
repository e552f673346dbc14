import type { ObjectQuota, ObjectUsage } from '@jidoka/contract'
import type { Transaction } from '../db/database.ts'
import { ObjectError } from './object-error.ts'

/** What a tenant may store where its own row says nothing else. */
export interface QuotaDefault {
  readonly bytes: number
  readonly files: number
}

export interface QuotaParts {
  readonly quota: QuotaDefault
  readonly at: string
  /** Told which limit something did not fit. */
  readonly refused: (limit: 'bytes' | 'files') => void
}

/** To be held by who stores something until it is counted: two that come at once are to see each other. */
export async function lockQuota(tx: Transaction): Promise<void> {
  await tx.run(`select pg_advisory_xact_lock(hashtextextended('objects of ' || $1, 0))`, [tx.tenantId])
}

/** Counted anew each time: a number that is kept beside the rows would be wrong after a release that does not know it. */
export async function readUsage(
  tx: Pick<Transaction, 'query'>,
  { quota, at }: Pick<QuotaParts, 'quota' | 'at'>,
): Promise<ObjectUsage> {
  const [row] = await tx.query<{ bytes: number; files: number; bytes_max: number | null; files_max: number | null }>(
    `select u.bytes, u.files, t.object_bytes_max as bytes_max, t.object_files_max as files_max
     from core.tenants t cross join (
       select coalesce(sum(bytes), 0)::bigint as bytes, count(*) as files from (
         select bytes from core.objects where state = 'stored' and (expires_at is null or expires_at > $1)
         union all select bytes from core.object_uploads where object_id is null and expires_at > $1) as counted) as u`,
    [at],
  )
  return {
    used: { bytes: row?.bytes ?? 0, files: row?.files ?? 0 },
    quota: { bytes: row?.bytes_max ?? quota.bytes, files: row?.files_max ?? quota.files },
  }
}

/** @param more beside what is counted already @throws ObjectError `full` */
export async function demandRoom(
  tx: Transaction,
  parts: QuotaParts,
  more: { readonly bytes: number; readonly files: number },
): Promise<void> {
  const { used, quota } = await readUsage(tx, parts)
  const bytes = used.bytes + more.bytes
  const files = used.files + more.files
  if (bytes <= quota.bytes && files <= quota.files) return
  const limit = bytes > quota.bytes ? 'bytes' : 'files'
  parts.refused(limit)
  throw new ObjectError(
    'full',
    `It does not fit: with it there would be ${limit === 'bytes' ? `${bytes} of ${quota.bytes} bytes` : `${files} of ${quota.files} files`}. Remove files that are no longer needed, or ask whoever runs this cloud for more room.`,
  )
}

/** False when there is no such tenant. */
export async function putQuota(tx: Transaction, { bytes, files }: ObjectQuota): Promise<boolean> {
  const changed = await tx.run('update core.tenants set object_bytes_max = $1, object_files_max = $2 where id = $3', [
    bytes,
    files,
    tx.tenantId,
  ])
  return changed === 1
}
