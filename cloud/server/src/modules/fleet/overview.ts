import type { Clock } from '@jidoka/base'
import type {
  BoardTag,
  CloudLine,
  EdgeDetail,
  EdgeOutage,
  EdgeSummary,
  EdgeTrouble,
  FleetState,
} from '@jidoka/contract'
import { siteDescriptionSchema } from '@jidoka/domain'
import type { CatalogueEntry, LocalText, ReportedItem } from '@jidoka/domain'
import { emptyDigest, lanes } from '@jidoka/sync-protocol'
import { z } from 'zod'
import type { Database, Transaction } from '../../platform/db/database.ts'
import { ProblemError } from '../../platform/http/problem.ts'
import { pageOf, readCursor, readTextCursor } from '../../platform/paging.ts'
import type { Page } from '../../platform/paging.ts'
import type { JudgmentPort, Standing } from '../judgment/port.ts'
import { listDesired, listItems } from './desired-repository.ts'
import { laneProgress } from './lane-progress.ts'
import { listOutages } from './outages-repository.ts'
import type { EdgeOverview, TagRow } from './overview-repository.ts'
import { countFleet, listCursors, listEdges, listTags, placeOfEdge, qualityOf } from './overview-repository.ts'
import { findEdge } from './repository.ts'
import type { CursorRow, ReportedRecord } from './schema.ts'
import type { TroubleRow } from './troubles-repository.ts'
import { countStandingTroubles, listTroubles } from './troubles-repository.ts'
import { listWaiting } from './waiting-repository.ts'

/** An edge asks for its desired state at least every 20 s; after three of those nobody should wait for it. */
const silentAfterMs = 60_000

/** The epoch of an edge that has sent nothing yet. */
const noEpoch = '-'

/** What an edge is ordered by: its site, its name, its id. */
const placeLength = 3

/** A page as it was asked for. */
interface Asked {
  readonly cursor?: string | undefined
  readonly limit: number
}

/** What people see of the fleet: edges, what they shall be and are, and their lines live. */
export class Overview {
  #database: Database
  #clock: Clock
  #judgment: () => JudgmentPort

  constructor(parts: { database: Database; clock: Clock; judgment: () => JudgmentPort }) {
    this.#database = parts.database
    this.#clock = parts.clock
    this.#judgment = parts.judgment
  }

