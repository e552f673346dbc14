import { z } from 'zod'
import { commandResultSchema, commandSchema, commandStates } from './command.ts'
import { ruleDefinitionSchema, ruleIdSchema } from './rule.ts'
import { catalogueEntrySchema, localTextSchema, tagKeySchema, tagLimitsSchema } from './tag.ts'
import { localeSchema, loginSchema, roleSchema } from './user.ts'

export const siteDescriptionSchema = z.strictObject({
  name: localTextSchema,
  /** IANA zone: dates on the site's screens and its shifts. */
  time_zone: z.string().min(1).max(64),
  lines: z
    .array(z.strictObject({ code: z.string().max(48), area: z.string().max(48), name: localTextSchema }))
    .max(1_000)
    .default([]),
})
export type SiteDescription = z.infer<typeof siteDescriptionSchema>

/** Limits of tags that are changed more often than the catalogue, by other people; they stand in the place of the catalogue's. */
export const thresholdsSchema = z.strictObject({
  tags: z.array(z.strictObject({ key: tagKeySchema, limits: tagLimitsSchema })).max(10_000),
})
export type Thresholds = z.infer<typeof thresholdsSchema>

const days = z.number().min(1).max(36_500).optional()
/** How an edge keeps and sends, where its own configuration does not say so: what an OT admin set on the machine stands. */
export const policySchema = z.strictObject({
  retention: z
    .strictObject({
      readings_days: days,
      verdicts_days: days,
      events_days: days,
      abnormal_days: days,
      alarms_days: days,
      reports_days: days,
      audit_days: days,
    })
    .default({}),
})
export type Policy = z.infer<typeof policySchema>

export const desiredKinds = ['rule', 'tag_catalogue', 'site', 'user', 'thresholds', 'policy', 'command'] as const

/**
 * What an edge shall be: one row of `fleet.desired` an item. `kind` and `key` name the item, `version` grows with every
 * change of it; a deleted row takes the item back.
 */
export const desiredItemSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('rule'),
    key: ruleIdSchema,
    version: z.number().int().positive(),
    body: ruleDefinitionSchema,
  }),
  z.strictObject({
    kind: z.literal('tag_catalogue'),
    key: z.literal('tags'),
    version: z.number().int().positive(),
    body: z.strictObject({ tags: z.array(catalogueEntrySchema).max(10_000) }),
  }),
  z.strictObject({
    kind: z.literal('site'),
    key: z.literal('site'),
    version: z.number().int().positive(),
    body: siteDescriptionSchema,
  }),
  z.strictObject({
    kind: z.literal('user'),
    key: loginSchema,
    version: z.number().int().positive(),
    body: z.strictObject({
      name: z.string().min(1).max(100),
      role: roleSchema,
      locale: localeSchema.default('ko'),
      /** scrypt, as shared by both tiers: `scrypt$N$r$p$salt$hash`, base64url. */
      password_hash: z.string().max(300),
    }),
  }),
  z.strictObject({
    kind: z.literal('thresholds'),
    key: z.literal('thresholds'),
    version: z.number().int().positive(),
    body: thresholdsSchema,
  }),
  z.strictObject({
    kind: z.literal('policy'),
    key: z.literal('policy'),
    version: z.number().int().positive(),
    body: policySchema,
  }),
  z.strictObject({
    kind: z.literal('command'),
    key: z.uuid(),
    version: z.number().int().positive(),
    body: commandSchema,
  }),
])
export type DesiredItem = z.infer<typeof desiredItemSchema>
export type DesiredKind = DesiredItem['kind']

/** What an edge did with a desired item; goes up as a record so that desired and reported stand side by side. */
export const reportedItemSchema = z.strictObject({
  kind: z.enum(desiredKinds),
  key: z.string().max(64),
  version: z.number().int().positive(),
  state: z.enum(['applied', 'refused', 'removed', 'quarantined', ...commandStates]),
  /** Why it was refused, quarantined, or failed: a sentence with line and column where there is one. */
  problem: z.string().max(2_000).nullable(),
  /** Of rules. */
  rule_hash: z.string().length(64).nullable(),
  /** Of commands that are done. */
  result: commandResultSchema.optional(),
})
export type ReportedItem = z.infer<typeof reportedItemSchema>
