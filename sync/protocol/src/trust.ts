import { sign, verify } from 'node:crypto'
import { canonicalJson } from '@jidoka/base'
import { z } from 'zod'
import { importPublicKey, keyIdSchema, publicKeySchema, receiptKeySchema, signatureSchema } from './keys.ts'
import type { ReceiptKey } from './keys.ts'
import type { ReceiptSigner } from './receipt.ts'

/**
 * The keys that an edge believes, as the cloud hands them on: signed by one that the edge believes already, so that a key is rotated without
 * anybody going to the appliances. `version` grows; an older list never takes the place of a newer one.
 */
export const trustListSchema = z.strictObject({
  version: z.number().int().positive(),
  receipt_keys: z.array(receiptKeySchema).min(1).max(16),
  /** X25519: what courier files to this cloud are encrypted to. */
  courier_key: publicKeySchema,
  signed_by: keyIdSchema,
  /** Ed25519 over the canonical JSON of all other members, behind a line that names the scheme. */
  signature: signatureSchema,
})
export type TrustList = z.infer<typeof trustListSchema>

const signedText = (list: Omit<TrustList, 'signature'>): Buffer => Buffer.from(`jidoka-trust-1\n${canonicalJson(list)}`)

export function signTrustList(
  list: Pick<TrustList, 'version' | 'receipt_keys' | 'courier_key'>,
  signer: ReceiptSigner,
): TrustList {
  const unsigned = { ...list, signed_by: signer.keyId }
  return { ...unsigned, signature: sign(null, signedText(unsigned), signer.privateKey).toString('base64url') }
}

/** Whether a key that is believed already has signed exactly this list. */
export function verifyTrustList(list: TrustList, believed: readonly ReceiptKey[]): boolean {
  const key = believed.find((each) => each.key_id === list.signed_by)
  if (key === undefined) return false
  const { signature, ...signed } = list
  return verify(null, signedText(signed), importPublicKey(key.public_key), Buffer.from(signature, 'base64url'))
}
