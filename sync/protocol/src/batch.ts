import { z } from 'zod'
import { countSchema, dropReasonSchema, edgeIdSchema, epochSchema, laneSchema, seqSchema } from './lane.ts'
import { batchLimits } from './limits.ts'
import { protocolVersionSchema } from './version.ts'

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

/** What the sender says of itself; the rest of a header follows from the rows. */
export type BatchSender = Pick<BatchHeader, 'edge_id' | 'epoch'>
