import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { z } from 'zod'

/** An Ed25519 public key (RFC 8032): its 32 bytes, base64url without padding. */
export const publicKeySchema = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'a public key has 43 characters of base64url')
/** An Ed25519 signature: its 64 bytes, base64url without padding. */
export const signatureSchema = z.string().regex(/^[A-Za-z0-9_-]{86}$/, 'a signature has 86 characters of base64url')
/** Names a key among those of a trust list; rotation adds a new one before the old one goes. */
export const keyIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, 'a key id has 1 to 64 letters, digits, ".", "_" or "-"')

export const receiptKeySchema = z.strictObject({ key_id: keyIdSchema, public_key: publicKeySchema })
export type ReceiptKey = z.infer<typeof receiptKeySchema>

/** Makes the key of an edge, or of a cloud that signs receipts. The private half never leaves the machine. */
export function generateEdgeKey(): { readonly privateKey: KeyObject; readonly publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { privateKey, publicKey: exportPublicKey(publicKey) }
}

/** The public key as it goes over the line. Also takes a private key and gives its public half. */
export function exportPublicKey(key: KeyObject): string {
  const { x } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' })
  if (x === undefined) throw new TypeError('this is not an Ed25519 key')
  return x
}

/** @throws when the text is not a key; check it with `publicKeySchema` first. */
export function importPublicKey(publicKey: string): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey }, format: 'jwk' })
}

/** PKCS #8, base64url: for a file of mode 0600 and nowhere else. */
export function exportPrivateKey(key: KeyObject): string {
  return key.export({ format: 'der', type: 'pkcs8' }).toString('base64url')
}

/** @throws when the text is not what `exportPrivateKey` gave. */
export function importPrivateKey(text: string): KeyObject {
  const key = createPrivateKey({ key: Buffer.from(text, 'base64url'), format: 'der', type: 'pkcs8' })
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('this is not an Ed25519 key')
  return key
}
