import {
  alarmPrioritySchema,
  alarmStateSchema,
  commandResultSchema,
  commandStates,
  judgmentSchema,
  localeSchema,
  localTextSchema,
  loginSchema,
  methodSchema,
  passwordSchema,
  qualitySchema,
  roleSchema,
  ruleDefinitionSchema,
  tagKeySchema,
  tagLimitsSchema,
  valueKindSchema,
} from '@jidoka/domain'
import { z } from 'zod'
import { instantSchema, pageQuerySchema, pageSizeMax } from './paging.ts'

export const loginRequestSchema = z.strictObject({ login: loginSchema, password: z.string().min(1).max(256) })
export const changePasswordSchema = z.strictObject({ current: z.string().min(1).max(256), next: passwordSchema })
/** Who is signed in. The same on both tiers. */
export const userSchema = z.object({
  login: z.string(),
  name: z.string(),
  role: roleSchema,
  /** Null where the account has said nothing: then the browser's language. */
  locale: localeSchema.nullable(),
  permissions: z.array(z.string()),
})
export type User = z.infer<typeof userSchema>

const value = z.union([z.number(), z.boolean(), z.string()])

/** A tag's last value; null before the first. */
export const tagValueSchema = z.object({
  key: z.string(),
  value: value.nullable(),
  quality: qualitySchema,
  at: instantSchema.nullable(),
})
export type TagValue = z.infer<typeof tagValueSchema>

export const boardTagSchema = tagValueSchema.extend({
  line: z.string(),
  equipment: z.string().nullable(),
  sensor: z.string(),
  name: localTextSchema,
  kind: valueKindSchema,
  unit: z.string(),
  decimals: z.number().int(),
  stale_after_s: z.number(),
  limits: tagLimitsSchema,
  /** False while the tag waits for adoption into the catalogue. */
  adopted: z.boolean(),
  /** The last values, oldest first, at most 60, for the sparkline; empty for what is not a number. */
  recent: z.array(z.number()),
})
export type BoardTag = z.infer<typeof boardTagSchema>

/** The standing verdict of one rule at one subject. */
export const boardVerdictSchema = z.object({
  rule_id: z.string(),
  rule_name: localTextSchema,
  rule_version: z.number().int(),
  subject: z.string(),
  line: z.string(),
  equipment: z.string().nullable(),
  status: z.string(),
  normal: z.boolean(),
  confidence: z.number(),
  explanation: z.string().nullable(),
  judgment_id: z.string(),
  since: instantSchema,
})
export type BoardVerdict = z.infer<typeof boardVerdictSchema>

export const boardAlarmSchema = z.object({
  id: z.string(),
  rule_id: z.string(),
  rule_name: localTextSchema,
  subject: z.string(),
  line: z.string(),
  equipment: z.string().nullable(),
  priority: alarmPrioritySchema,
  state: alarmStateSchema,
  status: z.string(),
  explanation: z.string().nullable(),
  judgment_id: z.string(),
  raised_at: instantSchema,
  returned_at: instantSchema.nullable(),
  acknowledged_at: instantSchema.nullable(),
  acknowledged_by: z.string().nullable(),
})
export type BoardAlarm = z.infer<typeof boardAlarmSchema>

export const laneStateSchema = z.object({
  lane: z.enum(['records', 'readings']),
  /** Highest sequence number of the journal, and up to which the cloud has given a receipt. */
  stored_seq: z.number().int(),
  receipted_seq: z.number().int(),
  waiting_rows: z.number().int(),
})

