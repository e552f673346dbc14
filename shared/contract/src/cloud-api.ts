import {
  commandResultSchema,
  commandSchema,
  commandStates,
  dropReasons,
  judgmentSchema,
  localTextSchema,
  methodSchema,
  reportedItemSchema,
  ruleDefinitionSchema,
} from '@jidoka/domain'
import type { Permission } from '@jidoka/domain'
import { z } from 'zod'
import { boardAlarmSchema, boardTagSchema, boardVerdictSchema, userSchema } from './edge-api.ts'
import { jobNewsSchema } from './jobs-api.ts'
import { instantSchema, pageQuerySchema } from './paging.ts'

/** Answer of login and refresh; the refresh token is an HTTP-only cookie. Access lives 15 minutes, refresh 7 days. */
export const sessionSchema = z.object({
  access_token: z.string(),
  expires_at: instantSchema,
  tenant_id: z.string(),
  user: userSchema,
  /** Somebody else has seen the password: it was made up and shown, or set for this person. */
  password_made_up: z.boolean(),
})
export type CloudSession = z.infer<typeof sessionSchema>

export const siteSchema = z.object({ id: z.string(), code: z.string(), name: localTextSchema, time_zone: z.string() })

export const newEnrolmentSchema = z.strictObject({
  site_code: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/),
  /** Minutes until the token dies unused. */
  valid_min: z.number().int().min(1).max(10_080).default(60),
})
/** The token is shown once and kept as a hash only. */
export const enrolmentSchema = z.object({ token: z.string(), site_code: z.string(), expires_at: instantSchema })

export const laneCursorSchema = z.object({
  lane: z.enum(['records', 'readings']),
  epoch: z.string(),
  received_seq: z.number().int(),
  rows_total: z.number().int(),
  digest: z.string(),
  received_at: instantSchema.nullable(),
})

const laneWaitingSchema = z.object({
  rows: z.number().int(),
  /** Age of the oldest when it was told; null where none waited, or the edge did not know. */
  oldest_ms: z.number().int().nullable(),
})

/** What an edge holds and the cloud has not, as it said with its last batch. */
export const edgeWaitingSchema = z.object({
  told_at: instantSchema,
  records: laneWaitingSchema,
  readings: laneWaitingSchema,
})
export type EdgeWaiting = z.infer<typeof edgeWaitingSchema>

export const edgeSummarySchema = z.object({
  id: z.string(),
  name: z.string(),
  site: siteSchema,
  state: z.enum(['online', 'silent', 'revoked']),
  /** When it was last heard. */
  seen_at: instantSchema.nullable(),
  enrolled_at: instantSchema,
  program_version: z.string(),
  lanes: z.array(laneCursorSchema),
  open_alarms: z.number().int(),
  /** Items whose reported version is not the desired one. */
  pending_items: z.number().int(),
  /** Where it, or a copy of it, holds other rows than the cloud, until somebody settles it. */
  open_troubles: z.number().int(),
  /** Null of an edge that has not said it yet: its protocol is older than 1.3. */
  waiting: edgeWaitingSchema.nullable(),
})
export type EdgeSummary = z.infer<typeof edgeSummarySchema>

/** Desired and reported of one item, side by side. */
export const deploymentSchema = z.object({
  kind: z.string(),
  key: z.string(),
  desired_version: z.number().int().nullable(),
  desired_at: instantSchema.nullable(),
  reported: reportedItemSchema.nullable(),
  reported_at: instantSchema.nullable(),
})
const pointSchema = z.object({ seq: z.number().int(), count: z.number().int(), digest: z.string() })

/** Two histories of one epoch of an edge: it was copied, or restored from an image. */
export const edgeTroubleSchema = z.object({
  id: z.string(),
  kind: z.enum(['diverged', 'ahead']),
  lane: z.enum(['records', 'readings']),
  epoch: z.string(),
  /** Up to which number the two were compared. */
  seq: z.number().int(),
  held: pointSchema,
  ours: pointSchema,
  /** Who found it. */
  told_by: z.enum(['cloud', 'edge']),
  since: instantSchema,
  last_at: instantSchema,
  /** How often it was told. */
  times: z.number().int(),
  settled: z.object({ at: instantSchema, by: z.string(), reason: z.string() }).nullable(),
})
export type EdgeTrouble = z.infer<typeof edgeTroubleSchema>
export const settleTroublesSchema = z.strictObject({ reason: z.string().trim().min(1).max(500) })
export const settledTroublesSchema = z.object({ settled: z.number().int() })

