import { z } from 'zod'
import { instantSchema } from './paging.ts'

// Receipts that an appliance keeps: what the cloud has signed for, and whether that holds without asking the cloud.

const laneSchema = z.enum(['records', 'readings'])

const whatReceiptsAreAskedBy =
  'receipts are asked by lane, up_to, limit, and before (`meta.next_cursor` of the page before)'
export const receiptsQuerySchema = z.strictObject(
  {
    lane: laneSchema.optional(),
    /** None that reaches beyond this number, so that the one which an outage ended with stands first. */
    up_to: z.coerce.number().int().positive().optional(),
    /** `meta.next_cursor` of the page before. */
    before: z.coerce.number().int().positive().optional(),
    limit: z.coerce.number().int().min(1).max(200).default(50),
  },
  { error: ({ code }) => (code === 'unrecognized_keys' ? whatReceiptsAreAskedBy : undefined) },
)

const receiptNameSchema = z.object({
  id: z.number().int(),
  lane: laneSchema,
  epoch: z.string(),
  up_to_seq: z.number().int(),
  received_at: instantSchema,
  key_id: z.string(),
})

export const keptReceiptSchema = receiptNameSchema.extend({
  is_present_epoch: z.boolean(),
  /** Behind the receipt before it; null where that is not kept any more. */
  from_seq: z.number().int().nullable(),
  /** Rows that it counts beyond the receipt before it; null where that is not kept any more. */
  rows: z.number().int().nullable(),
  rows_total: z.number().int(),
  digest: z.string(),
})
export type KeptReceiptView = z.infer<typeof keptReceiptSchema>

/**
 * `rows_match`: signed, and the rows held here lead to its digest. `signed`: its rows are not all held any more, or of an epoch before. `other_rows`: signed,
 * and other rows are held here. `bad_signature`: not as it was signed. `unknown_key`: signed by nobody who is known here.
 */
export const receiptVerdicts = ['rows_match', 'signed', 'other_rows', 'bad_signature', 'unknown_key'] as const
export type ReceiptVerdict = (typeof receiptVerdicts)[number]
const verdictSchema = z.enum(receiptVerdicts)

export const verifyReceiptSchema = z.strictObject({ id: z.number().int().positive() })
export const verifiedReceiptSchema = z.object({ id: z.number().int(), verdict: verdictSchema })

export const receiptsVerificationSchema = z.object({
  state: z.enum(['none', 'running', 'done', 'failed']),
  started_at: instantSchema.nullable(),
  ended_at: instantSchema.nullable(),
  /** Why it could not be done. */
  problem: z.string().nullable(),
  counts: z.partialRecord(verdictSchema, z.number().int()),
  /** Those that something is wrong with, the oldest first; at most 100 are named. */
  wrong: z.array(receiptNameSchema.extend({ verdict: verdictSchema })),
})
export type ReceiptsVerification = z.infer<typeof receiptsVerificationSchema>
