import { SecretError } from './secret-error.ts'

/*
 * What is stored of a secret, version 1:
 *
 *   "JS" 0x01 | length of key id (1) | key id | length of wrapped key (2, big endian) | wrapped data key | nonce (12) | ciphertext | tag (16)
 *
 * The wrapped key means something to the source of master keys alone. A master key is changed by writing the part before the nonce anew; the
 * rest stays as it is.
 */

const magic = Buffer.from('JS')
const version = 1
const fixedBytes = magic.length + 1 + 1
export const nonceBytes = 12
export const tagBytes = 16
/** `vault:transit/some-name:v12` and a fingerprint fit; the length stands in one byte. */
const keyIdBytesMax = 200
/** Vault's answer for 32 bytes has about 90; a managed key service's about 200. */
const wrappedBytesMax = 2_048
/** 64 KiB: a certificate chain with its key. What is larger belongs in the object store. */
export const secretBytesMax = 64 * 1_024
export const sealedBytesMax = fixedBytes + keyIdBytesMax + 2 + wrappedBytesMax + nonceBytes + secretBytesMax + tagBytes

export interface SealedParts {
  readonly keyId: string
  readonly wrapped: Uint8Array
  readonly nonce: Uint8Array
  /** The ciphertext with its tag. */
  readonly body: Uint8Array
}

/** @throws RangeError for parts that do not fit: a mistake of the program */
export function encodeSealed({ keyId, wrapped, nonce, body }: SealedParts): Buffer {
  const id = Buffer.from(keyId, 'utf8')
  if (id.length === 0 || id.length > keyIdBytesMax) throw new RangeError(`a key id has 1 to ${keyIdBytesMax} bytes`)
  if (wrapped.length === 0 || wrapped.length > wrappedBytesMax)
    throw new RangeError(`a wrapped key has 1 to ${wrappedBytesMax} bytes`)
  if (nonce.length !== nonceBytes || body.length < tagBytes || body.length > secretBytesMax + tagBytes)
    throw new RangeError('the nonce or the ciphertext has a wrong length')
  return Buffer.concat([
    magic,
    Uint8Array.of(version, id.length),
    id,
    Uint8Array.of(wrapped.length >> 8, wrapped.length & 0xff),
    wrapped,
    nonce,
    body,
  ])
}

/** @throws SecretError `not_authentic` */
export function decodeSealed(sealed: Uint8Array): SealedParts {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
  if (bytes.length > sealedBytesMax || !bytes.subarray(0, magic.length).equals(magic)) throw damaged()
  if (bytes[2] !== version)
    throw new SecretError(
      'not_authentic',
      `The secret is sealed in the format ${bytes[2]}, which this program does not know. Start the newer program that wrote it.`,
    )
  let at = fixedBytes
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw damaged()
    at += length
    return bytes.subarray(at - length, at)
  }
  const keyId = take(bytes[3] ?? 0).toString('utf8')
  const wrapped = take(take(2).readUInt16BE())
  const nonce = take(nonceBytes)
  const body = bytes.subarray(at)
  if (keyId === '' || wrapped.length === 0 || wrapped.length > wrappedBytesMax || body.length < tagBytes)
    throw damaged()
  return { keyId, wrapped, nonce, body }
}

const damaged = () =>
  new SecretError('not_authentic', 'These bytes are no sealed secret, or are damaged. Restore the row from a backup.')
