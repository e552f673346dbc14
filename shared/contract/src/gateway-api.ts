import { z } from 'zod'
import { auditChainSchema, executionSchema } from './cloud-api.ts'
import { userSchema } from './edge-api.ts'
import { instantSchema, pageQuerySchema } from './paging.ts'

/** The fleet in figures; edges that were revoked are in none but their own. */
export const fleetStateSchema = z.object({
  online: z.number().int(),
  silent: z.number().int(),
  revoked: z.number().int(),
  /** Names of those that have been silent longest, at most ten. */
  silent_names: z.array(z.string()).max(10),
  open_alarms: z.number().int(),
  open_troubles: z.number().int(),
  pending_items: z.number().int(),
})
export type FleetState = z.infer<typeof fleetStateSchema>

export const dashboardParts = ['judgments', 'bi_widgets', 'active_workflows', 'fleet', 'audit'] as const
export type DashboardPart = (typeof dashboardParts)[number]

/** Why a part did not come: its module is not in this release, gave no answer, took longer than its limit, may not be seen by the caller, or failed. */
export const absenceReasons = ['not_installed', 'down', 'slow', 'not_permitted', 'failed'] as const
export type AbsenceReason = (typeof absenceReasons)[number]

export const unavailablePartSchema = z.object({
  part: z.enum(dashboardParts),
  module: z.string(),
  reason: z.enum(absenceReasons),
  /** What to do, in the language of the request. */
  sentence: z.string(),
})
export type UnavailablePart = z.infer<typeof unavailablePartSchema>

/** What modules of a later release will show; nothing is promised of it yet. */
const laterSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))

/** A part that did not come is null and named in `unavailable`; an empty list means that there is nothing. */
export const dashboardSchema = z.object({
  judgments: z.array(executionSchema).nullable(),
  bi_widgets: z.array(laterSchema).nullable(),
  active_workflows: z.array(laterSchema).nullable(),
  fleet: fleetStateSchema.nullable(),
  /** How far the audit log is sealed and verified, for those who may read it. */
  audit: auditChainSchema.nullable(),
  unavailable: z.array(unavailablePartSchema),
})
export type Dashboard = z.infer<typeof dashboardSchema>

/** For browsers: all of it, who is looking, and a sentence to put on top. */
export const webDashboardSchema = dashboardSchema.extend({
  /** Null when the module of identity did not answer in time. */
  viewer: userSchema.nullable(),
  headline: z.string(),
})
export type WebDashboard = z.infer<typeof webDashboardSchema>
export const webJudgmentSchema = executionSchema.extend({ sentence: z.string() })

/** For telephones: a tenth of the bytes. */
export const mobileJudgmentSchema = z.object({
  id: z.string(),
  at: instantSchema,
  status: z.string(),
  normal: z.boolean(),
  sentence: z.string(),
})
export type MobileJudgment = z.infer<typeof mobileJudgmentSchema>
export const mobileDashboardSchema = z.object({
  headline: z.string(),
  /** Null: not known now. */
  open_alarms: z.number().int().nullable(),
  edges_silent: z.number().int().nullable(),
  /** Abnormal ones first come from the newest twenty. */
  judgments: z.array(mobileJudgmentSchema).nullable(),
  unavailable: z.array(z.object({ part: z.enum(dashboardParts), sentence: z.string() })),
})
export type MobileDashboard = z.infer<typeof mobileDashboardSchema>

/** Bounds that Slack sets for a message: it refuses one that passes them as a whole. */
export const slackLimits = { blocksMax: 50, headerLettersMax: 150, sectionLettersMax: 3_000 } as const
const plainText = z.object({ type: z.literal('plain_text'), text: z.string().min(1).max(slackLimits.headerLettersMax) })
const markdown = z.object({ type: z.literal('mrkdwn'), text: z.string().min(1).max(slackLimits.sectionLettersMax) })
export const slackBlockSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('header'), text: plainText }),
  z.object({ type: z.literal('section'), text: markdown }),
  z.object({ type: z.literal('context'), elements: z.array(markdown).min(1).max(10) }),
  z.object({ type: z.literal('divider') }),
])
export type SlackBlock = z.infer<typeof slackBlockSchema>
/** To be posted as it is; `text` is what a notification shows, and what is read aloud. */
export const slackMessageSchema = z.object({
  text: z.string().min(1).max(slackLimits.sectionLettersMax),
  blocks: z.array(slackBlockSchema).min(1).max(slackLimits.blocksMax),
})
export type SlackMessage = z.infer<typeof slackMessageSchema>

/** A telephone shows eight rows, a message is read at a glance: more is what the pages are for. */
export const shortPageQuerySchema = pageQuerySchema.extend({
  limit: z.coerce.number().int().min(1).max(20).default(10),
})
