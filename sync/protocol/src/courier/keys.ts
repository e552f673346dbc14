import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { exportPublicKey } from '../keys.ts'

/** Makes the X25519 key (RFC 7748) that courier files to one end are encrypted to. The private half never leaves the machine. */
export function generateCourierKey(): { readonly privateKey: KeyObject; readonly publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('x25519')
  return { privateKey, publicKey: exportPublicKey(publicKey) }
}

/** @throws when the text is not a key; check it with `publicKeySchema` first. */
export function importCourierPublicKey(publicKey: string): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: publicKey }, format: 'jwk' })
}

/** @throws when the text is not what `exportPrivateKey` gave of such a key. */
export function importCourierPrivateKey(text: string): KeyObject {
  const key = createPrivateKey({ key: Buffer.from(text, 'base64url'), format: 'der', type: 'pkcs8' })
  if (key.asymmetricKeyType !== 'x25519') throw new TypeError('this is not an X25519 key')
  return key
}

/** Names a public key where the key itself need not stand: the first 128 bits of its SHA-256, base64url. */
export const keyFingerprint = (publicKey: string): string =>
  createHash('sha256').update(publicKey).digest('base64url').slice(0, 22)
