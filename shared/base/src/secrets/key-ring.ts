import { createHash, randomBytes } from 'node:crypto'
import { decrypt, encrypt, keyBytes } from './gcm.ts'
import type { WrappedKey } from './master-keys.ts'
import { nonceBytes, tagBytes } from './sealed-format.ts'
import { SecretError } from './secret-error.ts'

/** Master keys in the memory of this program, and what they wrap. The first one wraps, all unwrap. */
export class KeyRing {
  readonly activeKeyId: string
  readonly #keys: ReadonlyMap<string, Buffer>

  /** @param keys 32 bytes each, at least one */
  constructor(keys: readonly Buffer[]) {
    this.#keys = new Map(keys.map((key) => [fingerprintOf(key), key]))
    const [first] = this.#keys.keys()
    if (first === undefined) throw new RangeError('a key ring has at least one key')
    this.activeKeyId = first
  }

  has(keyId: string): boolean {
    return this.#keys.has(keyId)
  }

  wrap(dataKey: Uint8Array, binding: Uint8Array): WrappedKey {
    const nonce = randomBytes(nonceBytes)
    const wrapped = encrypt(this.#key(this.activeKeyId), nonce, dataKey, binding)
    return { keyId: this.activeKeyId, wrapped: Buffer.concat([nonce, wrapped]) }
  }

  /** @throws SecretError */
  unwrap({ keyId, wrapped }: WrappedKey, binding: Uint8Array): Buffer {
    const key = this.#key(keyId)
    if (wrapped.length !== nonceBytes + keyBytes + tagBytes)
      throw new SecretError(
        'not_authentic',
        'The wrapped key of this secret is damaged. Restore the row from a backup.',
      )
    return decrypt(key, wrapped.subarray(0, nonceBytes), wrapped.subarray(nonceBytes), binding)
  }

  #key(keyId: string): Buffer {
    const key = this.#keys.get(keyId)
    if (key === undefined)
      throw new SecretError(
        'unknown_key',
        `The master key ${keyId} is not there, so what it sealed cannot be read. Put it back among the keys; a backup of them has it.`,
      )
    return key
  }
}

/** A key's name is made of the key itself, so that no key can stand under the name of another. */
export function fingerprintOf(key: Uint8Array): string {
  return createHash('sha256').update('jidoka master key').update(key).digest('base64url').slice(0, 16)
}

/** @returns null for a text that is no key */
export function parseKey(text: string): Buffer | null {
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return null
  const key = Buffer.from(text, text.includes('+') || text.includes('/') ? 'base64' : 'base64url')
  return key.length === keyBytes ? key : null
}

/** A new key: 43 characters. */
export const newKey = (): string => randomBytes(keyBytes).toString('base64url')
