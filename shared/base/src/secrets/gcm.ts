import { createCipheriv, createDecipheriv } from 'node:crypto'
import { tagBytes } from './sealed-format.ts'
import { SecretError } from './secret-error.ts'

/** 256 bits. */
export const keyBytes = 32

/** AES-256-GCM; the ciphertext with its tag behind it. A key never sees the same nonce twice. */
export function encrypt(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  associated: Uint8Array,
): Buffer<ArrayBuffer> {
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  cipher.setAAD(associated)
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/** @throws SecretError `not_authentic` */
export function decrypt(
  key: Uint8Array,
  nonce: Uint8Array,
  body: Uint8Array,
  associated: Uint8Array,
): Buffer<ArrayBuffer> {
  const cipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  cipher.setAAD(associated)
  cipher.setAuthTag(body.subarray(body.length - tagBytes))
  try {
    return Buffer.concat([cipher.update(body.subarray(0, body.length - tagBytes)), cipher.final()])
  } catch (cause) {
    throw new SecretError(
      'not_authentic',
      'The secret does not open: it was changed, or it belongs to another tenant, purpose or row. Restore the row from a backup, or set the secret anew.',
      { cause },
    )
  }
}
