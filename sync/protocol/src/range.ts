import { z } from 'zod'
import { countSchema, edgeIdSchema, epochSchema, laneSchema, seqSchema } from './lane.ts'
import { protocolVersionSchema } from './version.ts'

/**
 * Numbers of a lane are looked at in ranges of this many: range n holds n x 65,536 + 1 to (n + 1) x 65,536. Fewer, and a year of readings is a
 * million digests; more, and a difference names, and a repair sends, more than one batch.
 */
export const rangeRows = 65_536
export const rangeOf = (seq: number): number => Math.floor((seq - 1) / rangeRows)

/** 64 bits in hexadecimal; see `RangeSum`. */
export const rangeSumSchema = z.string().regex(/^[0-9a-f]{16}$/, 'a range sum has 16 hexadecimal digits')

/** What one end holds of a range: how many rows, and the sum of their hashes, whatever order or shape they are kept in. */
export const laneRangeSchema = z.strictObject({
  range: z.number().int().nonnegative(),
  /** First number that is counted; absent: the range's first in this epoch. Later where counting began with rows behind it (an upgrade, dropped rows). */
  from_seq: seqSchema.optional(),
  /** Last number of the range that is in it so far. */
  up_to_seq: seqSchema,
  count: countSchema,
  sum: rangeSumSchema,
  /** What was counted anew from the stored rows when it was asked for; absent where the rows are not kept in a form that allows it. */
  stored: z.strictObject({ count: countSchema, sum: rangeSumSchema }).optional(),
})
export type LaneRange = z.infer<typeof laneRangeSchema>

/** Ranges of one answer. 1,000 ranges are 65 million rows; more, and a question holds the database for minutes. */
export const rangesPerAnswerMax = 1_000

/** Answer of `GET /sync/v1/ranges`: consecutive ranges of a lane from the one that was asked for. */
export const laneRangesSchema = z.strictObject({
  protocol: protocolVersionSchema,
  edge_id: edgeIdSchema,
  epoch: epochSchema,
  lane: laneSchema,
  ranges: z.array(laneRangeSchema).max(rangesPerAnswerMax),
  /** The range to go on with; null at the end. */
  next: z.number().int().positive().nullable(),
})
export type LaneRanges = z.infer<typeof laneRangesSchema>

/** Answer of `POST /sync/v1/repairs`, whose body is a batch that holds all rows of one range, from its `from_seq` to its `up_to_seq`. */
export const repairAnswerSchema = z.strictObject({
  protocol: protocolVersionSchema,
  range: laneRangeSchema,
  /** Rows that were not there, or other ones, before. */
  replaced: countSchema,
})
export type RepairAnswer = z.infer<typeof repairAnswerSchema>
