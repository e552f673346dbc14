import type { DesiredItem } from '@jidoka/domain'
import { desiredItemSchema } from '@jidoka/domain'
import { z } from 'zod'
import { edgeIdSchema } from './lane.ts'
import { requestLimits } from './limits.ts'

const version = z
  .union([z.string().regex(/^\d{1,15}$/), z.number().int().positive(), z.bigint().positive()])
  .transform(Number)

/**
 * A row of `fleet.desired` as the shape carries it. Electric writes every column as text; its client turns `int8` into a
 * bigint and `jsonb` into an object unless told otherwise, so both forms are read.
 */
export const desiredRowSchema = z.strictObject({
  id: z.uuid(),
  edge_id: edgeIdSchema,
  kind: z.string().max(32),
  key: z.string().max(64),
  version,
  body: z.union([z.string().max(requestLimits.desiredBodyBytesMax), z.record(z.string(), z.unknown())]),
})

export type DesiredRow =
  | { readonly kind: 'ok'; readonly id: string; readonly edgeId: string; readonly item: DesiredItem }
  /** The item cannot be applied and must be reported as `refused` with this problem; `key` names it as far as it could be read. */
  | {
      readonly kind: 'refused'
      readonly item: { readonly kind: string; readonly key: string; readonly version: number } | null
      readonly problem: string
    }

/** Reads a row of the shape. Never throws: a row that a newer cloud wrote must not stop those that this edge understands. */
export function parseDesiredRow(row: unknown): DesiredRow {
  const parsed = desiredRowSchema.safeParse(row)
  if (!parsed.success)
    return {
      kind: 'refused',
      item: null,
      problem: `The row of the desired state is not readable: ${z.prettifyError(parsed.error).slice(0, 1_000)}`,
    }
  const { id, edge_id: edgeId, kind, key, version: itsVersion } = parsed.data
  const name = { kind, key, version: itsVersion }
  let body: unknown = parsed.data.body
  if (typeof body === 'string') {
    try {
      body = JSON.parse(body)
    } catch {
      return { kind: 'refused', item: name, problem: 'The body of the desired item is not JSON.' }
    }
  }
  const item = desiredItemSchema.safeParse({ ...name, body })
  if (item.success) return { kind: 'ok', id, edgeId, item: item.data }
  return {
    kind: 'refused',
    item: name,
    problem: `The desired item is not readable, perhaps this edge is too old for it: ${z.prettifyError(item.error).slice(0, 1_500)}`,
  }
}