/** How fast a lane comes in. */
export const laneProgressSchema = z.object({
  lane: z.enum(['records', 'readings']),
  /** First number of the lane in its epoch. */
  start_seq: z.number().int(),
  /** Over the last minute; null when nothing or only one batch came in it. */
  rows_per_s: z.number().nullable(),
})

export const edgeDetailSchema = edgeSummarySchema.extend({
  items: z.array(deploymentSchema),
  progress: z.array(laneProgressSchema),
  /** Those that stand first, then the last that were settled. */
  troubles: z.array(edgeTroubleSchema),
})
export type EdgeDetail = z.infer<typeof edgeDetailSchema>

/** An outage of the line as its edge told it. `drained_at`, `dropped` and `receipted` are null of one that is not drained yet, and of edges from before protocol 1.2. */
export const edgeOutageSchema = z.object({
  from: instantSchema,
  to: instantSchema.nullable(),
  cause: z.string(),
  rows_waiting: z.number().int(),
  drained_at: instantSchema.nullable(),
  dropped: z.partialRecord(z.enum(dropReasons), z.number().int()).nullable(),
  receipted: z.object({ records: z.number().int(), readings: z.number().int() }).nullable(),
})
export type EdgeOutage = z.infer<typeof edgeOutageSchema>

/** A command to an edge. `id` is made by who sends it: the same again is the same command. */
export const newCommandSchema = z.strictObject({
  id: z.uuid(),
  what: commandSchema.shape.what,
  /** An edge that hears of it later does nothing. A week: edges come back from long outages. */
  valid_min: z.number().int().min(1).max(10_080).default(60),
})
export const edgeCommandSchema = z.object({
  id: z.string(),
  what: commandSchema.shape.what,
  issued_by: z.string(),
  issued_at: instantSchema,
  expires_at: instantSchema,
  /** `waiting`: the edge has not heard of it. */
  state: z.enum(['waiting', ...commandStates, 'refused']),
  problem: z.string().nullable(),
  result: commandResultSchema.nullable(),
  reported_at: instantSchema.nullable(),
  /** What it made, to be fetched for 30 days. */
  bundle: z.object({ bytes: z.number().int(), received_at: instantSchema }).nullable(),
})
export type EdgeCommand = z.infer<typeof edgeCommandSchema>

export const putDesiredSchema = z.strictObject({ body: z.record(z.string(), z.unknown()) })

/** A line as the cloud knows it: what its edge last sent. */
export const cloudLineSchema = z.object({
  edge_id: z.string(),
  edge_name: z.string(),
  site: siteSchema,
  code: z.string(),
  name: localTextSchema,
  verdicts: z.array(boardVerdictSchema),
  alarms: z.array(boardAlarmSchema),
  /** Verdicts and alarms that stand here besides: those that are listed are the most urgent, as an edge may send any number. */
  verdicts_more: z.number().int(),
  alarms_more: z.number().int(),
  tags: z.array(boardTagSchema),
  /** Age of what is shown: when the edge last sent something of this line. */
  heard_at: instantSchema.nullable(),
})
export type CloudLine = z.infer<typeof cloudLineSchema>

export const cloudRuleSchema = z.object({
  definition: ruleDefinitionSchema,
  hash: z.string(),
  changed_at: instantSchema,
  changed_by: z.string(),
  /** At how many edges it is desired, and what those say of that version: nothing yet, that it is in force, or that it cannot be. */
  deployment_counts: z.object({
    total: z.number().int(),
    applied: z.number().int(),
    waiting: z.number().int(),
    failed: z.number().int(),
  }),
  /** Where it is desired and what the edges say, by their names: of one rule the first 1,000, in a list the first 20 of each. */
  deployments: z.array(
    z.object({
      edge_id: z.string(),
      edge_name: z.string(),
      desired_version: z.number().int(),
      reported_version: z.number().int().nullable(),
      reported_state: z.string().nullable(),
      problem: z.string().nullable(),
    }),
  ),
})
export type CloudRule = z.infer<typeof cloudRuleSchema>
/** A rule as it is sent in: the cloud gives the version. `based_on_version` guards against writing over a colleague's change; 0 for a new rule. */
export const putRuleSchema = z.strictObject({
  definition: ruleDefinitionSchema.omit({ version: true }),
  based_on_version: z.number().int().min(0),
})
export const deployRuleSchema = z.strictObject({ edge_ids: z.array(z.uuid()).min(1).max(1_000) })

