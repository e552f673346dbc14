import { crc32 } from 'node:zlib'
import { textValueLengthMax } from '@jidoka/domain'
import { segmentLimits } from '../limits.ts'
import { ByteReader } from './byte-reader.ts'
import { SegmentError } from './error.ts'
import {
  checksumBytes,
  decimalsMax,
  encodingBoolean,
  encodingRaw,
  encodingText,
  flagQuality,
  headerBytes,
  kindBoolean,
  kindNumber,
  kindText,
  scales,
  segmentMagic,
  segmentVersion,
  tagNoMax,
  timeMsMax,
} from './layout.ts'
import { DecodedSegment } from './segment.ts'
import type { Segment } from './segment.ts'

export interface SegmentHeader {
  readonly firstSeq: number
  readonly count: number
  /** Wall clock of the edge at the commit, milliseconds since 1970 UTC. */
  readonly receivedMs: number
  /** Length of the whole segment; equals the length of what was given. */
  readonly bytes: number
}

const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * What a segment says of itself, without its checksum being looked at: cheap enough for every segment of a scan.
 * @throws SegmentError
 */
export function readSegmentHeader(bytes: Uint8Array): SegmentHeader {
  const { view, ...header } = parseHeader(bytes)
  return { firstSeq: header.firstSeq, count: header.count, receivedMs: header.receivedMs, bytes: view.byteLength }
}

/**
 * Exact inverse of SegmentBuilder.encode. Safe on hostile bytes: nothing is allocated beyond `segmentLimits`.
 * @throws SegmentError
 */
export function decodeSegment(bytes: Uint8Array): Segment {
  const { view, firstSeq, receivedMs, count, entryCount, flags } = parseHeader(bytes)
  const end = bytes.length - checksumBytes
  if (view.getUint32(end, true) !== crc32(bytes.subarray(0, end)))
    throw new SegmentError('checksum', 'its checksum does not fit its bytes')

  const reader = new ByteReader(bytes, headerBytes, end)
  const { entryTagNos, entryEncodings } = readDictionary(reader, entryCount)
  const entries = readEntries(reader, count, entryCount)
  const timeMs = readTimes(reader, count, receivedMs)
  const has = (encoding: number) => entryEncodings.includes(encoding)

  const number = new Float64Array(count)
  readScaled(reader, entries, entryEncodings, number)
  if (has(encodingRaw)) readRaw(reader, entries, entryEncodings, number)
  if (has(encodingBoolean)) readBooleans(reader, entries, entryEncodings, number)
  const texts = has(encodingText) ? readTexts(reader, entries, entryEncodings, number) : []
  const quality = flags === flagQuality ? readQualities(reader, count) : new Uint8Array(count)
  if (!reader.atEnd) throw new SegmentError('shape', 'bytes are left over behind the last column')

  const entryKinds = entryEncodings.map((encoding) =>
    encoding === encodingText ? kindText : encoding === encodingBoolean ? kindBoolean : kindNumber,
  )
  const tagNo = new Uint32Array(count)
  const kind = new Uint8Array(count)
  for (let index = 0; index < count; index++) {
    const entry = entries[index] as number
    tagNo[index] = entryTagNos[entry] as number
    kind[index] = entryKinds[entry] as number
  }
  return new DecodedSegment({
    firstSeq,
    count,
    receivedMs,
    tagNo,
    timeMs,
    quality,
    kind,
    number,
    texts,
    tagNos: [...new Set(entryTagNos)],
  })
}

function parseHeader(bytes: Uint8Array) {
  if (bytes.length < headerBytes + checksumBytes) throw new SegmentError('magic', `${bytes.length} bytes are too few`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== segmentMagic) throw new SegmentError('magic', 'it does not begin like one')
  const version = view.getUint16(4, true)
  if (version !== segmentVersion)
    throw new SegmentError('version', `it has version ${version}, this program reads ${segmentVersion}`)
  const flags = view.getUint16(6, true)
  const firstSeq = uint64(view, 8)
  const receivedMs = uint64(view, 16)
  const count = view.getUint32(24, true)
  const entryCount = view.getUint32(28, true)
  if (view.getUint32(32, true) !== bytes.length || bytes.length > segmentLimits.bytesMax)
    throw new SegmentError('bounds', `its length of ${bytes.length} bytes is not what it says`)
  if (count < 1 || count > segmentLimits.readingsMax) throw new SegmentError('bounds', `it claims ${count} readings`)
  if (entryCount < 1 || entryCount > count)
    throw new SegmentError('bounds', `it claims ${entryCount} tags for ${count} readings`)
  if (firstSeq < 1 || !Number.isSafeInteger(firstSeq + count))
    throw new SegmentError('bounds', 'its sequence number is out of range')
  if (receivedMs > timeMsMax) throw new SegmentError('bounds', 'its wall clock is out of range')
  if (flags > flagQuality) throw new SegmentError('shape', `its flags ${flags} are unknown`)
  return { view, flags, firstSeq, receivedMs, count, entryCount }
}

