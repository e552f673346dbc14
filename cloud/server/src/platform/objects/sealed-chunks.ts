import { createCipheriv, createDecipheriv } from 'node:crypto'
import { damaged } from './object-error.ts'

/*
 * An object lies in the bucket as chunks, each sealed by itself with AES-256-GCM under the object's own data key:
 *
 *   ciphertext of 256 KiB (the last: 0 to 256 KiB) | tag (16)
 *
 * The nonce is the chunk's number, which a key of one object sees once; object id, number and whether it is the last are authenticated along
 * (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015): a chunk that is moved, left out, repeated, taken from another
 * object or cut off with all behind it does not open. An empty object is one empty chunk.
 */

/** Larger wastes memory and what a reader of a few bytes must fetch; smaller adds tags and calls. */
export const chunkBytes = 256 * 1_024
const tagBytes = 16
const sealedChunkBytes = chunkBytes + tagBytes
export const dataKeyBytes = 32
const algorithm = 'aes-256-gcm'

export interface ChunkKey {
  readonly dataKey: Uint8Array
  readonly objectId: string
}

/** How many bytes lie in the bucket for so many plain ones. */
export const sealedLength = (bytes: number): number => bytes + chunksOf(bytes) * tagBytes

const chunksOf = (bytes: number): number => Math.max(1, Math.ceil(bytes / chunkBytes))

/** @param told of each piece as it comes in, before it is sealed */
export async function* sealChunks(
  body: AsyncIterable<Uint8Array>,
  key: ChunkKey,
  told: (piece: Uint8Array) => void,
): AsyncGenerator<Buffer> {
  let index = 0
  let held: Uint8Array[] = []
  let heldBytes = 0
  for await (const piece of body) {
    told(piece)
    let rest = piece
    while (rest.length > 0) {
      // A full chunk waits for the next byte: until then it may be the last.
      if (heldBytes === chunkBytes) {
        yield seal(key, index++, false, Buffer.concat(held, heldBytes))
        held = []
        heldBytes = 0
      }
      const part = rest.subarray(0, chunkBytes - heldBytes)
      held.push(part)
      heldBytes += part.length
      rest = rest.subarray(part.length)
    }
  }
  yield seal(key, index, true, Buffer.concat(held, heldBytes))
}

export interface ChunkRange {
  /** Of the first chunk. */
  readonly index: number
  /** Where it begins in the bucket, and how many bytes are wanted from there. */
  readonly offset: number
  readonly length: number
  /** What of the opened chunks comes before the range. */
  readonly skip: number
}

/** Which sealed bytes hold the plain ones from `from` to before `to`. @param bytes of the whole plain object */
export function chunkRange(bytes: number, from: number, to: number): ChunkRange {
  const index = Math.min(Math.floor(from / chunkBytes), chunksOf(bytes) - 1)
  const last = Math.max(index, Math.ceil(to / chunkBytes) - 1)
  const offset = index * sealedChunkBytes
  const end = Math.min((last + 1) * sealedChunkBytes, sealedLength(bytes))
  return { index, offset, length: end - offset, skip: from - index * chunkBytes }
}

/**
 * Opens what `chunkRange` named. Nothing of a chunk is given before all of it is authenticated.
 * @param bytes of the whole plain object
 * @throws ObjectError `damaged`
 */
export async function* openChunks(
  sealed: AsyncIterable<Uint8Array>,
  key: ChunkKey,
  { index: first, length, bytes }: { readonly index: number; readonly length: number; readonly bytes: number },
): AsyncGenerator<Buffer> {
  const lastIndex = chunksOf(bytes) - 1
  let index = first
  let held: Uint8Array[] = []
  let heldBytes = 0
  let taken = 0
  const open = () => {
    const chunk = unseal(key, index, index === lastIndex, Buffer.concat(held, heldBytes))
    index++
    held = []
    heldBytes = 0
    return chunk
  }
  for await (const piece of sealed) {
    taken += piece.length
    if (taken > length) throw damaged('there is more of it than was written')
    let rest = piece
    while (rest.length > 0) {
      const part = rest.subarray(0, sealedChunkBytes - heldBytes)
      held.push(part)
      heldBytes += part.length
      rest = rest.subarray(part.length)
      if (heldBytes === sealedChunkBytes) yield open()
    }
  }
  if (heldBytes > 0) yield open()
  if (taken !== length) throw damaged('its end is missing')
}

const nonceOf = (index: number): Buffer => {
  const nonce = Buffer.alloc(12)
  nonce.writeBigUInt64BE(BigInt(index), 4)
  return nonce
}

const bindingOf = (objectId: string, index: number, isLast: boolean): Buffer =>
  Buffer.from(`jidoka object 1\n${objectId}\n${index}\n${isLast ? 'last' : 'more'}`)

function seal({ dataKey, objectId }: ChunkKey, index: number, isLast: boolean, plain: Uint8Array): Buffer {
  const cipher = createCipheriv(algorithm, dataKey, nonceOf(index), { authTagLength: tagBytes })
  cipher.setAAD(bindingOf(objectId, index, isLast))
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

function unseal({ dataKey, objectId }: ChunkKey, index: number, isLast: boolean, sealed: Buffer): Buffer {
  if (sealed.length < tagBytes) throw damaged('its end is missing')
  const decipher = createDecipheriv(algorithm, dataKey, nonceOf(index), { authTagLength: tagBytes })
  decipher.setAAD(bindingOf(objectId, index, isLast))
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, sealed.length - tagBytes)), decipher.final()])
  } catch (cause) {
    throw damaged(`its part ${index + 1} was changed, moved or cut`, cause)
  }
}