/** Reference: judge one input with a workflow's rules. */
export const executeRequestSchema = z.strictObject({
  workflow_id: z.string().min(1).max(64),
  input: z.record(z.string().max(48), z.union([z.number(), z.boolean(), z.string().max(1_024)])),
})
export const executeAnswerSchema = z.object({
  execution_id: z.string(),
  status: z.string(),
  confidence: z.number(),
  explanation: z.string().nullable(),
  method_used: methodSchema,
})

export const recentQuerySchema = pageQuerySchema.extend({
  edge_id: z.string().max(64).optional(),
  line: z.string().max(48).optional(),
  rule_id: z.string().max(63).optional(),
  status: z.string().max(32).optional(),
  abnormal: z.enum(['true', 'false']).optional(),
  from: instantSchema.optional(),
  to: instantSchema.optional(),
})
/** A judgment as kept: made at an edge, or here by `execute` (then `edge_id` is null). */
export const executionSchema = judgmentSchema.omit({ id: true, judged_at_ms: true }).extend({
  execution_id: z.string(),
  workflow_id: z.string(),
  edge_id: z.string().nullable(),
  edge_name: z.string().nullable(),
  executed_at: instantSchema,
  received_at: instantSchema,
})
export type Execution = z.infer<typeof executionSchema>

export const auditEntrySchema = z.object({
  id: z.string(),
  at: instantSchema,
  actor: z.string(),
  action: z.string(),
  subject: z.string(),
  detail: z.record(z.string(), z.unknown()),
})

const auditWordSchema = z.string().min(1).max(200).optional()
/** `action` finds `rule.save`, or all of `rule`. */
export const auditQuerySchema = pageQuerySchema.extend({
  actor: auditWordSchema,
  action: auditWordSchema,
  subject: auditWordSchema,
  from: instantSchema.optional(),
  to: instantSchema.optional(),
})
export type AuditQuery = z.infer<typeof auditQuerySchema>

/** How far a tenant's log is sealed, signed and verified. */
export const auditChainSchema = z.object({
  /** Entries that have a link. */
  position: z.number().int(),
  sealed_at: instantSchema.nullable(),
  /** Entries of the last seconds, which have none yet. */
  unsealed: z.number().int(),
  checkpoint: z.object({ at: instantSchema, position: z.number().int() }).nullable(),
  /** The last one; no findings: the log is what was written. */
  verification: z
    .object({
      at: instantSchema,
      position: z.number().int(),
      findings: z.array(z.object({ kind: z.string(), text: z.string() })),
    })
    .nullable(),
  key_id: z.string(),
  public_key: z.string(),
})
export type AuditChainStatus = z.infer<typeof auditChainSchema>

/** Server-sent events of the cloud for one tenant; on `reset` or reconnection the client fetches again. */
export const cloudStreamEvents = {
  judgment: executionSchema,
  alarm: boardAlarmSchema.extend({ edge_id: z.string() }),
  /** An edge sent readings or was heard: which of its lines have news. */
  edge: z.object({ edge_id: z.string(), lines: z.array(z.string()), seen_at: instantSchema }),
  deployment: z.object({
    edge_id: z.string(),
    kind: z.string(),
    key: z.string(),
    version: z.number().int(),
    state: z.string(),
  }),
  /** Somebody holds other rows than the cloud; or, `open` false, a person has settled all of an edge. */
  trouble: z.object({
    edge_id: z.string(),
    lane: z.enum(['records', 'readings']).nullable(),
    kind: z.enum(['diverged', 'ahead']).nullable(),
    open: z.boolean(),
  }),
  /** A job has come on: what of it is seen in a list. */
  job: jobNewsSchema,
  reset: z.object({ reason: z.enum(['slow_client']) }),
} as const
export type CloudStreamEvent = {
  [Name in keyof typeof cloudStreamEvents]: { event: Name; data: z.infer<(typeof cloudStreamEvents)[Name]> }
}[keyof typeof cloudStreamEvents]

/** What somebody must be allowed to be told of it: the same as to read it from its route. */
export const cloudStreamPermissions = {
  judgment: 'judgment:read',
  alarm: 'alarm:read',
  edge: 'board:read',
  deployment: 'fleet:read',
  trouble: 'fleet:read',
  job: 'job:read',
  reset: 'board:read',
} as const satisfies Record<CloudStreamEvent['event'], Permission>