/** What the offline banner and the sync page show. */
export const lineToCloudSchema = z.object({
  state: z.enum(['not_enrolled', 'connecting', 'online', 'offline']),
  /** Since when it is in this state. */
  since: instantSchema,
  /** The last failure in a sentence; null when online. */
  problem: z.string().nullable(),
  lanes: z.array(laneStateSchema),
  last_receipt: z
    .object({
      lane: z.enum(['records', 'readings']),
      up_to_seq: z.number().int(),
      digest: z.string(),
      received_at: instantSchema,
      key_id: z.string(),
    })
    .nullable(),
  disk: z.object({
    free_bytes: z.number(),
    used_bytes: z.number(),
    /** The disk horizon: days until the first row must be dropped, at the rate of the last hour; null while nothing is written or nothing is known yet, 36,500 where what comes of age makes room for what comes. */
    horizon_days: z.number().nullable(),
    /** The same at the rate of the last day, which shifts and breaks do not swing. */
    horizon_days_at_day_rate: z.number().nullable(),
    /** Why nothing is stored at present, in a sentence; null while all is well. */
    problem: z.string().nullable(),
    /** The same for programs and translations; null while all is well. */
    problem_kind: z.enum(['full', 'input_output', 'damaged', 'other']).nullable(),
  }),
})
export type LineToCloud = z.infer<typeof lineToCloudSchema>

/** Everything that the board needs, in one answer. */
export const boardSchema = z.object({
  now: instantSchema,
  edge: z.object({ id: z.string().nullable(), name: z.string(), tenant_id: z.string(), version: z.string() }),
  site: z.object({ name: localTextSchema, time_zone: z.string() }),
  lines: z.array(
    z.object({
      code: z.string(),
      area: z.string().nullable(),
      name: localTextSchema,
      /** The last facts of the MES; null where there was none yet. */
      order: z.string().nullable(),
      lot: z.string().nullable(),
      product: z.string().nullable(),
      shift: z.string().nullable(),
      production_count: z.number().int().nullable(),
      defect_count: z.number().int().nullable(),
    }),
  ),
  tags: z.array(boardTagSchema),
  verdicts: z.array(boardVerdictSchema),
  /** Every alarm that has not ended. */
  alarms: z.array(boardAlarmSchema),
  line_to_cloud: lineToCloudSchema,
})
export type Board = z.infer<typeof boardSchema>
export type BoardLine = Board['lines'][number]

export const historyQuerySchema = z.object({
  key: z.string().max(150),
  from: instantSchema,
  to: instantSchema,
  /** Points wanted; the least, the greatest and the last of each stretch are kept. */
  points: z.coerce.number().int().min(2).max(5_000).default(1_000),
})
/** Points of a tag: instant in epoch milliseconds and value, oldest first. Two flat arrays: a day has 86,400 of them. */
export const historySchema = z.object({
  key: z.string(),
  unit: z.string(),
  times_ms: z.array(z.number()),
  values: z.array(z.number()),
  /** Readings that the points stand for. */
  readings_count: z.number().int(),
})
export type History = z.infer<typeof historySchema>

export const judgmentsQuerySchema = pageQuerySchema.extend({
  line: z.string().max(48).optional(),
  rule_id: z.string().max(63).optional(),
  status: z.string().max(32).optional(),
  abnormal: z.enum(['true', 'false']).optional(),
  from: instantSchema.optional(),
  to: instantSchema.optional(),
})
export const judgmentViewSchema = judgmentSchema
  .omit({ judged_at_ms: true })
  .extend({ judged_at: instantSchema, method_used: methodSchema })
export type JudgmentView = z.infer<typeof judgmentViewSchema>

export const edgeRuleSchema = z.object({
  definition: ruleDefinitionSchema,
  hash: z.string(),
  fast_path: z.boolean(),
  state: z.enum(['in_force', 'quarantined', 'disabled']),
  /** Since when it is in this state and version; null where the journal does not tell any more. */
  since: instantSchema.nullable(),
  problem: z.string().nullable(),
  /** Of a rule that was taken out since it failed: how often in a row, and its last error with its place; null otherwise. */
  failure: z
    .object({
      times: z.number().int(),
      error: z.string(),
      /** Where in the script; null where the error has no place. */
      place: z.object({ line: z.number().int(), column: z.number().int() }).nullable(),
    })
    .nullable(),
  verdicts_total: z.number().int(),
})

