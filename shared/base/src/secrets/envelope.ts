import { randomBytes } from 'node:crypto'
import { decrypt, encrypt, keyBytes } from './gcm.ts'
import type { MasterKeys } from './master-keys.ts'
import { decodeSealed, encodeSealed, nonceBytes, secretBytesMax } from './sealed-format.ts'

/** Where a secret belongs. Sealed bytes that are put anywhere else do not open. */
export interface SecretPlace {
  readonly tenant: string
  readonly purpose: string
  readonly id: string
}

export interface Sealed {
  readonly bytes: Buffer
  /** The master key that its data key is wrapped by. */
  readonly keyId: string
}

/** Envelope encryption: every secret has a data key of its own, which is stored wrapped by a master key. */
export class Envelope {
  readonly #keys: MasterKeys

  constructor(keys: MasterKeys) {
    this.#keys = keys
  }

  /** @throws SecretError; RangeError for a secret that is too long */
  async seal(plaintext: Uint8Array, place: SecretPlace): Promise<Sealed> {
    if (plaintext.length > secretBytesMax) throw new RangeError(`a secret has at most ${secretBytesMax} bytes`)
    const dataKey = randomBytes(keyBytes)
    try {
      const { keyId, wrapped } = await this.#keys.wrap(dataKey, bindingOf('data key', place))
      const nonce = randomBytes(nonceBytes)
      const body = encrypt(dataKey, nonce, plaintext, bindingOf('secret', place))
      return { bytes: encodeSealed({ keyId, wrapped, nonce, body }), keyId }
    } finally {
      dataKey.fill(0)
    }
  }

  /** @throws SecretError */
  async open(sealed: Uint8Array, place: SecretPlace): Promise<Buffer> {
    const { nonce, body, ...key } = decodeSealed(sealed)
    const dataKey = await this.#keys.unwrap(key, bindingOf('data key', place))
    try {
      return decrypt(dataKey, nonce, body, bindingOf('secret', place))
    } finally {
      dataKey.fill(0)
    }
  }

  /** The same secret with its data key wrapped by the master key that wraps now; the secret itself is not opened. @throws SecretError */
  async rewrap(sealed: Uint8Array, place: SecretPlace): Promise<Sealed> {
    const { nonce, body, ...key } = decodeSealed(sealed)
    const binding = bindingOf('data key', place)
    const dataKey = await this.#keys.unwrap(key, binding)
    try {
      const { keyId, wrapped } = await this.#keys.wrap(dataKey, binding)
      return { bytes: encodeSealed({ keyId, wrapped, nonce, body }), keyId }
    } finally {
      dataKey.fill(0)
    }
  }
}

/** Each part with its length before it, so that no two places have the same bytes. */
function bindingOf(use: 'data key' | 'secret', { tenant, purpose, id }: SecretPlace): Buffer {
  return Buffer.concat(
    ['jidoka sealed 1', use, tenant, purpose, id].flatMap((part) => {
      const bytes = Buffer.from(part, 'utf8')
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.length)
      return [length, bytes]
    }),
  )
}
