import { sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { canonicalJson } from '@jidoka/base'
import { z } from 'zod'
import { importPublicKey, keyIdSchema, signatureSchema } from './keys.ts'
import type { ReceiptKey } from './keys.ts'
import { countSchema, digestSchema, edgeIdSchema, epochSchema, laneSchema, seqSchema } from './lane.ts'
import type { Lane, LanePoint } from './lane.ts'
import { protocolVersion, protocolVersionSchema } from './version.ts'

/**
 * The cloud's word that everything of a lane up to `up_to_seq` is committed, or listed there as dropped. Only rows under a
 * receipt may be pruned on the edge.
 */
export const receiptSchema = z.strictObject({
  protocol: protocolVersionSchema,
  edge_id: edgeIdSchema,
  epoch: epochSchema,
  lane: laneSchema,
  up_to_seq: seqSchema,
  /** Rows of this lane and epoch in the cloud; less than `up_to_seq` by those dropped. */
  count_total: countSchema,
  /** RunningDigest over them. */
  digest: digestSchema,
  received_at_ms: z.number().int().nonnegative(),
  key_id: keyIdSchema,
  /** Ed25519 over the canonical JSON of all other members. */
  signature: signatureSchema,
})
export type Receipt = z.infer<typeof receiptSchema>

export interface ReceiptSigner {
  readonly keyId: string
  readonly privateKey: KeyObject
}

export function signReceipt(
  fields: {
    readonly edgeId: string
    readonly epoch: string
    readonly lane: Lane
    readonly point: LanePoint
    readonly receivedAtMs: number
  },
  signer: ReceiptSigner,
): Receipt {
  const unsigned = {
    protocol: protocolVersion,
    edge_id: fields.edgeId,
    epoch: fields.epoch,
    lane: fields.lane,
    up_to_seq: fields.point.seq,
    count_total: fields.point.count,
    digest: fields.point.digest,
    received_at_ms: fields.receivedAtMs,
    key_id: signer.keyId,
  }
  return {
    ...unsigned,
    signature: sign(null, Buffer.from(canonicalJson(unsigned)), signer.privateKey).toString('base64url'),
  }
}

export type ReceiptVerdict =
  | { readonly kind: 'ok' }
  | { readonly kind: 'unknown_key' }
  | { readonly kind: 'bad_signature' }

/** Whether a key of the trust list signed exactly this receipt. Needs no line: a stored receipt can be shown years later. */
export function verifyReceipt(receipt: Receipt, trustList: readonly ReceiptKey[]): ReceiptVerdict {
  const key = trustList.find((each) => each.key_id === receipt.key_id)
  if (key === undefined) return { kind: 'unknown_key' }
  const { signature, ...signed } = receipt
  const fits = verify(
    null,
    Buffer.from(canonicalJson(signed)),
    importPublicKey(key.public_key),
    Buffer.from(signature, 'base64url'),
  )
  return fits ? { kind: 'ok' } : { kind: 'bad_signature' }
}

export const pointOf = (receipt: Receipt): LanePoint => ({
  seq: receipt.up_to_seq,
  count: receipt.count_total,
  digest: receipt.digest,
})
