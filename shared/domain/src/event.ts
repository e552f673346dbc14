import { z } from 'zod'
import { codeSchema } from './place.ts'

const timeMs = z.number().int()
const base = {
  /** The key of the row in its source: what makes a second delivery the same event. */
  source_key: z.string().min(1).max(200),
  source: codeSchema,
  line: codeSchema,
  occurred_at_ms: timeMs,
}

/** Business facts from the MES, as the edge keeps and sends them. */
export const eventSchema = z.discriminatedUnion('type', [
  z.strictObject({
    ...base,
    type: z.literal('production_count'),
    order: codeSchema.optional(),
    lot: codeSchema.optional(),
    product: codeSchema.optional(),
    shift: codeSchema.optional(),
    /** Pieces of this lot since it began. */
    production_count: z.number().int().nonnegative(),
    defect_count: z.number().int().nonnegative(),
  }),
  z.strictObject({
    ...base,
    type: z.literal('order_started'),
    order: codeSchema,
    product: codeSchema,
    target_count: z.number().int().nonnegative(),
  }),
  z.strictObject({
    ...base,
    type: z.literal('lot_started'),
    lot: codeSchema,
    order: codeSchema.optional(),
    product: codeSchema.optional(),
    shift: codeSchema.optional(),
  }),
  z.strictObject({
    ...base,
    type: z.literal('downtime'),
    equipment: codeSchema.optional(),
    reason: z.string().max(200),
    started_at_ms: timeMs,
    ended_at_ms: timeMs.nullable(),
  }),
  z.strictObject({
    ...base,
    type: z.literal('inspection'),
    lot: codeSchema.optional(),
    equipment: codeSchema.optional(),
    passed: z.boolean(),
    defect_code: codeSchema.optional(),
  }),
])
export type FactoryEvent = z.infer<typeof eventSchema>
export type EventType = FactoryEvent['type']
