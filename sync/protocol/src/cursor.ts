import { z } from 'zod'
import { countSchema, digestSchema, edgeIdSchema, epochSchema, seqSchema } from './lane.ts'
import { receiptSchema } from './receipt.ts'
import { troubleSchema } from './trouble.ts'
import { trustListSchema } from './trust.ts'
import { protocolVersionSchema } from './version.ts'

export const laneCursorSchema = z.strictObject({
  next_seq: seqSchema,
  count_total: countSchema,
  digest: digestSchema,
  /** The newest receipt of the lane, so that one that was lost on the way is not lost for ever. Null before the first. */
  receipt: receiptSchema.nullable(),
})
export type LaneCursor = z.infer<typeof laneCursorSchema>

/** Answer of `GET /sync/v1/cursor?epoch=ID&protocol=V`: where each lane of an edge's epoch goes on; `next_seq` 1 of an epoch not seen yet. */
export const cursorSchema = z.strictObject({
  protocol: protocolVersionSchema,
  edge_id: edgeIdSchema,
  epoch: epochSchema,
  lanes: z.strictObject({ records: laneCursorSchema, readings: laneCursorSchema }),
  /** Where this edge's lanes hold other rows than the cloud, or another copy of it does; absent: nowhere. Only for who asks with `protocol` 1.2 or later, as the next. */
  troubles: z.array(troubleSchema).max(8).optional(),
  /** The cloud's keys. */
  trust: trustListSchema.optional(),
})
export type Cursor = z.infer<typeof cursorSchema>