  /** A page, by site and name. @throws ProblemError `invalid_input` for a cursor that is not one of this list */
  edges(tenantId: string, page: Asked): Promise<Page<EdgeSummary>> {
    const after = readTextCursor(page.cursor, placeLength)
    return this.#database.withTenant(tenantId, async (tx) => {
      const edges = await listEdges(tx, { page: { after, limit: page.limit }, withRevoked: true })
      const { rows, next } = pageOf(edges, page.limit, placeOfEdge)
      return { rows: await this.#summaries(tx, rows), next }
    })
  }

  /** Of all edges; what is counted besides the revoked ones leaves those out. */
  state(tenantId: string): Promise<FleetState> {
    return this.#database.withTenant(tenantId, async (tx) => {
      const heardSince = new Date(this.#clock.nowMs() - silentAfterMs).toISOString()
      const { revoked_ids: revokedIds, ...counted } = await countFleet(tx, heardSince)
      return { ...counted, open_alarms: await this.#judgment().openAlarmsExcept(tx, revokedIds) }
    })
  }

  /** @throws ProblemError `not_found` */
  edge(tenantId: string, edgeId: string): Promise<EdgeDetail> {
    return this.#database.withTenant(tenantId, async (tx) => {
      const [summary] = await this.#summaries(tx, await listEdges(tx, { edgeId, withRevoked: true }))
      if (summary === undefined)
        throw new ProblemError('not_found', 'There is no such edge. Go back to the list of edges.')
      const { desired, reported } = await listItems(tx, edgeId)
      const isPast = new Set(desired.flatMap(({ kind, key, deleted }) => (kind === 'command' && deleted ? [key] : [])))
      const named = [...desired, ...reported].filter(({ kind, key }) => kind !== 'command' || !isPast.has(key))
      const names = new Map(named.map(({ kind, key }) => [`${kind} ${key}`, { kind, key }]))
      const items = [...names.values()].map(({ kind, key }) => {
        const wanted = desired.find((row) => row.kind === kind && row.key === key && !row.deleted)
        const done = reported.find((row) => row.kind === kind && row.key === key)
        return {
          kind,
          key,
          desired_version: wanted?.version ?? null,
          desired_at: wanted?.changed_at ?? null,
          reported: done === undefined ? null : reportedItemOf(done),
          reported_at: done?.reported_at ?? null,
        }
      })
      const cursors = await listCursors(tx, [edgeId])
      return {
        ...summary,
        items,
        progress: await laneProgress(tx, cursors, this.#clock.nowMs()),
        troubles: (await listTroubles(tx, edgeId)).map(troubleOf),
      }
    })
  }

  /** @throws ProblemError `not_found`, `invalid_input` for a cursor that is not one of this list */
  outages(tenantId: string, edgeId: string, page: Asked): Promise<Page<EdgeOutage>> {
    const after = readCursor(page.cursor)
    return this.#database.withTenant(tenantId, async (tx) => {
      if ((await findEdge(tx, edgeId)) === null)
        throw new ProblemError('not_found', 'There is no such edge. Go back to the list of edges.')
      const rows = await listOutages(tx, edgeId, { after, limit: page.limit })
      return pageOf(rows, page.limit, ({ from }) => ({ at: from, id: edgeId }))
    })
  }

  /** Of a page of edges: the lines of one come together. @throws ProblemError `invalid_input` for a cursor that is not one of this list */
  lines(tenantId: string, page: Asked): Promise<Page<CloudLine>> {
    const after = readTextCursor(page.cursor, placeLength)
    return this.#database.withTenant(tenantId, async (tx) => {
      const found = await listEdges(tx, { page: { after, limit: page.limit }, withRevoked: false })
      const { rows: edges, next } = pageOf(found, page.limit, placeOfEdge)
      const edgeIds = edges.map(({ id }) => id)
      const tags = Map.groupBy(await listTags(tx, edgeIds), ({ edge_id }) => edge_id)
      const descriptions = Map.groupBy(
        await listDesired(tx, edgeIds, ['site', 'tag_catalogue']),
        ({ edge_id }) => edge_id,
      )
      const standing = await this.#judgment().standing(tx, edgeIds)
      const rows = edges.flatMap((edge) => {
        const items = descriptions.get(edge.id) ?? []
        const stands = standing.get(edge.id) ?? { verdicts: [], alarms: [], counts: new Map() }
        return linesOf(edge, tags.get(edge.id) ?? [], {
          lineNames: lineNamesOf(items.find(({ kind }) => kind === 'site')?.body),
          catalogue: catalogueOf(items.find(({ kind }) => kind === 'tag_catalogue')?.body),
          ...stands,
        })
      })
      return { rows, next }
    })
  }

  async #summaries(tx: Transaction, edges: readonly EdgeOverview[]): Promise<EdgeSummary[]> {
    const edgeIds = edges.map(({ id }) => id)
    const cursors = Map.groupBy(await listCursors(tx, edgeIds), ({ edge_id }) => edge_id)
    const openAlarms = await this.#judgment().openAlarms(tx, edgeIds)
    const openTroubles = await countStandingTroubles(tx, edgeIds)
    const waiting = await listWaiting(tx, edgeIds)
    const nowMs = this.#clock.nowMs()
    return edges.map((edge) => ({
      id: edge.id,
      name: edge.name,
      site: siteOf(edge),
      state:
        edge.revoked_at !== null
          ? 'revoked'
          : edge.seen_at !== null && nowMs - Date.parse(edge.seen_at) <= silentAfterMs
            ? 'online'
            : 'silent',
      seen_at: edge.seen_at,
      enrolled_at: edge.enrolled_at,
      program_version: edge.program_version,
      lanes: lanes.map((lane) => laneOf(edge, lane, cursors.get(edge.id) ?? [])),
      open_alarms: openAlarms.get(edge.id) ?? 0,
      pending_items: edge.pending_items,
      open_troubles: openTroubles.get(edge.id) ?? 0,
      waiting: waiting.get(edge.id) ?? null,
    }))
  }
}

const siteOf = (edge: EdgeOverview) => ({
  id: edge.site_code,
  code: edge.site_code,
  name: edge.site_name,
  time_zone: edge.time_zone,
})

