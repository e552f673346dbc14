import type { Database, Session, Transaction } from '../../platform/db/database.ts'
import { storableText } from '../../platform/db/storable.ts'
import { tenantThatHas } from '../../platform/db/tenants.ts'
import type { EdgeRow, SiteRow } from './schema.ts'

// Sites, edges and enrolments. Lanes, readings, desired state and overviews have files of their own.

const edgeColumns =
  'id, site_code, name, public_key, epoch, program_version, enrolled_at, seen_at, revoked_at, desired_seq, shape_handle'

export interface KnownEdge {
  id: string
  tenant_id: string
  public_key: string
  revoked_at: string | null
}

export function findEdgesOfAnyTenant(directory: Session, edgeIds: readonly string[]): Promise<KnownEdge[]> {
  return directory.query<KnownEdge>(
    {
      name: 'edges-of-any-tenant',
      text: 'select id, tenant_id, public_key, revoked_at from fleet.edges where id = any($1::uuid[])',
    },
    [edgeIds],
  )
}

export const tenantOfEnrolment = (database: Database, tokenHash: string) =>
  tenantThatHas(database, 'select tenant_id from fleet.enrolments where token_hash = $1', tokenHash)

export async function ensureSite(tx: Transaction, site: SiteRow): Promise<void> {
  await tx.run(
    'insert into fleet.sites (tenant_id, code, name, time_zone) values ($1, $2, $3, $4) on conflict do nothing',
    [tx.tenantId, site.code, site.name, site.time_zone],
  )
}

/** What an edge's desired state says of its site is what the fleet's pages show. */
export async function describeSites(
  tx: Transaction,
  codes: readonly string[],
  site: Omit<SiteRow, 'code'>,
): Promise<void> {
  await tx.run('update fleet.sites set name = $2, time_zone = $3 where code = any($1::text[])', [
    codes,
    site.name,
    site.time_zone,
  ])
}

export async function listSites(
  tx: Transaction,
  { after, limit }: { readonly after: string | null; readonly limit: number },
): Promise<SiteRow[]> {
  return tx.query<SiteRow>(
    'select code, name, time_zone from fleet.sites where $1::text is null or code > $1 order by code limit $2',
    [after, limit],
  )
}

export async function findEdge(tx: Transaction, edgeId: string): Promise<EdgeRow | null> {
  return (await tx.query<EdgeRow>(`select ${edgeColumns} from fleet.edges where id = $1`, [edgeId]))[0] ?? null
}

/** An edge, with the epochs that its current one has replaced. */
export interface EdgeLives extends EdgeRow {
  readonly superseded_epochs: string[]
}

export async function findEdgeLives(tx: Transaction, edgeId: string): Promise<EdgeLives | null> {
  return (await findLivesOfEdges(tx, [edgeId]))[0] ?? null
}

export function findLivesOfEdges(tx: Transaction, edgeIds: readonly string[]): Promise<EdgeLives[]> {
  return tx.query<EdgeLives>(
    {
      name: 'edge-lives',
      text: `select ${edgeColumns}, array(select s.epoch::text from fleet.superseded_epochs s where s.edge_id = e.id) as superseded_epochs
             from fleet.edges e where id = any($1::uuid[])`,
    },
    [edgeIds],
  )
}

/** Locks the edge: its desired state and its life change one at a time. */
export async function lockEdge(tx: Transaction, edgeId: string): Promise<EdgeRow | null> {
  return (await lockEdges(tx, [edgeId]))[0] ?? null
}

/** Locks those of them that there are, in one order for everybody, so that two deployments never wait for each other's edges. */
export function lockEdges(tx: Transaction, edgeIds: readonly string[]): Promise<EdgeRow[]> {
  return tx.query<EdgeRow>(`select ${edgeColumns} from fleet.edges where id = any($1::uuid[]) order by id for update`, [
    edgeIds,
  ])
}

