import type { Transaction } from '../../platform/db/database.ts'
import { storableInstant, storableJson, storableText } from '../../platform/db/storable.ts'
import type { PageKey } from '../../platform/paging.ts'
import type { AuditEvent } from './port.ts'
import type { AuditEntry } from './schema.ts'

export interface NewEntry extends AuditEvent {
  id: string
  atMs: number
  source: { edgeId: string; epoch: string; seq: number } | null
}

export async function insertEntries(tx: Transaction, entries: readonly NewEntry[]): Promise<void> {
  await tx.run(
    `insert into audit.audit_logs (tenant_id, id, at, actor, action, subject, detail, edge_id, epoch, seq)
     select $1, * from unnest($2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::uuid[], $9::uuid[], $10::bigint[])
     on conflict do nothing`,
    [
      tx.tenantId,
      entries.map(({ id }) => id),
      entries.map(({ atMs }) => storableInstant(atMs)),
      entries.map(({ actor }) => storableText(actor)),
      entries.map(({ action }) => storableText(action)),
      entries.map(({ subject }) => storableText(subject)),
      entries.map(({ detail }) => storableJson(detail)),
      entries.map(({ source }) => source?.edgeId ?? null),
      entries.map(({ source }) => source?.epoch ?? null),
      entries.map(({ source }) => source?.seq ?? null),
    ],
  )
}

/** Newest first, one more than `limit`, so that the caller sees whether another page follows. */
export async function listEntries(
  tx: Transaction,
  page: { limit: number; after: PageKey | null },
): Promise<AuditEntry[]> {
  return tx.query<AuditEntry>(
    `select id, at, actor, action, subject, detail from audit.audit_logs
     where $1::timestamptz is null or (at, id) < ($1::timestamptz, $2::uuid)
     order by at desc, id desc limit $3`,
    [page.after?.at ?? null, page.after?.id ?? null, page.limit + 1],
  )
}