function laneOf(
  edge: EdgeOverview,
  lane: CursorRow['lane'],
  cursors: readonly CursorRow[],
): EdgeSummary['lanes'][number] {
  const cursor = cursors.find((each) => each.lane === lane)
  return {
    lane,
    epoch: edge.epoch ?? noEpoch,
    received_seq: cursor?.received_seq ?? 0,
    rows_total: cursor?.rows_total ?? 0,
    digest: cursor?.digest ?? emptyDigest,
    received_at: cursor?.received_at ?? null,
  }
}

function reportedItemOf({ kind, key, version, state, problem, rule_hash, result }: ReportedRecord): ReportedItem {
  return { kind, key, version, state, problem, rule_hash, ...(result == null ? {} : { result }) }
}

function troubleOf(row: TroubleRow): EdgeTrouble {
  const { id, kind, lane, epoch, seq, told_by, since, last_at, times } = row
  const { settled_at, settled_by, reason } = row
  return {
    id,
    kind,
    lane,
    epoch,
    seq,
    held: { seq: row.held_seq, count: row.held_count, digest: row.held_digest },
    ours: { seq: row.ours_seq, count: row.ours_count, digest: row.ours_digest },
    told_by,
    since,
    last_at,
    times,
    settled: settled_at === null ? null : { at: settled_at, by: settled_by ?? '', reason: reason ?? '' },
  }
}

interface LineParts {
  lineNames: ReadonlyMap<string, LocalText>
  catalogue: ReadonlyMap<string, CatalogueEntry>
  verdicts: readonly CloudLine['verdicts'][number][]
  alarms: readonly CloudLine['alarms'][number][]
  counts: Standing['counts']
}

function linesOf(edge: EdgeOverview, tags: readonly TagRow[], parts: LineParts): CloudLine[] {
  const codes = new Set([
    ...parts.lineNames.keys(),
    ...tags.map(({ line }) => line),
    ...parts.verdicts.map(({ line }) => line),
    ...parts.alarms.map(({ line }) => line),
    // Of a line with little that is urgent no row may be listed.
    ...parts.counts.keys(),
  ])
  return [...codes].sort().map((code) => {
    const ofLine = tags.filter(({ line }) => line === code)
    const heard = ofLine.flatMap(({ received_at }) => received_at ?? []).sort()
    const verdicts = parts.verdicts.filter(({ line }) => line === code)
    const alarms = parts.alarms.filter(({ line }) => line === code)
    const counted = parts.counts.get(code)
    return {
      edge_id: edge.id,
      edge_name: edge.name,
      site: siteOf(edge),
      code,
      name: parts.lineNames.get(code) ?? { ko: code, en: code },
      verdicts,
      alarms,
      // A change between the two statements must not make it less than none.
      verdicts_more: Math.max(0, (counted?.verdicts ?? 0) - verdicts.length),
      alarms_more: Math.max(0, (counted?.alarms ?? 0) - alarms.length),
      tags: ofLine.map((row) => boardTagOf(row, parts.catalogue.get(row.key))),
      heard_at: heard.at(-1) ?? null,
    }
  })
}

/** How a tag is shown that nobody has described yet; the same as the catalogue's own defaults. */
const undescribed = { decimals: 1, stale_after_s: 30 }

function boardTagOf(row: TagRow, entry: CatalogueEntry | undefined): BoardTag {
  return {
    key: row.key,
    line: row.line,
    equipment: row.equipment,
    sensor: row.sensor,
    name: entry?.name ?? { ko: row.sensor, en: row.sensor },
    kind: row.kind,
    unit: entry?.unit ?? row.unit,
    decimals: entry?.decimals ?? undescribed.decimals,
    stale_after_s: entry?.stale_after_s ?? undescribed.stale_after_s,
    limits: entry?.limits ?? {},
    adopted: entry !== undefined,
    value: row.value,
    quality: qualityOf(row),
    at: row.at,
    recent: row.recent ?? [],
  }
}

/** Bodies were checked when they were put; a description of an older program that no longer fits is shown as none. */
function lineNamesOf(body: unknown): Map<string, LocalText> {
  const site = siteDescriptionSchema.safeParse(body)
  return new Map(site.success ? site.data.lines.map(({ code, name }) => [code, name]) : [])
}

const catalogueBodySchema = z.object({ tags: z.array(z.object({ key: z.string() }).loose()) })

function catalogueOf(body: unknown): Map<string, CatalogueEntry> {
  const parsed = catalogueBodySchema.safeParse(body)
  return new Map(parsed.success ? parsed.data.tags.map((entry) => [entry.key, entry as unknown as CatalogueEntry]) : [])
}
