import { createCipheriv, createDecipheriv, diffieHellman, hkdfSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { tampered } from './error.ts'

const cipher = 'aes-256-gcm'
export const tagBytes = 16

/**
 * The key of one file: a new pair of keys on the sender's side gives a new one each time, so that the number of a chunk is nonce enough.
 * @param headerDigest binds the key to everything that the header says
 */
export function courierKey(
  own: KeyObject,
  theirs: KeyObject,
  { fileId, headerDigest }: { readonly fileId: string; readonly headerDigest: Uint8Array },
): Buffer {
  let secret: Buffer
  try {
    secret = diffieHellman({ privateKey: own, publicKey: theirs })
  } catch (cause) {
    throw tampered('the key in its header is none', cause) // OpenSSL refuses points of small order
  }
  const info = Buffer.concat([Buffer.from('jidoka-courier-1 chunks\n'), headerDigest])
  return Buffer.from(hkdfSync('sha256', secret, fileId, info, 32))
}

/** Seals and opens the chunks of one file. The number of a chunk, and the header, are part of what is sealed: none can be moved or left out. */
export class ChunkSeal {
  readonly #key: Buffer
  readonly #headerDigest: Uint8Array

  constructor(key: Buffer, headerDigest: Uint8Array) {
    this.#key = key
    this.#headerDigest = headerDigest
  }

  seal(no: number, plain: Uint8Array): { readonly sealed: Buffer; readonly tag: Buffer } {
    const gcm = createCipheriv(cipher, this.#key, nonceOf(no)).setAAD(this.#named(no))
    const sealed = gcm.update(plain)
    gcm.final()
    return { sealed, tag: gcm.getAuthTag() }
  }

  /** @throws CourierError */
  open(no: number, sealed: Uint8Array, tag: Uint8Array): Buffer {
    const gcm = createDecipheriv(cipher, this.#key, nonceOf(no), { authTagLength: tagBytes })
      .setAAD(this.#named(no))
      .setAuthTag(tag)
    const plain = gcm.update(sealed)
    try {
      gcm.final()
    } catch (cause) {
      throw tampered(`chunk ${no + 1} does not fit its seal`, cause)
    }
    return plain
  }

  #named(no: number): Buffer {
    return Buffer.concat([this.#headerDigest, nonceOf(no)])
  }
}

function nonceOf(no: number): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUInt32BE(no, 8)
  return nonce
}
