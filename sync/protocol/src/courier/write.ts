import { createHash, randomUUID, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { protocolVersion } from '../version.ts'
import { tooLarge } from './error.ts'
import { courierDigest, courierMagic, headerText, trailerText } from './header.ts'
import type { CourierHeader, CourierTrailer } from './header.ts'
import { generateCourierKey, importCourierPublicKey, keyFingerprint } from './keys.ts'
import { courierLimits } from './limits.ts'
import { ChunkSeal, courierKey, tagBytes } from './seal.ts'

export type CourierFacts = Pick<
  CourierHeader,
  'direction' | 'tenant_id' | 'edge_id' | 'epoch' | 'created_at_ms' | 'signed_by'
> &
  Pick<Partial<CourierHeader>, 'file_id' | 'trust'>

/** Writes one courier file piece by piece: `head`, each `chunk` in order, `end`. Holds no more than the piece in hand. */
export class CourierWriter {
  readonly header: CourierHeader
  readonly #signingKey: KeyObject
  readonly #headerBytes: Buffer
  readonly #headerDigest: Buffer
  readonly #seal: ChunkSeal
  readonly #tags = createHash('sha256')
  #chunks = 0
  #bytes = 0

  /**
   * @param signingKey Ed25519 of the sender
   * @param recipientKey the X25519 key of the other end, as it is known here
   */
  constructor(facts: CourierFacts, signingKey: KeyObject, recipientKey: string) {
    const ephemeral = generateCourierKey()
    this.header = {
      protocol: protocolVersion,
      file_id: facts.file_id ?? randomUUID(),
      direction: facts.direction,
      tenant_id: facts.tenant_id,
      edge_id: facts.edge_id,
      epoch: facts.epoch,
      created_at_ms: facts.created_at_ms,
      signed_by: facts.signed_by,
      recipient: keyFingerprint(recipientKey),
      ephemeral_key: ephemeral.publicKey,
      ...(facts.trust === undefined ? {} : { trust: facts.trust }),
    }
    this.#signingKey = signingKey
    this.#headerBytes = Buffer.from(JSON.stringify(this.header))
    this.#headerDigest = courierDigest(this.#headerBytes)
    const fileId = this.header.file_id
    const key = courierKey(ephemeral.privateKey, importCourierPublicKey(recipientKey), {
      fileId,
      headerDigest: this.#headerDigest,
    })
    this.#seal = new ChunkSeal(key, this.#headerDigest)
  }

  /** Bytes of the file so far. */
  get bytes(): number {
    return this.#bytes
  }

  head(): Buffer {
    const signature = sign(null, headerText(this.#headerBytes), this.#signingKey)
    return this.#counted([courierMagic, lengthOf(this.#headerBytes.length), this.#headerBytes, signature])
  }

  /** @throws CourierError `too_large` */
  chunk(plain: Uint8Array): Buffer {
    if (plain.length === 0) throw new RangeError('a chunk holds at least one byte')
    if (plain.length > courierLimits.chunkBytesMax)
      throw tooLarge(`a chunk of ${plain.length} bytes is more than ${courierLimits.chunkBytesMax}`)
    if (this.#chunks === courierLimits.chunksMax) throw tooLarge(`it has more than ${courierLimits.chunksMax} chunks`)
    const { sealed, tag } = this.#seal.seal(this.#chunks++, plain)
    this.#tags.update(tag)
    return this.#counted([lengthOf(sealed.length), sealed, tag])
  }

  end({ lanes, has_more }: Pick<CourierTrailer, 'lanes' | 'has_more'>): Buffer {
    const trailer: CourierTrailer = {
      chunks: this.#chunks,
      tags_sha256: this.#tags.digest('base64url'),
      lanes,
      has_more,
    }
    const bytes = Buffer.from(JSON.stringify(trailer))
    const signature = sign(null, trailerText(this.#headerDigest, bytes), this.#signingKey)
    return this.#counted([lengthOf(0), lengthOf(bytes.length), bytes, signature])
  }

  #counted(parts: readonly Uint8Array[]): Buffer {
    const bytes = Buffer.concat(parts)
    this.#bytes += bytes.length
    return bytes
  }
}

/** What a chunk of so many bytes takes in the file. */
export const chunkFileBytes = (plainBytes: number): number => 4 + plainBytes + tagBytes

function lengthOf(length: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(length)
  return bytes
}
