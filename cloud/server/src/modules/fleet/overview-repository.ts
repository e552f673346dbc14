import type { Quality } from '@jidoka/domain'
import { qualities } from '@jidoka/domain'
import type { Transaction } from '../../platform/db/database.ts'
import type { TextKey } from '../../platform/paging.ts'
import type { RuleDeployment } from './port.ts'
import type { CursorRow, EdgeRow, SiteRow } from './schema.ts'

export interface EdgeOverview extends EdgeRow {
  site_name: SiteRow['name']
  time_zone: string
  pending_items: number
}

/** Items that an edge has not done yet: another version reported than desired, or nothing; a taken-back one not reported as removed. */
const pendingItems = `(select count(*) from fleet.desired d
  left join fleet.reported r on r.edge_id = d.edge_id and r.kind = d.kind and r.key = d.key
  where d.edge_id = e.id and case when d.deleted then d.kind <> 'command' and r.state is not null and r.state <> 'removed' else r.version is distinct from d.version end)`

/** What a list of edges is ordered by, as texts. */
export const placeOfEdge = ({ site_code, name, id }: EdgeOverview): TextKey => [site_code, name, id]

/** Those of a page, and one more where there are more; only one; or all. */
export interface EdgeChoice {
  readonly edgeId?: string
  readonly page?: { readonly after: TextKey | null; readonly limit: number }
  readonly withRevoked: boolean
}

export async function listEdges(tx: Transaction, { edgeId, page, withRevoked }: EdgeChoice): Promise<EdgeOverview[]> {
  const [siteCode = null, name = null, id = null] = page?.after ?? []
  return tx.query<EdgeOverview>(
    `select e.id, e.site_code, e.name, e.public_key, e.epoch, e.program_version, e.enrolled_at, e.seen_at, e.revoked_at, e.desired_seq, e.shape_handle,
       s.name as site_name, s.time_zone, ${pendingItems} as pending_items
     from fleet.edges e join fleet.sites s on s.code = e.site_code
     where ($1::uuid is null or e.id = $1::uuid) and ($2 or e.revoked_at is null)
       and ($3::text is null or (e.site_code, e.name, e.id::text) > ($3, $4::text, $5::text))
     order by e.site_code, e.name, e.id::text limit $6`,
    [edgeId ?? null, withRevoked, siteCode, name, id, page === undefined ? null : page.limit + 1],
  )
}

/** Cursors of these edges' current lives. */
export async function listCursors(tx: Transaction, edgeIds: readonly string[]): Promise<CursorRow[]> {
  return tx.query<CursorRow>(
    `select c.edge_id, c.epoch, c.lane, c.received_seq, c.rows_total, c.digest, c.received_at, c.start_seq
     from fleet.cursors c join fleet.edges e on e.id = c.edge_id and e.epoch = c.epoch where e.id = any($1::uuid[])`,
    [edgeIds],
  )
}

export interface TagRow {
  edge_id: string
  key: string
  line: string
  equipment: string | null
  sensor: string
  kind: 'number' | 'boolean' | 'text'
  unit: string
  value: number | boolean | string | null
  quality: number | null
  at: string | null
  received_at: string | null
  recent: number[] | null
}

/** Tags of these edges' current lives with their last values. */
export async function listTags(tx: Transaction, edgeIds: readonly string[]): Promise<TagRow[]> {
  return tx.query<TagRow>(
    `select t.edge_id, t.key, t.line, t.equipment, t.sensor, t.kind, t.unit, v.value, v.quality, v.at, v.received_at, v.recent
     from fleet.tags t join fleet.edges e on e.id = t.edge_id and e.epoch = t.epoch and e.revoked_at is null
     left join fleet.tag_values v on v.edge_id = t.edge_id and v.epoch = t.epoch and v.tag_no = t.tag_no
     where t.edge_id = any($1::uuid[]) order by t.edge_id, t.line, t.key`,
    [edgeIds],
  )
}

export function qualityOf(row: TagRow): Quality {
  return qualities[row.quality ?? 0] ?? 'bad'
}

export async function listRuleDeployments(tx: Transaction, ruleIds: readonly string[]): Promise<RuleDeployment[]> {
  return tx.query<RuleDeployment>(
    `select d.key as rule_id, e.id as edge_id, e.name as edge_name, d.version as desired_version, r.version as reported_version, r.state as reported_state, r.problem
     from fleet.desired d join fleet.edges e on e.id = d.edge_id
     left join fleet.reported r on r.edge_id = d.edge_id and r.kind = d.kind and r.key = d.key
     where d.kind = 'rule' and not d.deleted and e.revoked_at is null and d.key = any($1::text[]) order by e.name`,
    [ruleIds],
  )
}
