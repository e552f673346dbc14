import {
  cloudPaths,
  fill,
  pageSizeMax,
  type ArchivableTable,
  type Archive,
  type ArchiveSettings,
  type AuditChainStatus,
  type CloudLine,
  type CloudRule,
  type CloudSession,
  type DeadEvent,
  type EdgeDetail,
  type EdgeSummary,
  type Execution,
  type Job,
  type JobKindInfo,
  type JobNews,
  type NewUpload,
  type ObjectLinkAnswer,
  type ObjectUsage,
  type SecretList,
  type TenantList,
  type TenantMove,
  type StoredFile,
  type UploadLink,
  type enrolmentSchema,
  type auditEntrySchema,
  type siteSchema,
} from '@jidoka/contract'
import type { RuleDefinition } from '@jidoka/domain'
import type { Answer, Api, Download, Query } from '@jidoka/ui'
import { createFleetApi } from '../fleet/fleet-api.ts'
import type { SessionCalls } from '../session/session.ts'

type Inferred<Schema extends { readonly _output: unknown }> = Schema['_output']
export type Site = Inferred<typeof siteSchema>
export type Enrolment = Inferred<typeof enrolmentSchema>
export type AuditEntry = Inferred<typeof auditEntrySchema>

export interface Page<Row> {
  readonly rows: readonly Row[]
  readonly nextCursor: string | null
}

function page<Row>({ data, meta }: Answer<Row[]>): Page<Row> {
  return { rows: data, nextCursor: meta.next_cursor ?? null }
}

