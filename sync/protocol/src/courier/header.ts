import { createHash } from 'node:crypto'
import { tenantIdSchema } from '@jidoka/domain'
import { z } from 'zod'
import { keyIdSchema, publicKeySchema } from '../keys.ts'
import { countSchema, edgeIdSchema, epochSchema, seqSchema } from '../lane.ts'
import { trustListSchema } from '../trust.ts'
import { protocolVersionSchema } from '../version.ts'

// A courier file, byte for byte (numbers little endian):
//
//   "JIDOKA-COURIER-1\n"
//   u32 length, header as JSON, 64 bytes: Ed25519 of the sender over magic and header
//   chunks:  u32 length of the sealed bytes (never 0), sealed bytes, 16 bytes tag of AES-256-GCM
//   the end: u32 0, u32 length, trailer as JSON, 64 bytes: Ed25519 of the sender over header digest and trailer
//
// The key of the chunks is HKDF-SHA256 of the X25519 secret between a key made for this file alone and the recipient's own.

export const courierMagic = Buffer.from('JIDOKA-COURIER-1\n')

/** `up`: batches of an edge for its cloud. `down`: what the edge shall be, receipts and the cloud's keys. */
export const courierDirectionSchema = z.enum(['up', 'down'])

// What a newer end adds is passed over: the signature covers the bytes, not what is read of them.
export const courierHeaderSchema = z.object({
  protocol: protocolVersionSchema,
  file_id: z.uuid(),
  direction: courierDirectionSchema,
  tenant_id: tenantIdSchema,
  edge_id: edgeIdSchema,
  /** Up: the life of the data folder whose rows are inside. Down: the one that the receipts are of; null of an edge that has sent nothing. */
  epoch: epochSchema.nullable(),
  created_at_ms: z.number().int().nonnegative(),
  /** Up: fingerprint of the edge's key. Down: the receipt key that signed. */
  signed_by: keyIdSchema,
  /** Fingerprint of the key that it is encrypted to. */
  recipient: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
  /** X25519, made for this file alone. */
  ephemeral_key: publicKeySchema,
  /** Down: lists of the cloud's keys, oldest first, so that an edge that was away while keys changed finds its way from one it believes to the signer. */
  trust: z.array(trustListSchema).max(8).optional(),
})
export type CourierHeader = z.infer<typeof courierHeaderSchema>

const stretchSchema = z.strictObject({ from_seq: seqSchema, to_seq: seqSchema })

/** What stands behind the last chunk: how many there are, and what is in them as far as the carrier may know. */
export const courierTrailerSchema = z.object({
  chunks: countSchema,
  /** SHA-256 over the tags of all chunks, in order. */
  tags_sha256: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  /** Up: the numbers of each lane that the file holds; null of a lane that has none. */
  lanes: z.strictObject({ records: stretchSchema.nullable(), readings: stretchSchema.nullable() }).nullable(),
  /** Rows behind it that are in a next file of the same export. */
  has_more: z.boolean(),
})
export type CourierTrailer = z.infer<typeof courierTrailerSchema>

/** What everything else of a file hangs on. */
export const courierDigest = (headerBytes: Uint8Array): Buffer =>
  createHash('sha256').update(courierMagic).update(headerBytes).digest()

/** Lines that name the scheme, so that a signature of one thing never passes as one of another. */
export const headerText = (headerBytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from('jidoka-courier-1 header\n'), courierDigest(headerBytes)])
export const trailerText = (headerDigest: Uint8Array, trailerBytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from('jidoka-courier-1 trailer\n'), headerDigest, trailerBytes])
