import type {
  ArchivableTable,
  Archive,
  AuditChainStatus,
  BoardAlarm,
  CloudLine,
  CloudRule,
  CloudStreamEvent,
  DeadEvent,
  EdgeSummary,
  Execution,
  Job,
  JobKindInfo,
  NewUpload,
  StoredFile,
  User,
} from '@jidoka/contract'
import type { RuleDefinition } from '@jidoka/domain'
import { defectRatio, edge, judgment, plantLines, pressTemperature, rule, sites, user } from './fixture-data.ts'
import { createFleetFacts, type FleetFacts } from './fixture-fleet.ts'
import { oneDatabase, type TenantFacts } from './fixture-tenants.ts'

/** What the fixture server serves: a plant's worth of data that a test changes and that tells its streams. */
export interface FixtureWorld {
  readonly users: Map<string, { user: User; password: string }>
  /** Of whom the password was made up by somebody else. */
  readonly madeUp: Set<string>
  /** Access tokens made before this instant are refused, as if they had run out. */
  tokensFromMs: number
  edges: EdgeSummary[]
  lines: CloudLine[]
  rules: CloudRule[]
  /** Newest first. */
  judgments: Execution[]
  auditChain: AuditChainStatus
  audit: { id: string; at: string; actor: string; action: string; subject: string; detail: Record<string, unknown> }[]
  deadEvents: DeadEvent[]
  /** Newest first. */
  jobs: Job[]
  timeZone: string
  jobKinds: JobKindInfo[]
  readonly sites: typeof sites
  readonly fleet: FleetFacts
  readonly storage: {
    /** Newest first. */
    files: StoredFile[]
    readonly quota: { bytes: number; files: number }
    /** What was declared, by the token of its link. */
    readonly promised: Map<string, NewUpload>
    /** Awaited before an upload is answered. */
    gate: Promise<void>
  }
  readonly tenants: TenantFacts
  /** Whether who signs in is of another tenant than the platform's. */
  isOtherTenant: boolean
  readonly archives: { archives: Archive[]; tables: ArchivableTable[] }
  /** Requests by path, as `GET /api/...`. */
  readonly requests: string[]
  /** Answers of these paths are problems of status 503. */
  readonly failing: Set<string>
  readonly emit: (event: CloudStreamEvent) => void
  readonly listen: (listener: (event: CloudStreamEvent) => void) => () => void
}

export const passwordOfAll = 'correct horse battery'

export function createWorld(nowMs: number): FixtureWorld {
  const listeners = new Set<(event: CloudStreamEvent) => void>()
  const shiftMs = nowMs - Date.parse('2026-11-21T09:00:00.000Z')
  const moved = <Value>(value: Value): Value => moveInstants(value, shiftMs)
  return {
    users: new Map(
      (['admin', 'manager', 'viewer'] as const).map((role) => [
        role,
        { user: { ...user(role), login: role }, password: passwordOfAll },
      ]),
    ),
    madeUp: new Set(),
    tokensFromMs: 0,
    edges: moved([
      edge(1, { name: 'ulsan-press', open_alarms: 1 }),
      edge(2, { name: 'ulsan-assembly' }),
      edge(3, { name: 'gumi-paint', state: 'silent', seen_at: '2026-11-21T08:49:20.000Z', pending_items: 1 }),
    ]),
    lines: moved(plantLines(Date.parse('2026-11-21T09:00:00.000Z'))).map((line) => ({
      ...line,
      edge_name:
        {
          '00000000-0000-7000-8000-000000000001': 'ulsan-press',
          '00000000-0000-7000-8000-000000000002': 'ulsan-assembly',
          '00000000-0000-7000-8000-000000000003': 'gumi-paint',
        }[line.edge_id] ?? line.edge_id,
    })),
    rules: moved([rule(pressTemperature, [1, 2, 3]), rule(defectRatio, [1, 2])]).map((made) => ({
      ...made,
      deployments: made.deployments.map((deployment) => ({
        ...deployment,
        edge_name:
          {
            '00000000-0000-7000-8000-000000000001': 'ulsan-press',
            '00000000-0000-7000-8000-000000000002': 'ulsan-assembly',
            '00000000-0000-7000-8000-000000000003': 'gumi-paint',
          }[deployment.edge_id] ?? deployment.edge_id,
        // The silent edge has not heard of the newest version.
        ...(deployment.edge_id === '00000000-0000-7000-8000-000000000003'
          ? { reported_version: deployment.desired_version - 1 }
          : {}),
      })),
    })),
    judgments: moved(Array.from({ length: 240 }, (_, index) => judgment(2_310 - index, { edge_name: 'ulsan-press' }))),
    audit: moved(
      [
        ['rule.deployed', 'press-temperature', { edges: 3, version: 4 }],
        ['rule.saved', 'press-temperature', { version: 4, based_on_version: 3 }],
        ['edge.enrolled', '00000000-0000-7000-8000-000000000003', { site: 'gumi' }],
        ['session.started', 'admin', { address: '10.2.0.14' }],
      ].map(([action, subject, detail], index) => ({
        id: `audit-${index}`,
        at: new Date(Date.parse('2026-11-21T08:55:00.000Z') - index * 420_000).toISOString(),
        actor: index === 2 ? 'lee' : 'admin',
        action: action as string,
        subject: subject as string,
        detail: detail as Record<string, unknown>,
      })),
    ),
    auditChain: moved({
      position: 4,
      sealed_at: '2026-11-21T08:55:02.000Z',
      unsealed: 0,
      checkpoint: { at: '2026-11-21T08:55:02.000Z', position: 4 },
      verification: { at: '2026-11-21T08:30:00.000Z', position: 3, findings: [] },
      key_id: 'kX2vFb0mJ1yR',
      public_key: 'A'.repeat(43),
    }),
    deadEvents: [],
    jobs: [],
    timeZone: 'Asia/Seoul',
    jobKinds: [],
    sites,
    fleet: createFleetFacts(),
    storage: {
      files: [],
      quota: { bytes: 500 * 1000 ** 3, files: 100_000 },
      promised: new Map(),
      gate: Promise.resolve(),
    },
    tenants: oneDatabase(),
    isOtherTenant: false,
    archives: { archives: [], tables: [] },
    requests: [],
    failing: new Set(),
    emit: (event) => {
      for (const listener of listeners) listener(event)
    },
    listen: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

/** Every instant of a value, text or epoch milliseconds named `_ms`, so much later. */
function moveInstants<Value>(value: Value, byMs: number): Value {
  if (typeof value === 'string') {
    return (
      /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? new Date(Date.parse(value) + byMs).toISOString() : value
    ) as Value
  }
  if (Array.isArray(value)) return value.map((item: unknown) => moveInstants(item, byMs)) as Value
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      name.endsWith('_ms') && typeof item === 'number' ? item + byMs : moveInstants(item as unknown, byMs),
    ]),
  ) as Value
}