/** Every call that the console makes of the cloud, by what it is for. Each throws as `Api` does. */
export function createConsoleApi(api: Api) {
  const get = async <Data>(path: string, signal?: AbortSignal, query?: Query): Promise<Data> =>
    (await api.get<Data>(path, { ...(signal ? { signal } : {}), ...(query ? { query } : {}) })).data
  /** All pages, for lists that a page sorts, filters and looks names up in as a whole. */
  const whole = async <Row>(path: string, signal?: AbortSignal): Promise<Row[]> => {
    const rows: Row[] = []
    let cursor: string | undefined
    do {
      const query = { limit: pageSizeMax, cursor }
      const { data, meta } = await api.get<Row[]>(path, { query, ...(signal ? { signal } : {}) })
      rows.push(...data)
      cursor = meta.next_cursor
    } while (cursor !== undefined)
    return rows
  }
  return {
    ...createFleetApi(api),
    edges: (signal?: AbortSignal) => whole<EdgeSummary>(cloudPaths.edges, signal),
    edge: (id: string, signal?: AbortSignal) => get<EdgeDetail>(fill(cloudPaths.edge, { id }), signal),
    sites: (signal?: AbortSignal) => whole<Site>(cloudPaths.sites, signal),
    lines: (signal?: AbortSignal) => whole<CloudLine>(cloudPaths.lines, signal),
    rules: (signal?: AbortSignal) => whole<CloudRule>(cloudPaths.rules, signal),
    rule: (id: string, signal?: AbortSignal) => get<CloudRule>(fill(cloudPaths.rule, { id }), signal),
    judgment: (id: string, signal?: AbortSignal) => get<Execution>(fill(cloudPaths.judgment, { id }), signal),
    recent: async (query: Query, signal: AbortSignal) =>
      page(await api.get<Execution[]>(cloudPaths.judgmentRecent, { query, signal })),
    audit: async (query: Query, signal: AbortSignal) =>
      page(await api.get<AuditEntry[]>(cloudPaths.audit, { query, signal })),
    auditChain: (signal?: AbortSignal) => get<AuditChainStatus>(cloudPaths.auditChain, signal),
    auditExport: (): Promise<Download> => api.download(cloudPaths.auditExport),
    deadEvents: async (query: Query, signal: AbortSignal) =>
      page(await api.get<DeadEvent[]>(cloudPaths.deadEvents, { query, signal })),
    retryDeadEvent: async (id: string) => {
      await api.post(fill(cloudPaths.deadEventRetry, { id }))
    },
    jobs: async (query: Query, signal: AbortSignal) =>
      page(await api.get<JobNews[]>(cloudPaths.jobs, { query, signal })),
    jobKinds: (signal?: AbortSignal) => get<JobKindInfo[]>(cloudPaths.jobKinds, signal),
    job: (id: string, signal?: AbortSignal) => get<Job>(fill(cloudPaths.job, { id }), signal),
    startJob: async (kind: string) => (await api.post<Job>(cloudPaths.jobs, { kind, input: {} })).data,
    cancelJob: async (id: string) => {
      await api.post(fill(cloudPaths.jobCancel, { id }))
    },
    requeueJob: async (id: string) => {
      await api.post(fill(cloudPaths.jobRequeue, { id }))
    },
    timeZone: (signal?: AbortSignal) => get<{ time_zone: string }>(cloudPaths.timeZone, signal),
    putTimeZone: async (zone: string) => {
      await api.put(cloudPaths.timeZone, { time_zone: zone })
    },
    archives: async (query: Query, signal: AbortSignal) =>
      page(await api.get<Archive[]>(cloudPaths.archives, { query, signal })),
    archiveSettings: (signal?: AbortSignal) => get<ArchiveSettings>(cloudPaths.archiveSettings, signal),
    putArchiveSettings: async (tables: readonly ArchivableTable[]) => {
      await api.put(cloudPaths.archiveSettings, { tables })
    },
    archiveLink: async (id: string) => (await api.post<ObjectLinkAnswer>(fill(cloudPaths.archiveLink, { id }))).data,
    restoreArchive: async (id: string) => {
      await api.post(fill(cloudPaths.archiveRestore, { id }))
    },
    endRestoreArchive: async (id: string) => {
      await api.delete(fill(cloudPaths.archiveRestore, { id }))
    },
    removeArchive: async (id: string) => {
      await api.delete(fill(cloudPaths.archive, { id }))
    },
    objects: async (query: Query, signal: AbortSignal) =>
      page(await api.get<StoredFile[]>(cloudPaths.objects, { query, signal })),
    objectUsage: (signal?: AbortSignal) => get<ObjectUsage>(cloudPaths.objectUsage, signal),
    objectUpload: async (upload: NewUpload, signal: AbortSignal) =>
      (await api.post<UploadLink>(cloudPaths.objectUploads, upload, { signal })).data,
    objectLink: async (id: string) => (await api.post<ObjectLinkAnswer>(fill(cloudPaths.objectShare, { id }))).data,
    removeObject: async (id: string) => {
      await api.delete(fill(cloudPaths.object, { id }))
    },
    tenants: (signal?: AbortSignal) => get<TenantList>(cloudPaths.tenants, signal),
    tenantMoves: (signal?: AbortSignal) => get<TenantMove[]>(cloudPaths.tenantMoves, signal),
    /** Begins a move, or goes on with the one to there that stands still. */
    moveTenant: async (id: string, to: string) => {
      await api.post(fill(cloudPaths.tenantMove, { id }), { to })
    },
    cancelTenantMove: async (id: string) => {
      await api.post(fill(cloudPaths.tenantMoveCancel, { id }))
    },
    dropOldOf: async (id: string) => {
      await api.post(fill(cloudPaths.tenantDropOld, { id }), { early: true })
    },
    secrets: (signal?: AbortSignal) => get<SecretList>(cloudPaths.secrets, signal),
    putSecret: async (name: string, purpose: string, value: string) => {
      await api.put(fill(cloudPaths.secret, { name }), { purpose, value })
    },
    removeSecret: async (name: string) => {
      await api.delete(fill(cloudPaths.secret, { name }))
    },
    endSessions: async () => {
      await api.delete(cloudPaths.sessions)
    },
    enrol: async (body: { site_code: string; valid_min: number }) =>
      (await api.post<Enrolment>(cloudPaths.enrolments, body)).data,
    saveRule: async (definition: Omit<RuleDefinition, 'version'>, basedOnVersion: number) => {
      await api.put(fill(cloudPaths.rule, { id: definition.id }), { definition, based_on_version: basedOnVersion })
    },
    deployRule: async (id: string, edgeIds: readonly string[]) => {
      await api.post(fill(cloudPaths.deployRule, { id }), { edge_ids: edgeIds })
    },
    withdrawRule: async (edgeId: string, ruleId: string) => {
      await api.delete(fill(cloudPaths.desired, { id: edgeId, kind: 'rule', key: ruleId }))
    },
  }
}
export type ConsoleApi = ReturnType<typeof createConsoleApi>

/**
 * The calls by which a session is had.
 * @param byCookie carries no token
 * @param byToken carries the session's token, and does not refresh it
 */
export function createSessionCalls(byCookie: Api, byToken: Api): SessionCalls {
  return {
    login: async (login, password) => (await byCookie.post<CloudSession>(cloudPaths.login, { login, password })).data,
    refresh: async () => (await byCookie.post<CloudSession>(cloudPaths.refresh)).data,
    logout: async () => {
      await byCookie.post(cloudPaths.logout)
    },
    changePassword: async (current, next) =>
      (await byToken.put<CloudSession>(cloudPaths.password, { current, next })).data,
  }
}
