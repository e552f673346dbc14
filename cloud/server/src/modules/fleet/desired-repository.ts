import type { Transaction } from '../../platform/db/database.ts'
import { storableJson } from '../../platform/db/storable.ts'
import type { DesiredRecord, ReportedRecord } from './schema.ts'

/**
 * Changes kept of each edge. An edge that was away for longer fetches everything again, which costs it one answer; more would
 * only fill the table.
 */
export const changesKept = 1_000

export interface Change {
  seq: number
  operation: 'insert' | 'update' | 'delete'
  id: string
  kind: string
  key: string
  version: number
  /** JSON text. */
  body: string
}

const columns = 'edge_id, kind, key, id, version, body, changed_at, changed_by, deleted'

/** Also finds a row that was taken back. */
export async function findDesired(
  tx: Transaction,
  edgeId: string,
  kind: string,
  key: string,
): Promise<DesiredRecord | null> {
  return (
    (
      await tx.query<DesiredRecord>(
        `select ${columns} from fleet.desired where edge_id = $1 and kind = $2 and key = $3`,
        [edgeId, kind, key],
      )
    )[0] ?? null
  )
}

export async function listDesired(
  tx: Transaction,
  edgeIds: readonly string[],
  kinds: readonly string[] | null,
): Promise<DesiredRecord[]> {
  return tx.query<DesiredRecord>(
    `select ${columns} from fleet.desired where edge_id = any($1::uuid[]) and not deleted and ($2::text[] is null or kind = any($2::text[])) order by kind, key`,
    [edgeIds, kinds],
  )
}

/** Desired and reported of one edge without the bodies, those taken back included. */
export async function listItems(
  tx: Transaction,
  edgeId: string,
): Promise<{ desired: Omit<DesiredRecord, 'body'>[]; reported: ReportedRecord[] }> {
  const desired = await tx.query<Omit<DesiredRecord, 'body'>>(
    'select edge_id, kind, key, id, version, changed_at, changed_by, deleted from fleet.desired where edge_id = $1 order by kind, key',
    [edgeId],
  )
  const reported = await tx.query<ReportedRecord>(
    'select edge_id, kind, key, version, state, problem, rule_hash, result, reported_at from fleet.reported where edge_id = $1 order by kind, key',
    [edgeId],
  )
  return { desired, reported }
}

/** Writes a row and its line in the change log. The edge must be locked. */
export async function writeDesired(tx: Transaction, row: DesiredRecord, operation: Change['operation']): Promise<void> {
  const body = storableJson(row.body)
  await tx.run(
    `insert into fleet.desired (tenant_id, edge_id, kind, key, id, version, body, changed_at, changed_by, deleted)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     on conflict (tenant_id, edge_id, kind, key) do update set
       version = excluded.version, body = excluded.body, changed_at = excluded.changed_at, changed_by = excluded.changed_by, deleted = excluded.deleted`,
    [
      tx.tenantId,
      row.edge_id,
      row.kind,
      row.key,
      row.id,
      row.version,
      body,
      row.changed_at,
      row.changed_by,
      row.deleted,
    ],
  )
  await appendChange(tx, { ...row, operation, body })
}

/**
 * Writes that a row is gone and deletes it, what its edge said of it, and its older lines in the log: an edge that had not read those is told
 * to fetch everything again, or hears only that it is gone. The edge must be locked.
 */
export async function forgetDesired(tx: Transaction, row: DesiredRecord): Promise<void> {
  const name = [row.edge_id, row.kind, row.key]
  await tx.run('delete from fleet.desired_changes where edge_id = $1 and kind = $2 and key = $3', name)
  // Its name is enough to take it back.
  await appendChange(tx, { ...row, operation: 'delete', body: '{}' })
  await tx.run('delete from fleet.desired where edge_id = $1 and kind = $2 and key = $3', name)
  await tx.run('delete from fleet.reported where edge_id = $1 and kind = $2 and key = $3', name)
}

async function appendChange(tx: Transaction, change: Omit<Change, 'seq'> & { edge_id: string }): Promise<void> {
  const { edge_id: edgeId, operation, id, kind, key, version, body } = change
  const [counted] = await tx.query<{ desired_seq: number }>(
    'update fleet.edges set desired_seq = desired_seq + 1 where id = $1 returning desired_seq',
    [edgeId],
  )
  const seq = counted?.desired_seq ?? 0
  await tx.run(
    'insert into fleet.desired_changes (tenant_id, edge_id, seq, operation, id, kind, key, version, body) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)',
    [tx.tenantId, edgeId, seq, operation, id, kind, key, version, body],
  )
  await tx.run('delete from fleet.desired_changes where edge_id = $1 and seq <= $2', [edgeId, seq - changesKept])
}

export async function changesAfter(tx: Transaction, edgeId: string, seq: number): Promise<Change[]> {
  return tx.query<Change>(
    'select seq, operation, id, kind, key, version, body from fleet.desired_changes where edge_id = $1 and seq > $2 order by seq',
    [edgeId, seq],
  )
}

/** The point of the log, and the oldest change that is still in it. */
export async function shapePoint(
  tx: Transaction,
  edgeId: string,
): Promise<{ seq: number; handle: string; oldest: number | null } | null> {
  const [row] = await tx.query<{ seq: number; handle: string; oldest: number | null }>(
    `select desired_seq as seq, shape_handle as handle, (select min(seq) from fleet.desired_changes where edge_id = $1) as oldest from fleet.edges where id = $1`,
    [edgeId],
  )
  return row ?? null
}

/** Gives the edge's shape a handle that was never used before: whoever follows the old one fetches everything again. */
export async function renewHandle(tx: Transaction, edgeId: string): Promise<string> {
  const [row] = await tx.query<{ handle: string }>(
    'update fleet.edges set shape_handle = gen_random_uuid() where id = $1 returning shape_handle as handle',
    [edgeId],
  )
  return row?.handle ?? ''
}

export async function renewAllHandles(tx: Transaction): Promise<void> {
  await tx.run('update fleet.edges set shape_handle = gen_random_uuid()')
}