export async function findEdgeByKey(tx: Transaction, publicKey: string): Promise<EdgeRow | null> {
  return (
    (
      await tx.query<EdgeRow>(`select ${edgeColumns} from fleet.edges where public_key = $1 for update`, [publicKey])
    )[0] ?? null
  )
}

export type NewEdge = Pick<EdgeRow, 'id' | 'site_code' | 'name' | 'public_key' | 'program_version' | 'enrolled_at'>

export async function insertEdge(tx: Transaction, edge: NewEdge): Promise<void> {
  await tx.run(
    `insert into fleet.edges (tenant_id, id, site_code, name, public_key, program_version, enrolled_at, seen_at)
     values ($1, $2, $3, $4, $5, $6, $7, $7)`,
    [
      tx.tenantId,
      edge.id,
      edge.site_code,
      storableText(edge.name),
      edge.public_key,
      storableText(edge.program_version),
      edge.enrolled_at,
    ],
  )
}

export async function enrolAgain(tx: Transaction, edge: NewEdge): Promise<void> {
  await tx.run(
    'update fleet.edges set site_code = $2, name = $3, program_version = $4, enrolled_at = $5, seen_at = $5, revoked_at = null where id = $1',
    [edge.id, edge.site_code, storableText(edge.name), storableText(edge.program_version), edge.enrolled_at],
  )
}

export async function revokeEdge(tx: Transaction, edgeId: string, at: string): Promise<boolean> {
  return (
    (await tx.run('update fleet.edges set revoked_at = coalesce(revoked_at, $2) where id = $1', [edgeId, at])) === 1
  )
}

/**
 * Notes when edges were heard (epoch milliseconds). Locked in one order, so that processes that note the same edges wait for each other and do
 * not deadlock.
 */
export async function noteSeen(tx: Transaction, seenMs: ReadonlyMap<string, number>): Promise<void> {
  await tx.run(
    `with locked as (select id from fleet.edges where id = any($1::uuid[]) order by id for no key update)
     update fleet.edges e set seen_at = seen.at from locked, unnest($1::uuid[], $2::timestamptz[]) as seen (id, at)
     where e.id = locked.id and seen.id = locked.id and (e.seen_at is null or e.seen_at < seen.at)`,
    [[...seenMs.keys()], [...seenMs.values()].map((ms) => new Date(ms).toISOString())],
  )
}

export async function edgeNames(tx: Transaction, edgeIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await tx.query<{ id: string; name: string }>(
    'select id, name from fleet.edges where id = any($1::uuid[])',
    [edgeIds],
  )
  return new Map(rows.map(({ id, name }) => [id, name]))
}

export interface EnrolmentRow {
  token_hash: string
  site_code: string
  created_by: string
  created_at: string
  expires_at: string
  used_at: string | null
  edge_id: string | null
}

export async function insertEnrolment(
  tx: Transaction,
  enrolment: Omit<EnrolmentRow, 'used_at' | 'edge_id'>,
): Promise<void> {
  await tx.run(
    'insert into fleet.enrolments (tenant_id, token_hash, site_code, created_by, created_at, expires_at) values ($1, $2, $3, $4, $5, $6)',
    [
      tx.tenantId,
      enrolment.token_hash,
      enrolment.site_code,
      enrolment.created_by,
      enrolment.created_at,
      enrolment.expires_at,
    ],
  )
}

/** Locks the row: of two that come with one token at once, the second sees it used. */
export async function lockEnrolment(tx: Transaction, tokenHash: string): Promise<EnrolmentRow | null> {
  return (
    (await tx.query<EnrolmentRow>('select * from fleet.enrolments where token_hash = $1 for update', [tokenHash]))[0] ??
    null
  )
}

export async function useEnrolment(tx: Transaction, tokenHash: string, edgeId: string, at: string): Promise<void> {
  await tx.run('update fleet.enrolments set used_at = $3, edge_id = $2 where token_hash = $1', [tokenHash, edgeId, at])
}
