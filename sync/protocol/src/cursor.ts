import { z } from 'zod'
import { countSchema, digestSchema, edgeIdSchema, epochSchema, seqSchema } from './lane.ts'
import { receiptSchema } from './receipt.ts'
import { protocolVersionSchema } from './version.ts'

export const laneCursorSchema = z.strictObject({
  next_seq: seqSchema,
  count_total: countSchema,
  digest: digestSchema,
  /** The newest receipt of the lane, so that one that was lost on the way is not lost for ever. Null before the first. */
  receipt: receiptSchema.nullable(),
})
export type LaneCursor = z.infer<typeof laneCursorSchema>

/** Answer of `GET /sync/v1/cursor?epoch=ID`: where each lane of an edge's epoch goes on; `next_seq` 1 of an epoch not seen yet. */
export const cursorSchema = z.strictObject({
  protocol: protocolVersionSchema,
  edge_id: edgeIdSchema,
  epoch: epochSchema,
  lanes: z.strictObject({ records: laneCursorSchema, readings: laneCursorSchema }),
})
export type Cursor = z.infer<typeof cursorSchema>
