import { z } from 'zod'
import { ruleDefinitionSchema, ruleIdSchema } from './rule.ts'
import { catalogueEntrySchema, localTextSchema } from './tag.ts'
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
])
export type DesiredItem = z.infer<typeof desiredItemSchema>
export type DesiredKind = DesiredItem['kind']

/** What an edge did with a desired item; goes up as a record so that desired and reported stand side by side. */
export const reportedItemSchema = z.strictObject({
  kind: z.enum(['rule', 'tag_catalogue', 'site', 'user']),
  key: z.string().max(64),
  version: z.number().int().positive(),
  state: z.enum(['applied', 'refused', 'removed', 'quarantined']),
  /** Why it was refused or quarantined: a sentence with line and column where there is one. */
  problem: z.string().max(2_000).nullable(),
  /** Of rules. */
  rule_hash: z.string().length(64).nullable(),
})
export type ReportedItem = z.infer<typeof reportedItemSchema>
