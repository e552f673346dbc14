import { createHash, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { z } from 'zod'
import { exportPublicKey, importPublicKey } from '../keys.ts'
import { endToUpgrade, protocolVersionSchema } from '../version.ts'
import { ByteQueue } from './byte-queue.ts'
import { CourierError, tampered, tooLarge } from './error.ts'
import { courierDigest, courierHeaderSchema, courierMagic, courierTrailerSchema } from './header.ts'
import { headerText, trailerText } from './header.ts'
import type { CourierHeader, CourierTrailer } from './header.ts'
import { importCourierPublicKey, keyFingerprint } from './keys.ts'
import { courierLimits } from './limits.ts'
import { ChunkSeal, courierKey, tagBytes } from './seal.ts'

const signatureBytes = 64
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const versionOnlySchema = z.looseObject({ protocol: protocolVersionSchema })

export type CourierBytes = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

export interface CourierReaderOptions {
  /** Which end reads: the other one is named when a program is too old. */
  readonly as: 'edge' | 'cloud'
  /** This end's own X25519 key. */
  readonly recipientKey: KeyObject
  /**
   * The Ed25519 public key of who says that it has sent the file. Throws a CourierError when nobody of that name may send one to us.
   * Nothing in the header is proven when it is asked.
   */
  readonly senderKey: (header: CourierHeader) => string | Promise<string>
  /** Absent: `courierLimits.fileBytesMax`. */
  readonly fileBytesMax?: number
}

/** What is known of a file once all of it is checked. */
export interface CheckedCourier {
  readonly header: CourierHeader
  readonly trailer: CourierTrailer
  readonly bytes: number
}

/**
 * The header alone, proven to be the sender's and for us: enough to refuse a file before all of it has come.
 * @param bytes at least the beginning of the file
 */
export async function readCourierHeader(bytes: CourierBytes, options: CourierReaderOptions): Promise<CourierHeader> {
  const queue = new ByteQueue(bytes, options.fileBytesMax ?? courierLimits.fileBytesMax)
  try {
    return (await readHead(queue, options)).header
  } finally {
    await queue.close()
  }
}

/**
 * The chunks of a file, in order, each opened. What has been yielded is the sender's own only once the whole file has been read: a file is
 * read twice, first to the end with `checkCourier`, and then for what is in it.
 * @throws CourierError; also at the very end.
 */
export async function* readCourier(
  bytes: CourierBytes,
  options: CourierReaderOptions,
): AsyncGenerator<Buffer, CheckedCourier, undefined> {
  const queue = new ByteQueue(bytes, options.fileBytesMax ?? courierLimits.fileBytesMax)
  try {
    const { header, headerDigest, senderKey } = await readHead(queue, options)
    const key = courierKey(options.recipientKey, ephemeralKey(header), { fileId: header.file_id, headerDigest })
    const seal = new ChunkSeal(key, headerDigest)
    const tags = createHash('sha256')
    let chunks = 0
    for (;;) {
      const length = (await queue.take(4)).readUInt32LE()
      if (length === 0) break
      if (length > courierLimits.chunkBytesMax) throw tampered(`chunk ${chunks + 1} claims ${length} bytes`)
      if (chunks === courierLimits.chunksMax) throw tooLarge(`it has more than ${courierLimits.chunksMax} chunks`)
      const sealed = await queue.take(length + tagBytes)
      const tag = sealed.subarray(length)
      tags.update(tag)
      yield seal.open(chunks++, sealed.subarray(0, length), tag)
    }
    const trailer = await readTrailer(queue, headerDigest, senderKey)
    if (trailer.chunks !== chunks || trailer.tags_sha256 !== tags.digest('base64url'))
      throw tampered('its end does not fit its chunks')
    if (!(await queue.isAtEnd())) throw tampered('something stands behind its end')
    return { header, trailer, bytes: queue.taken }
  } finally {
    await queue.close()
  }
}

/** Reads a file to its end: signatures, every seal, and that nothing is missing. @throws CourierError */
export async function checkCourier(bytes: CourierBytes, options: CourierReaderOptions): Promise<CheckedCourier> {
  const chunks = readCourier(bytes, options)
  for (;;) {
    const { done, value } = await chunks.next()
    if (done === true) return value
  }
}

async function readHead(
  queue: ByteQueue,
  { as, recipientKey, senderKey }: CourierReaderOptions,
): Promise<{ header: CourierHeader; headerDigest: Buffer; senderKey: KeyObject }> {
  const magic = await queue.take(courierMagic.length)
  if (!magic.equals(courierMagic))
    throw new CourierError('not_courier', 'This is no courier file of Jidoka. Choose the file that was exported.')
  const length = (await queue.take(4)).readUInt32LE()
  if (length > courierLimits.headerBytesMax) throw tampered(`it claims a header of ${length} bytes`)
  const headerBytes = Buffer.from(await queue.take(length))
  const signature = Buffer.from(await queue.take(signatureBytes))
  const json = parseJson(headerBytes, 'header')
  // The version first: a newer header may have members that this program does not know, and "tampered" would blame the wrong end.
  const version = versionOnlySchema.safeParse(json)
  const upgrade = version.success ? endToUpgrade(version.data.protocol, as === 'cloud' ? 'edge' : 'cloud') : null
  if (upgrade !== null)
    throw new CourierError(
      'version',
      `The courier file is of a version that the two ends do not share. Upgrade the ${upgrade}, then import the file again.`,
    )
  const parsed = courierHeaderSchema.safeParse(json)
  if (!parsed.success) throw tampered('its header has another form', parsed.error)
  const header = parsed.data
  const wanted = as === 'cloud' ? 'up' : 'down'
  if (header.direction !== wanted)
    throw new CourierError(
      'recipient',
      as === 'cloud'
        ? 'This courier file is for an appliance. Import it there; here belong those that an appliance has exported.'
        : 'This courier file is for the cloud. Import it in the console; here belong those that the cloud has exported for this appliance.',
    )
  const key = importPublicKey(await senderKey(header))
  if (!verify(null, headerText(headerBytes), key, signature)) throw tampered('its header is not signed by its sender')
  if (header.recipient !== keyFingerprint(exportPublicKey(recipientKey)))
    throw new CourierError(
      'recipient',
      'The courier file is encrypted to another key than the one of this end. Export it again after the two ends have had contact.',
    )
  return { header, headerDigest: courierDigest(headerBytes), senderKey: key }
}

async function readTrailer(queue: ByteQueue, headerDigest: Buffer, senderKey: KeyObject): Promise<CourierTrailer> {
  const length = (await queue.take(4)).readUInt32LE()
  if (length > courierLimits.trailerBytesMax) throw tampered(`it claims a trailer of ${length} bytes`)
  const bytes = Buffer.from(await queue.take(length))
  const signature = await queue.take(signatureBytes)
  if (!verify(null, trailerText(headerDigest, bytes), senderKey, signature))
    throw tampered('its end is not signed by its sender')
  const parsed = courierTrailerSchema.safeParse(parseJson(bytes, 'trailer'))
  if (!parsed.success) throw tampered('its end has another form', parsed.error)
  return parsed.data
}

function ephemeralKey({ ephemeral_key }: CourierHeader): KeyObject {
  try {
    return importCourierPublicKey(ephemeral_key)
  } catch (cause) {
    throw tampered('the key in its header is none', cause)
  }
}

function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(utf8.decode(bytes))
  } catch (cause) {
    throw tampered(`its ${what} is not JSON`, cause)
  }
}
