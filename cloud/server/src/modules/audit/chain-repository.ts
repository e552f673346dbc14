import type { Reading, Transaction } from '../../platform/db/database.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { SealedEntry } from './entry-form.ts'

const exactly = (column: string) => `to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

/** Of the entry `l` as one value, null where it is not there. */
const entryColumns = `case when l.id is null then null else jsonb_build_object('tenant_id', l.tenant_id, 'id', l.id, 'at', ${exactly('l.at')},
  'actor', l.actor, 'action', l.action, 'subject', l.subject, 'detail', l.detail, 'edge_id', l.edge_id, 'epoch', l.epoch, 'seq', l.seq) end as entry, l.mac`

export interface EntryRow {
  entry_id: string
  entry: SealedEntry | null
  mac: Buffer | null
}

export interface LinkRow extends EntryRow {
  position: number
  sealed_at: string
  hash: Buffer
}

/** Two processes that seal one tenant's entries take turns; others are not held up. Ends with the transaction. */
export async function lockChain(tx: Transaction): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtext('jidoka.audit'), hashtext($1))`, [tx.tenantId])
}

export async function headOf(tx: Transaction): Promise<{ position: number; hash: Buffer; sealed_at: string } | null> {
  const rows = await tx.query<{ position: number; hash: Buffer; sealed_at: string }>(
    'select position, hash, sealed_at from audit.chain where tenant_id = $1 order by position desc limit 1',
    [tx.tenantId],
  )
  return rows[0] ?? null
}

/** Takes the oldest entries that have no link yet, in the order in which they are to be sealed. */
export async function takeUnsealed(tx: Transaction, limit: number): Promise<EntryRow[]> {
  return tx.query<EntryRow>(
    `with taken as (
       delete from audit.unsealed where (tenant_id, at, entry_id) in
         (select tenant_id, at, entry_id from audit.unsealed where tenant_id = $1 order by at, entry_id limit $2)
       returning tenant_id, at, entry_id)
     select taken.entry_id, ${entryColumns} from taken left join audit.audit_logs l on l.tenant_id = taken.tenant_id and l.id = taken.entry_id
     order by taken.at, taken.entry_id`,
    [tx.tenantId, limit],
  )
}

export interface NewLink {
  readonly position: number
  readonly entryId: string
  readonly hash: Buffer
}

export async function insertLinks(tx: Transaction, sealedAt: string, links: readonly NewLink[]): Promise<void> {
  await tx.run(
    `insert into audit.chain (tenant_id, position, entry_id, sealed_at, hash)
     select $1, p, e, $2, decode(h, 'hex') from unnest($3::bigint[], $4::uuid[], $5::text[]) as links(p, e, h)`,
    [
      tx.tenantId,
      sealedAt,
      links.map(({ position }) => position),
      links.map(({ entryId }) => entryId),
      links.map(({ hash }) => hash.toString('hex')),
    ],
  )
}

export interface LinkRange {
  readonly after: number
  readonly upTo: number
  readonly limit: number
}

export async function linksAfter(tx: Reading, { after, upTo, limit }: LinkRange): Promise<LinkRow[]> {
  return tx.query<LinkRow>(
    `select c.position, c.entry_id, ${exactly('c.sealed_at')} as sealed_at, c.hash, ${entryColumns}
     from audit.chain c left join audit.audit_logs l on l.tenant_id = c.tenant_id and l.id = c.entry_id
     where c.tenant_id = $1 and c.position > $2 and c.position <= $3 order by c.position limit $4`,
    [tx.tenantId, after, upTo, limit],
  )
}

export async function hashesAt(tx: Transaction, positions: readonly number[]): Promise<Map<number, string>> {
  const rows = await tx.query<{ position: number; hash: string }>(
    `select position, encode(hash, 'hex') as hash from audit.chain where tenant_id = $1 and position = any($2::bigint[])`,
    [tx.tenantId, positions],
  )
  return new Map(rows.map(({ position, hash }) => [position, hash]))
}

/** The first link that says this time or a later one; null when none does. */
export async function firstSealedFrom(tx: Transaction, ms: number): Promise<number | null> {
  const rows = await tx.query<{ position: number | null }>(
    'select min(position) as position from audit.chain where tenant_id = $1 and sealed_at >= $2',
    [tx.tenantId, new Date(ms).toISOString()],
  )
  return rows[0]?.position ?? null
}

