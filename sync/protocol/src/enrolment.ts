import { tenantIdSchema, codeSchema } from '@jidoka/domain'
import { z } from 'zod'
import { cursorSchema } from './cursor.ts'
import { publicKeySchema, receiptKeySchema } from './keys.ts'
import { edgeIdSchema, epochSchema } from './lane.ts'
import { protocolVersionSchema } from './version.ts'

/** Sent once, unsigned: the token is the proof, and the cloud keeps only its hash. */
export const enrolmentRequestSchema = z.strictObject({
  protocol: protocolVersionSchema,
  token: z.string().min(16).max(200),
  /** What people call this edge. */
  name: z.string().min(1).max(100),
  public_key: publicKeySchema,
  epoch: epochSchema,
  program_version: z.string().min(1).max(50),
})
export type EnrolmentRequest = z.infer<typeof enrolmentRequestSchema>

export const enrolmentResponseSchema = z.strictObject({
  protocol: protocolVersionSchema,
  tenant_id: tenantIdSchema,
  site_id: codeSchema,
  edge_id: edgeIdSchema,
  /** The trust list for receipts. */
  receipt_keys: z.array(receiptKeySchema).min(1).max(16),
  /** Of an edge that enrols again under the same key; absent of a new one. */
  cursor: cursorSchema.optional(),
})
export type EnrolmentResponse = z.infer<typeof enrolmentResponseSchema>
