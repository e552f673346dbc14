import { z } from 'zod'
import { codeSchema } from './place.ts'
import { qualitySchema } from './reading.ts'
import { ruleIdSchema, statusSchema } from './rule.ts'

export const methods = ['rule', 'llm', 'hybrid', 'human', 'cache'] as const
export const methodSchema = z.enum(methods)

/** One input as the rule saw it. A value of null was missing; the reason says why the rule could not use it. */
export const snapshotInputSchema = z.strictObject({
  value: z.union([z.number(), z.boolean(), z.string().max(1_024)]).nullable(),
  at_ms: z.number().int().nullable(),
  quality: qualitySchema.optional(),
  problem: z.enum(['missing', 'stale', 'bad_quality', 'wrong_kind', 'incomplete']).optional(),
})
export type SnapshotInput = z.infer<typeof snapshotInputSchema>

/**
 * A verdict with all that is needed to make it again (I3): the hash of the rule and every input.
 * `subject` is a tag's key or a line.
 */
export const judgmentSchema = z.strictObject({
  id: z.uuid(),
  rule_id: ruleIdSchema,
  rule_version: z.number().int().positive(),
  rule_hash: z.string().regex(/^[0-9a-f]{64}$/),
  subject: z.string().min(1).max(150),
  line: codeSchema,
  equipment: codeSchema.nullable(),
  status: statusSchema,
  /** Whether the status is one of the rule's normal ones. */
  normal: z.boolean(),
  /** The standing status before this verdict; null at the first. */
  previous_status: statusSchema.nullable(),
  confidence: z.number().min(0).max(1),
  method_used: methodSchema,
  explanation: z.string().max(2_000).nullable(),
  inputs: z.record(z.string().max(48), snapshotInputSchema),
  /** The sequence number of the reading that triggered it; null for MES events and timers. */
  reading_seq: z.number().int().positive().nullable(),
  judged_at_ms: z.number().int(),
  /** False where another verdict goes on standing behind this one: hysteresis still counts, or its reading was late. Absent: it stands. */
  stands: z.boolean().optional(),
  /** Its reading came later than a newer one: judged and recorded, and without any effect on what stands. */
  late: z.literal(true).optional(),
})
export type Judgment = z.infer<typeof judgmentSchema>
