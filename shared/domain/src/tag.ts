import { z } from 'zod'
import { codeSchema } from './place.ts'
import { valueKindSchema } from './reading.ts'

/** `LINE-A/temperature`, or `LINE-A/PRESS-1/temperature` where a line has several machines: the topic without its root. */
export const tagKeySchema = z
  .string()
  .regex(/^[^/+#]{1,48}(\/[^/+#]{1,48}){1,2}$/u, 'a tag is "line/sensor" or "line/equipment/sensor"')

export interface TagPlace {
  readonly line: string
  readonly equipment: string | null
  readonly sensor: string
}

export function tagKey(place: TagPlace): string {
  return place.equipment === null ? `${place.line}/${place.sensor}` : `${place.line}/${place.equipment}/${place.sensor}`
}

/** The place that a key names, or null when it names none. */
export function parseTagKey(key: string): TagPlace | null {
  const [line, second, third, ...rest] = key.split('/')
  if (rest.length > 0 || second === undefined) return null
  const place =
    third === undefined
      ? { line: line ?? '', equipment: null, sensor: second }
      : { line: line ?? '', equipment: second, sensor: third }
  const codes = [place.line, place.sensor, ...(place.equipment === null ? [] : [place.equipment])]
  return codes.every((code) => codeSchema.safeParse(code).success) ? place : null
}

/** A text in the two languages of the product. */
export const localTextSchema = z.strictObject({ ko: z.string().min(1).max(200), en: z.string().min(1).max(200) })
export type LocalText = z.infer<typeof localTextSchema>

/** Where a value is normal (`low`..`high`) and where it is dangerous; drawn beside every value. A missing bound is none. */
export const tagLimitsSchema = z.strictObject({
  low_low: z.number().optional(),
  low: z.number().optional(),
  high: z.number().optional(),
  high_high: z.number().optional(),
})
export type TagLimits = z.infer<typeof tagLimitsSchema>

/** What people know of a tag; part of the desired state. A tag that arrives without an entry is *discovered*: stored, and waiting for adoption. */
export const catalogueEntrySchema = z.strictObject({
  key: tagKeySchema,
  area: codeSchema.optional(),
  name: localTextSchema,
  kind: valueKindSchema,
  unit: z.string().max(16),
  limits: tagLimitsSchema.optional(),
  /** Digits behind the point on screens. */
  decimals: z.number().int().min(0).max(6).default(1),
  /** After this silence the value is stale on screens; rules have an age of their own. */
  stale_after_s: z.number().positive().max(86_400).default(30),
})
export type CatalogueEntry = z.infer<typeof catalogueEntrySchema>

/**
 * A tag as its edge numbers it. The number is given at the first reading, never changes within an epoch, and is what
 * segments carry; this definition goes up as a record.
 */
export const tagDefinitionSchema = z.strictObject({
  tag_no: z.number().int().positive().max(0xffff_ffff),
  key: tagKeySchema,
  kind: valueKindSchema,
  unit: z.string().max(16),
})
export type TagDefinition = z.infer<typeof tagDefinitionSchema>
