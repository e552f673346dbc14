import type { FleetState } from '@jidoka/contract'
import type { Quality } from '@jidoka/domain'
import { qualities } from '@jidoka/domain'
import type { Transaction } from '../../platform/db/database.ts'
import type { TextKey } from '../../platform/paging.ts'
import { without } from '../../platform/without.ts'
import type { RuleDeployment, RuleDeployments } from './port.ts'
import type { CursorRow, EdgeRow, SiteRow } from './schema.ts'

export interface EdgeOverview extends EdgeRow {
  site_name: SiteRow['name']
  time_zone: string
  pending_items: number
}

const reportedBeside = 'left join fleet.reported r on r.edge_id = d.edge_id and r.kind = d.kind and r.key = d.key'

/** Items that an edge has not done yet: another version reported than desired, or nothing; a taken-back one not reported as removed. */
const pendingItems = `(select count(*) from fleet.desired d ${reportedBeside}
  where d.edge_id = e.id and case when d.deleted then d.kind <> 'command' and r.state is not null and r.state <> 'removed' else r.version is distinct from d.version end)`

/** What a list of edges is ordered by, as texts. */
export const placeOfEdge = ({ site_code, name, id }: EdgeOverview): TextKey => [site_code, name, id]

/** Those of a page, and one more where there are more; or only one. */
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

/** Where these rules are desired: `eachMax` edges of each, by name, and how many there are. */
export async function listRuleDeployments(
  tx: Transaction,
  ruleIds: readonly string[],
  eachMax: number,
): Promise<Map<string, RuleDeployments>> {
  const desired = `fleet.desired d join fleet.edges e on e.id = d.edge_id and e.revoked_at is null ${reportedBeside}`
  const rows = await tx.query<RuleDeployment & { rule_id: string }>(
    `select asked.rule_id, of_rule.* from unnest($1::text[]) as asked (rule_id)
     cross join lateral (
       select e.id as edge_id, e.name as edge_name, d.version as desired_version, r.version as reported_version, r.state as reported_state, r.problem
       from ${desired} where d.kind = 'rule' and not d.deleted and d.key = asked.rule_id order by e.name, e.id limit $2) as of_rule`,
    [ruleIds, eachMax],
  )
  // What an edge has said of an older version is nothing yet, and so is a word that is unknown here.
  const counts = await tx.query<RuleDeployments['counts'] & { rule_id: string }>(
    `select rule_id, count(*) as total, count(*) filter (where state = 'applied') as applied,
       count(*) filter (where state in ('refused', 'quarantined', 'removed')) as failed,
       count(*) filter (where state is null or state not in ('applied', 'refused', 'quarantined', 'removed')) as waiting
     from (select d.key as rule_id, case when r.version >= d.version then r.state end as state
       from ${desired} where d.kind = 'rule' and not d.deleted and d.key = any($1::text[])) as said
     group by rule_id`,
    [ruleIds],
  )
  const deployments = Map.groupBy(rows, ({ rule_id }) => rule_id)
  return new Map(
    counts.map(({ rule_id: ruleId, ...counted }) => [
      ruleId,
      { counts: counted, rows: (deployments.get(ruleId) ?? []).map((row) => without(row, 'rule_id')) },
    ]),
  )
}

/** Named of the edges that are not heard: those that have not been for the longest time. */
const silentNamesMax = 10

export type CountedFleet = Omit<FleetState, 'open_alarms'> & { revoked_ids: string[] }

/** @param heardSince an edge that was heard last before it is silent */
export async function countFleet(tx: Transaction, heardSince: string): Promise<CountedFleet> {
  const [row] = await tx.query<CountedFleet>(
    `with standing as (select id, site_code, name, seen_at from fleet.edges where revoked_at is null),
     silent as (select site_code, name, id, seen_at from standing where seen_at is null or seen_at < $1)
     select (select count(*) from standing where seen_at >= $1) as online,
       (select count(*) from silent) as silent,
       array(select name from silent order by seen_at nulls first, site_code, name, id limit $2) as silent_names,
       (select count(*) from fleet.edges where revoked_at is not null) as revoked,
       array(select id from fleet.edges where revoked_at is not null) as revoked_ids,
       (select count(*) from fleet.troubles t join standing e on e.id = t.edge_id where t.settled_at is null) as open_troubles,
       (select coalesce(sum(${pendingItems}), 0)::bigint from standing e) as pending_items`,
    [heardSince, silentNamesMax],
  )
  return row as CountedFleet
}
