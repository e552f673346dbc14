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

/** How an item stands at an edge, taken back or not, and whether its body is a given one. */
export interface Standing {
  readonly edge_id: string
  readonly id: string
  readonly version: number
  readonly deleted: boolean
  readonly same: boolean
}

/** Of one item at those edges that have or had it. Bodies are compared where they are: a rule of a thousand edges would come back a thousand times. */
export function findStanding(
  tx: Transaction,
  edgeIds: readonly string[],
  { kind, key, body }: { readonly kind: string; readonly key: string; readonly body: unknown },
): Promise<Standing[]> {
  return tx.query<Standing>(
    `select edge_id, id, version, deleted, body = $4::jsonb as same from fleet.desired where edge_id = any($1::uuid[]) and kind = $2 and key = $3`,
    [edgeIds, kind, key, storableJson(body)],
  )
}

/** What changes of an item at one edge. */
export interface DesiredChange {
  readonly edge_id: string
  readonly id: string
  readonly version: number
  readonly operation: Change['operation']
}

/** Writes the rows of one item at edges, each with its line in the change log. The edges must be locked. */
export async function writeDesired(
  tx: Transaction,
  item: Omit<DesiredRecord, 'edge_id' | 'id' | 'version'>,
  changes: readonly DesiredChange[],
): Promise<void> {
  const { kind, key } = item
  const body = storableJson(item.body)
  await tx.run(
    `insert into fleet.desired (tenant_id, edge_id, kind, key, id, version, body, changed_at, changed_by, deleted)
     select $1, c.edge_id, $2, $3, c.id, c.version, $4::jsonb, $5::timestamptz, $6, $7::boolean
     from unnest($8::uuid[], $9::uuid[], $10::bigint[]) as c (edge_id, id, version)
     on conflict (tenant_id, edge_id, kind, key) do update set
       version = excluded.version, body = excluded.body, changed_at = excluded.changed_at, changed_by = excluded.changed_by, deleted = excluded.deleted`,
    [
      tx.tenantId,
      kind,
      key,
      body,
      item.changed_at,
      item.changed_by,
      item.deleted,
      changes.map(({ edge_id }) => edge_id),
      changes.map(({ id }) => id),
      changes.map(({ version }) => version),
    ],
  )
  await appendChanges(tx, { kind, key, body }, changes)
}

/**
 * Writes that a row is gone and deletes it, what its edge said of it, and its older lines in the log: an edge that had not read those is told
 * to fetch everything again, or hears only that it is gone. The edge must be locked.
 */
export async function forgetDesired(tx: Transaction, row: DesiredRecord): Promise<void> {
  const name = [row.edge_id, row.kind, row.key]
  await tx.run('delete from fleet.desired_changes where edge_id = $1 and kind = $2 and key = $3', name)
  // Its name is enough to take it back.
  await appendChanges(tx, { kind: row.kind, key: row.key, body: '{}' }, [{ ...row, operation: 'delete' }])
  await tx.run('delete from fleet.desired where edge_id = $1 and kind = $2 and key = $3', name)
  await tx.run('delete from fleet.reported where edge_id = $1 and kind = $2 and key = $3', name)
}

/** Numbers the changes of each edge, and lets go of those that are too old. @param item `body` as JSON text */
async function appendChanges(
  tx: Transaction,
  item: Pick<Change, 'kind' | 'key' | 'body'>,
  changes: readonly DesiredChange[],
): Promise<void> {
  const edgeIds = changes.map(({ edge_id }) => edge_id)
  await tx.run(
    `with given as (select * from unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::text[]) as c (edge_id, id, version, operation)),
     counted as (update fleet.edges e set desired_seq = desired_seq + 1 from given where e.id = given.edge_id returning e.id as edge_id, desired_seq)
     insert into fleet.desired_changes (tenant_id, edge_id, seq, operation, id, kind, key, version, body)
     select $1, edge_id, counted.desired_seq, given.operation, given.id, $6, $7, given.version, $8 from given join counted using (edge_id)`,
    [
      tx.tenantId,
      edgeIds,
      changes.map(({ id }) => id),
      changes.map(({ version }) => version),
      changes.map(({ operation }) => operation),
      item.kind,
      item.key,
      item.body,
    ],
  )
  // Found by the log's key, an edge at a time, and taken from where they lie: as a join the planner may read all of the log, a million changes of a thousand edges.
  await tx.run(
    `delete from fleet.desired_changes where ctid = any(array(
       select old.ctid from fleet.edges e
       cross join lateral (select c.ctid from fleet.desired_changes c where c.edge_id = e.id and c.seq <= e.desired_seq - $2 order by c.seq limit $2) as old
       where e.id = any($1::uuid[])))`,
    [edgeIds, changesKept],
  )
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