export const tryRuleRequestSchema = z.strictObject({
  definition: ruleDefinitionSchema,
  input: z.record(z.string().max(48), z.union([z.number(), z.boolean(), z.string().max(1_024)])).optional(),
})
/** What a rule says: to the input given, and to each of its examples. */
export const tryRuleAnswerSchema = z.object({
  hash: z.string(),
  fast_path: z.boolean(),
  verdict: z.object({ status: z.string(), confidence: z.number(), explanation: z.string().nullable() }).nullable(),
  examples: z.array(
    z.object({ expected: z.string(), got: z.string(), passed: z.boolean(), problem: z.string().nullable() }),
  ),
})

export const outageSchema = z.object({
  from: instantSchema,
  to: instantSchema.nullable(),
  cause: z.string(),
  rows_waiting: z.number().int(),
  /** When everything that waited at its end was receipted; null until then, absent of ledgers that do not know. */
  drained: instantSchema.nullable().optional(),
  /** Rows that were dropped of what waited, by reason. */
  dropped: z.record(z.string(), z.number().int()).optional(),
  /** Highest number of each lane that was receipted when it was drained. */
  receipted: z.object({ records: z.number().int(), readings: z.number().int() }).nullable().optional(),
})

export const deadLetterSchema = z.object({
  at: instantSchema,
  source: z.string(),
  topic: z.string(),
  reason: z.enum([
    'not_json',
    'wrong_type',
    'not_finite',
    'too_large',
    'time_too_far',
    'bad_topic',
    'wrong_tenant',
    'unit_mismatch',
    'kind_mismatch',
    'too_many_tags',
  ]),
  detail: z.string(),
  /** The first 200 characters. */
  sample: z.string(),
})
export type DeadLetter = z.infer<typeof deadLetterSchema>

/** A command of the cloud on its appliance. `name` is open: what an older or newer program has stored must be listed too. */
export const heldCommandSchema = z.object({
  id: z.string(),
  name: z.string(),
  issued_by: z.string(),
  issued_at: instantSchema,
  expires_at: instantSchema,
  state: z.enum(commandStates),
  problem: z.string().nullable(),
  result: commandResultSchema.nullable(),
  changed_at: instantSchema,
})
export type HeldCommand = z.infer<typeof heldCommandSchema>

/** Content type of a support bundle: a gzipped tar archive. */
export const supportBundleMediaType = 'application/gzip'

export const tagsQuerySchema = z.object({
  /** `false`: the discovered ones that wait for adoption. */
  adopted: z.enum(['true', 'false']).optional(),
  cursor: pageQuerySchema.shape.cursor,
  /** None: all of them in one answer. */
  limit: z.coerce.number().int().min(1).max(pageSizeMax).optional(),
})
export const edgeTagSchema = boardTagSchema.omit({ recent: true }).extend({
  tag_no: z.number().int(),
  /** Adopted on the appliance; false also where the cloud's catalogue names the tag. */
  adopted_here: z.boolean(),
})
export type EdgeTag = z.infer<typeof edgeTagSchema>
export const edgeTagsSchema = z.array(edgeTagSchema)

/** What people say of a discovered tag. Its kind is known from its readings. */
export const adoptTagRequestSchema = z.strictObject({
  key: tagKeySchema,
  name: localTextSchema,
  unit: z.string().max(16),
  decimals: z.number().int().min(0).max(6),
  stale_after_s: z.number().positive().max(86_400).default(30),
  limits: tagLimitsSchema
    .refine((limits) => {
      const given = [limits.low_low, limits.low, limits.high, limits.high_high].filter((limit) => limit !== undefined)
      return given.every((limit, index) => index === 0 || limit > (given[index - 1] as number))
    }, 'limits must rise from "low_low" over "low" and "high" to "high_high"')
    .default({}),
})
export type AdoptTagRequest = z.input<typeof adoptTagRequestSchema>
export const withdrawTagQuerySchema = z.object({ key: tagKeySchema })
