import type { Reading, Transaction } from '../../platform/db/database.ts'
import { storableInstant, storableJson, storableText } from '../../platform/db/storable.ts'
import type { PageKey } from '../../platform/paging.ts'
import type { AuditKey } from './audit-key.ts'
import { macOf, withMicroseconds } from './entry-form.ts'
import type { SealedEntry } from './entry-form.ts'
import type { AuditEvent } from './port.ts'
import type { AuditEntry } from './schema.ts'

export interface NewEntry extends AuditEvent {
  id: string
  atMs: number
  source: { edgeId: string; epoch: string; seq: number } | null
}

/** As the database will give it back. */
function formOf(tenantId: string, entry: NewEntry): SealedEntry {
  const { id, atMs, actor, action, subject, detail, source } = entry
  return {
    tenant_id: tenantId,
    id,
    at: withMicroseconds(storableInstant(atMs)),
    actor: storableText(actor),
    action: storableText(action),
    subject: storableText(subject),
    detail: JSON.parse(storableJson(detail)) as Record<string, unknown>,
    edge_id: source?.edgeId.toLowerCase() ?? null,
    epoch: source?.epoch.toLowerCase() ?? null,
    seq: source?.seq ?? null,
  }
}

export async function insertEntries(tx: Transaction, key: AuditKey, entries: readonly NewEntry[]): Promise<void> {
  const forms = entries.map((entry) => formOf(tx.tenantId, entry))
  await tx.run(
    `insert into audit.audit_logs (tenant_id, id, at, actor, action, subject, detail, edge_id, epoch, seq, mac)
     select $1, * from unnest($2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::uuid[], $9::uuid[], $10::bigint[], $11::bytea[])
     on conflict do nothing`,
    [
      tx.tenantId,
      forms.map(({ id }) => id),
      forms.map(({ at }) => at),
      forms.map(({ actor }) => actor),
      forms.map(({ action }) => action),
      forms.map(({ subject }) => subject),
      forms.map(({ detail }) => JSON.stringify(detail)),
      forms.map(({ edge_id: edgeId }) => edgeId),
      forms.map(({ epoch }) => epoch),
      forms.map(({ seq }) => seq),
      forms.map((form) => macOf(key, form)),
    ],
  )
}

/** A word that is not given finds all; an action also by its first word, up to the dot. */
export interface EntryFilter {
  readonly actor?: string | undefined
  readonly action?: string | undefined
  readonly subject?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
}

/** Newest first, one more than `limit`, so that the caller sees whether another page follows. */
export async function listEntries(
  tx: Reading,
  { limit, after, filter }: { limit: number; after: PageKey | null; filter: EntryFilter },
): Promise<AuditEntry[]> {
  return tx.query<AuditEntry>(
    `select id, at, actor, action, subject, detail from audit.audit_logs
     where ($1::timestamptz is null or (at, id) < ($1::timestamptz, $2::uuid))
       and ($4::text is null or actor = $4) and ($5::text is null or action = $5 or starts_with(action, $5 || '.'))
       and ($6::text is null or subject = $6) and ($7::timestamptz is null or at >= $7) and ($8::timestamptz is null or at < $8)
     order by at desc, id desc limit $3`,
    [
      after?.at ?? null,
      after?.id ?? null,
      limit + 1,
      filter.actor ?? null,
      filter.action ?? null,
      filter.subject ?? null,
      filter.from ?? null,
      filter.to ?? null,
    ],
  )
}
