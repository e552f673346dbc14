import { z } from 'zod'
import {
  countSchema,
  dropReasonSchema,
  edgeIdSchema,
  epochSchema,
  lanePointSchema,
  laneSchema,
  seqSchema,
} from './lane.ts'
import { batchLimits } from './limits.ts'
import { protocolVersionSchema } from './version.ts'
import { waitingSchema } from './waiting.ts'

/**
 * Head of what an edge sends up: rows `from_seq`..`to_seq` of one lane, or the news that they are gone (`dropped`).
 * Nothing is left out inside: `count` is `to_seq - from_seq + 1`, or 0 of a dropped range.
 */
export const batchHeaderSchema = z
  .strictObject({
    protocol: protocolVersionSchema,
    edge_id: edgeIdSchema,
    epoch: epochSchema,
    lane: laneSchema,
    from_seq: seqSchema,
    to_seq: seqSchema,
    count: countSchema,
    /** Null of rows. A dropped range has no body. */
    dropped: dropReasonSchema.nullable(),
    encoding: z.enum(['zstd', 'none']),
    /** Length of the body after decompression. */
    expanded_bytes: z.number().int().nonnegative().max(batchLimits.expandedBytesMax),
    /** First number of this epoch's lane; absent: 1. An epoch that goes on from an older image keeps the numbers of its journal. */
    start_seq: seqSchema.optional(),
    /** The point that the sender builds upon, for the cloud to hold against its own: a copy that goes on by itself is noticed by its first batch. */
    base: lanePointSchema.optional(),
    /** What the edge holds beside this batch and the cloud has not; of both lanes, since one of them may stand still. */
    waiting: waitingSchema.optional(),
  })
  .refine(
    (header) =>
      header.count === (header.dropped === null ? header.to_seq - header.from_seq + 1 : 0) &&
      header.to_seq >= header.from_seq,
    {
      error: 'count does not agree with from_seq and to_seq',
    },
  )
  .refine((header) => header.dropped === null || (header.expanded_bytes === 0 && header.encoding === 'none'), {
    error: 'a dropped range has no body',
  })
export type BatchHeader = z.infer<typeof batchHeaderSchema>

/**
 * What the sender says of itself; the rest of a header follows from the rows. `start_seq` and `base` only towards a cloud that says 1.2 or
 * later, `waiting` only towards one of 1.3: one of before refuses a header with members that it does not know.
 */
export type BatchSender = Pick<BatchHeader, 'edge_id' | 'epoch' | 'start_seq' | 'base' | 'waiting'>