function readDictionary(reader: ByteReader, entryCount: number): { entryTagNos: number[]; entryEncodings: number[] } {
  const entryTagNos: number[] = []
  const entryEncodings: number[] = []
  for (let entry = 0; entry < entryCount; entry++) {
    const tagNo = reader.varint()
    if (tagNo < 1 || tagNo > tagNoMax) throw new SegmentError('bounds', `${tagNo} is not the number of a tag`)
    const encoding = reader.u8()
    if (encoding > decimalsMax && (encoding < encodingRaw || encoding > encodingText))
      throw new SegmentError('shape', `the encoding ${encoding} is unknown`)
    entryTagNos.push(tagNo)
    entryEncodings.push(encoding)
  }
  return { entryTagNos, entryEncodings }
}

function readEntries(reader: ByteReader, count: number, entryCount: number): Uint16Array {
  const entries = new Uint16Array(count)
  if (entryCount === 1) return entries
  const wide = entryCount > 256
  const bytes = reader.take(wide ? count * 2 : count)
  for (let index = 0; index < count; index++) {
    const entry = wide
      ? (bytes[index * 2] as number) | ((bytes[index * 2 + 1] as number) << 8)
      : (bytes[index] as number)
    if (entry >= entryCount) throw new SegmentError('bounds', `reading ${index} names tag ${entry} of ${entryCount}`)
    entries[index] = entry
  }
  return entries
}

function readTimes(reader: ByteReader, count: number, receivedMs: number): Float64Array {
  const times = new Float64Array(count)
  let time = receivedMs
  for (let index = 0; index < count; index++) {
    time += reader.zigzag()
    if (!(time >= -timeMsMax && time <= timeMsMax))
      throw new SegmentError('bounds', `the time of reading ${index} is out of range`)
    times[index] = time
  }
  return times
}

function readScaled(reader: ByteReader, entries: Uint16Array, encodings: readonly number[], into: Float64Array): void {
  const last = new Float64Array(encodings.length)
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index] as number
    const encoding = encodings[entry] as number
    if (encoding > decimalsMax) continue
    const scaled = (last[entry] as number) + reader.zigzag()
    if (!Number.isSafeInteger(scaled)) throw new SegmentError('bounds', `the value of reading ${index} is out of range`)
    last[entry] = scaled
    into[index] = scaled / (scales[encoding] as number)
  }
}

function readRaw(reader: ByteReader, entries: Uint16Array, encodings: readonly number[], into: Float64Array): void {
  for (let index = 0; index < entries.length; index++) {
    if (encodings[entries[index] as number] !== encodingRaw) continue
    const value = reader.f64()
    if (!Number.isFinite(value)) throw new SegmentError('shape', `reading ${index} is not a finite number`)
    into[index] = value
  }
}

function readBooleans(
  reader: ByteReader,
  entries: Uint16Array,
  encodings: readonly number[],
  into: Float64Array,
): void {
  let bits = 0
  let bitCount = 0
  for (let index = 0; index < entries.length; index++) {
    if (encodings[entries[index] as number] !== encodingBoolean) continue
    if (bitCount === 0) {
      bits = reader.u8()
      bitCount = 8
    }
    into[index] = bits & 1
    bits >>>= 1
    bitCount--
  }
}

function readTexts(
  reader: ByteReader,
  entries: Uint16Array,
  encodings: readonly number[],
  into: Float64Array,
): string[] {
  const textCount = reader.varint()
  if (textCount > entries.length)
    throw new SegmentError('bounds', `it claims ${textCount} texts for ${entries.length} readings`)
  const texts: string[] = []
  for (let index = 0; index < textCount; index++) {
    const length = reader.varint()
    if (length > textValueLengthMax * 3) throw new SegmentError('bounds', `a text of ${length} bytes is too long`)
    texts.push(decodeText(reader.take(length)))
  }
  for (let index = 0; index < entries.length; index++) {
    if (encodings[entries[index] as number] !== encodingText) continue
    const text = reader.varint()
    if (text >= textCount) throw new SegmentError('bounds', `reading ${index} names text ${text} of ${textCount}`)
    into[index] = text
  }
  return texts
}

function decodeText(bytes: Uint8Array): string {
  let text: string
  try {
    text = textDecoder.decode(bytes)
  } catch {
    throw new SegmentError('shape', 'a text is not UTF-8')
  }
  if (text.length > textValueLengthMax)
    throw new SegmentError('bounds', `a text of ${text.length} characters is too long`)
  return text
}

function readQualities(reader: ByteReader, count: number): Uint8Array {
  const packed = reader.take(Math.ceil(count / 4))
  const quality = new Uint8Array(count)
  for (let index = 0; index < count; index++) {
    const code = ((packed[index >>> 2] as number) >>> ((index & 3) * 2)) & 3
    if (code === 3) throw new SegmentError('shape', `the quality of reading ${index} is unknown`)
    quality[index] = code
  }
  return quality
}

function uint64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32
}