export function emptyWorld(nowMs: number): FixtureWorld {
  return {
    ...createWorld(nowMs),
    edges: [],
    lines: [],
    rules: [],
    judgments: [],
    audit: [],
    sites: [] as unknown as typeof sites,
  }
}

/** Saves as the cloud does: a version more, where it was made from the newest. */
export function putRule(
  world: FixtureWorld,
  definition: Omit<RuleDefinition, 'version'>,
  basedOn: number,
  who: string,
  nowMs: number,
): CloudRule | null {
  const present = world.rules.find((other) => other.definition.id === definition.id)
  if ((present?.definition.version ?? 0) !== basedOn) return null
  const saved: CloudRule = {
    ...(present ?? { deployments: [], deployment_counts: { total: 0, applied: 0, waiting: 0, failed: 0 } }),
    definition: { ...definition, version: basedOn + 1 },
    hash: String(basedOn + 1)
      .repeat(64)
      .slice(0, 64),
    changed_at: new Date(nowMs).toISOString(),
    changed_by: who,
  }
  world.rules = [...world.rules.filter((other) => other !== present), saved]
  return saved
}

/** Wishes the newest version of a rule at these edges. */
export function wishRule(world: FixtureWorld, id: string, edgeIds: readonly string[]): CloudRule | null {
  const present = world.rules.find((other) => other.definition.id === id)
  if (present === undefined) return null
  const wished = edgeIds.map((edgeId) => {
    const before = present.deployments.find((deployment) => deployment.edge_id === edgeId)
    return {
      reported_version: null,
      reported_state: null,
      problem: null,
      ...before,
      edge_id: edgeId,
      edge_name: world.edges.find((other) => other.id === edgeId)?.name ?? edgeId,
      desired_version: present.definition.version,
    }
  })
  const changed = {
    ...present,
    deployments: [...present.deployments.filter(({ edge_id: edgeId }) => !edgeIds.includes(edgeId)), ...wished],
  }
  world.rules = world.rules.map((other) => (other === present ? changed : other))
  return changed
}

/** An edge reports that it has put the desired version in force, or why not. */
export function report(
  world: FixtureWorld,
  edgeId: string,
  ruleId: string,
  state: 'applied' | 'refused' = 'applied',
  problem: string | null = null,
): void {
  world.rules = world.rules.map((rules) =>
    rules.definition.id !== ruleId
      ? rules
      : {
          ...rules,
          deployments: rules.deployments.map((deployment) =>
            deployment.edge_id === edgeId
              ? { ...deployment, reported_version: deployment.desired_version, reported_state: state, problem }
              : deployment,
          ),
        },
  )
  const version = world.rules.find(({ definition }) => definition.id === ruleId)?.definition.version ?? 1
  world.emit({ event: 'deployment', data: { edge_id: edgeId, kind: 'rule', key: ruleId, version, state } })
}

/** A judgment is made at the press line. */
export function judge(world: FixtureWorld, made: Execution): void {
  world.judgments = [made, ...world.judgments]
  world.emit({ event: 'judgment', data: made })
}

export function raise(world: FixtureWorld, edgeId: string, alarm: BoardAlarm): void {
  world.lines = world.lines.map((line) =>
    line.edge_id === edgeId && line.code === alarm.line
      ? {
          ...line,
          alarms: [...line.alarms.filter(({ id }) => id !== alarm.id), ...(alarm.state === 'cleared' ? [] : [alarm])],
        }
      : line,
  )
  world.emit({ event: 'alarm', data: { ...alarm, edge_id: edgeId } })
}