/** The latest time up to a position; null of the beginning. */
export async function latestSealedUpTo(tx: Transaction, position: number): Promise<string | null> {
  const rows = await tx.query<{ sealed_at: string | null }>(
    'select max(sealed_at) as sealed_at from audit.chain where tenant_id = $1 and position <= $2',
    [tx.tenantId, position],
  )
  return rows[0]?.sealed_at ?? null
}

const checkpointColumns = `tenant_id, at, position, encode(hash, 'hex') as hash, adopted, key_id, encode(signature, 'hex') as signature`

export async function lastCheckpoint(tx: Transaction): Promise<Checkpoint | null> {
  const rows = await tx.query<Checkpoint>(
    `select ${checkpointColumns} from audit.checkpoints where tenant_id = $1 order by at desc, position desc limit 1`,
    [tx.tenantId],
  )
  return rows[0] ?? null
}

export async function insertCheckpoint(tx: Transaction, checkpoint: Checkpoint): Promise<void> {
  const { at, position, hash, adopted, key_id: keyId, signature } = checkpoint
  await tx.run(
    `insert into audit.checkpoints (tenant_id, at, position, hash, adopted, key_id, signature)
     values ($1, $2, $3, decode($4, 'hex'), $5, $6, decode($7, 'hex'))`,
    [tx.tenantId, at, position, hash, adopted, keyId, signature],
  )
}

/** In the order of their keys, behind `after`. */
export async function checkpointsAfter(
  tx: Transaction,
  after: Pick<Checkpoint, 'at' | 'position'> | null,
  limit: number,
): Promise<Checkpoint[]> {
  return tx.query<Checkpoint>(
    `select ${checkpointColumns} from audit.checkpoints
     where tenant_id = $1 and ($2::timestamptz is null or (at, position) > ($2, $3)) order by at, position limit $4`,
    [tx.tenantId, after?.at ?? null, after?.position ?? 0, limit],
  )
}

/** Those of some positions, in the order of the chain. */
export async function checkpointsAt(
  tx: Reading,
  { after, upTo }: { readonly after: number; readonly upTo: number },
): Promise<Checkpoint[]> {
  return tx.query<Checkpoint>(
    `select ${checkpointColumns} from audit.checkpoints
     where tenant_id = $1 and position > $2 and position <= $3 order by position, at`,
    [tx.tenantId, after, upTo],
  )
}

/** The checkpoint to begin or to end with, where only a time is asked about. */
export async function checkpointAround(
  tx: Transaction,
  at: string,
  side: 'before' | 'after',
): Promise<Checkpoint | null> {
  const [compares, order] = side === 'before' ? ['<=', 'desc'] : ['>=', 'asc']
  const rows = await tx.query<Checkpoint>(
    `select ${checkpointColumns} from audit.checkpoints where tenant_id = $1 and at ${compares} $2 order by at ${order}, position ${order} limit 1`,
    [tx.tenantId, at],
  )
  return rows[0] ?? null
}

/** Entries that are neither sealed nor waiting to be: nobody who went the right way leaves one. */
export async function entriesOutside(tx: Transaction, limit: number): Promise<{ id: string; at: string }[]> {
  return tx.query<{ id: string; at: string }>(
    `select l.id, l.at from audit.audit_logs l where l.tenant_id = $1
       and not exists (select from audit.chain c where c.tenant_id = $1 and c.entry_id = l.id)
       and not exists (select from audit.unsealed u where u.tenant_id = $1 and u.entry_id = l.id and u.at = l.at)
     limit $2`,
    [tx.tenantId, limit],
  )
}

export async function unsealedOf(tx: Transaction): Promise<{ count: number; oldest_at: string | null }> {
  const rows = await tx.query<{ count: number; oldest_at: string | null }>(
    'select count(*) as count, min(at) as oldest_at from audit.unsealed where tenant_id = $1',
    [tx.tenantId],
  )
  return rows[0] ?? { count: 0, oldest_at: null }
}

export interface Verification {
  verified_at: string
  position: number
  findings: { kind: string; text: string }[]
}

export async function lastVerification(tx: Transaction): Promise<Verification | null> {
  const rows = await tx.query<Verification>(
    'select verified_at, position, findings from audit.verifications where tenant_id = $1',
    [tx.tenantId],
  )
  return rows[0] ?? null
}

export async function keepVerification(tx: Transaction, { verified_at: at, position, findings }: Verification) {
  await tx.run(
    `insert into audit.verifications (tenant_id, verified_at, position, findings) values ($1, $2, $3, $4::jsonb)
     on conflict (tenant_id) do update set verified_at = excluded.verified_at, position = excluded.position, findings = excluded.findings`,
    [tx.tenantId, at, position, JSON.stringify(findings)],
  )
}
