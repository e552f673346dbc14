import { z } from 'zod'
import { countSchema } from '../lane.ts'
import { receiptSchema } from '../receipt.ts'

/** One chunk of a file downwards, as JSON. The first is `state`; rows and receipts follow in any order. */
export const courierDownSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('state'),
    /** Counts the changes of the edge's desired state; what came with a higher one is never undone by a file. */
    desired_seq: countSchema,
    /** Of which history that counter is: the handle of the edge's shape. Where it differs the versions of the items tell the order. */
    history: z.string().min(1).max(64),
    rows: countSchema,
  }),
  /** A row of `fleet.desired`, for `parseDesiredRow`: one that cannot be read is reported, and does not hold up the others. */
  z.object({ kind: z.literal('desired'), row: z.record(z.string(), z.unknown()) }),
  z.object({ kind: z.literal('receipt'), receipt: receiptSchema }),
])
export type CourierDown = z.output<typeof courierDownSchema>

const kindOnlySchema = z.looseObject({ kind: z.string().max(32) })

/** Reads a chunk; null of a kind that a newer cloud has added. @throws ZodError, SyntaxError for what no cloud has written. */
export function parseCourierDown(chunk: Uint8Array): CourierDown | null {
  const json: unknown = JSON.parse(Buffer.from(chunk).toString('utf8'))
  const { kind } = kindOnlySchema.parse(json)
  const isKnown = courierDownSchema.options.some((option) => option.shape.kind.value === kind)
  return isKnown ? courierDownSchema.parse(json) : null
}
