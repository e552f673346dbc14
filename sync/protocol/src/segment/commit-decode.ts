import { crc32 } from 'node:zlib'
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
import { CommitTable } from './merged/commits.ts'
import { mergedVersion } from './merged/layout.ts'
import { DecodedSegment } from './segment.ts'
import type { Segment } from './segment.ts'
import { decodeText, textBytesMax } from './text.ts'
import { getUint64 } from './varint.ts'

/** Where the columns of a commit go; each has room for all of its readings. */
export interface CommitColumns {
  /** Per reading: index into the dictionary. */
  readonly entry: Uint16Array
  readonly timeMs: Float64Array
  readonly number: Float64Array
  /** Zeros where nothing is written. */
  readonly quality: Uint8Array
}

/** What a commit says beside its columns. */
export interface CommitContent {
  readonly firstSeq: number
  readonly count: number
  readonly receivedMs: number
  readonly entryTagNos: readonly number[]
  /** Indices into `valueKinds`. */
  readonly entryKinds: readonly number[]
  readonly texts: readonly string[]
}

/** @throws SegmentError */
export function decodeCommit(bytes: Uint8Array): Segment {
  let columns: CommitColumns | undefined
  const content = readCommitColumns(bytes, (count) => {
    columns = {
      entry: new Uint16Array(count),
      timeMs: new Float64Array(count),
      number: new Float64Array(count),
      quality: new Uint8Array(count),
    }
    return columns
  })
  const { firstSeq, count, receivedMs, entryTagNos, entryKinds, texts } = content
  const commitTable = CommitTable.ofOne(firstSeq, count, receivedMs)
  return new DecodedSegment({
    firstSeq,
    count,
    commitTable,
    entryTagNos,
    entryKinds,
    texts,
    ...(columns as CommitColumns),
  })
}

/**
 * The readings of a commit into columns of the caller's.
 * @param columnsFor asked once, after the header was checked
 * @throws SegmentError
 */
export function readCommitColumns(bytes: Uint8Array, columnsFor: (count: number) => CommitColumns): CommitContent {
  const { view, firstSeq, receivedMs, count, entryCount, flags } = parseHeader(bytes)
  const end = bytes.length - checksumBytes
  if (view.getUint32(end, true) !== crc32(bytes.subarray(0, end)))
    throw new SegmentError('checksum', 'its checksum does not fit its bytes')

  const reader = new ByteReader(bytes, headerBytes, end)
  const { entryTagNos, entryEncodings } = readDictionary(reader, entryCount)
  const { entry, timeMs, number, quality } = columnsFor(count)
  readEntries(reader, count, entryCount, entry)
  readTimes(reader, count, receivedMs, timeMs)
  const has = (encoding: number) => entryEncodings.includes(encoding)

  readScaled(reader, count, entry, entryEncodings, number)
  if (has(encodingRaw)) readRaw(reader, count, entry, entryEncodings, number)
  if (has(encodingBoolean)) readBooleans(reader, count, entry, entryEncodings, number)
  const texts = has(encodingText) ? readTexts(reader, count, entry, entryEncodings, number) : []
  if (flags === flagQuality) readQualities(reader, count, quality)
  if (!reader.atEnd) throw new SegmentError('shape', 'bytes are left over behind the last column')

  const entryKinds = entryEncodings.map((encoding) =>
    encoding === encodingText ? kindText : encoding === encodingBoolean ? kindBoolean : kindNumber,
  )
  return { firstSeq, count, receivedMs, entryTagNos, entryKinds, texts }
}

/** @throws SegmentError */
export function readCommitHeader(bytes: Uint8Array): { firstSeq: number; count: number; receivedMs: number } {
  const { firstSeq, count, receivedMs } = parseHeader(bytes)
  return { firstSeq, count, receivedMs }
}

function parseHeader(bytes: Uint8Array) {
  if (bytes.length < headerBytes + checksumBytes) throw new SegmentError('magic', `${bytes.length} bytes are too few`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== segmentMagic) throw new SegmentError('magic', 'it does not begin like one')
  const version = view.getUint16(4, true)
  if (version !== segmentVersion)
    throw new SegmentError(
      'version',
      `it has version ${version}, this program reads ${segmentVersion} and ${mergedVersion}`,
    )
  const flags = view.getUint16(6, true)
  const firstSeq = getUint64(view, 8)
  const receivedMs = getUint64(view, 16)
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

function readEntries(reader: ByteReader, count: number, entryCount: number, into: Uint16Array): void {
  if (entryCount === 1) {
    into.fill(0, 0, count)
    return
  }
  const wide = entryCount > 256
  const bytes = reader.take(wide ? count * 2 : count)
  for (let index = 0; index < count; index++) {
    const entry = wide
      ? (bytes[index * 2] as number) | ((bytes[index * 2 + 1] as number) << 8)
      : (bytes[index] as number)
    if (entry >= entryCount) throw new SegmentError('bounds', `reading ${index} names tag ${entry} of ${entryCount}`)
    into[index] = entry
  }
}

function readTimes(reader: ByteReader, count: number, receivedMs: number, into: Float64Array): void {
  let time = receivedMs
  for (let index = 0; index < count; index++) {
    time += reader.zigzag()
    if (!(time >= -timeMsMax && time <= timeMsMax))
      throw new SegmentError('bounds', `the time of reading ${index} is out of range`)
    into[index] = time
  }
}

function readScaled(
  reader: ByteReader,
  count: number,
  entries: Uint16Array,
  encodings: readonly number[],
  into: Float64Array,
): void {
  const last = encodings.map(() => 0)
  for (let index = 0; index < count; index++) {
    const entry = entries[index] as number
    const encoding = encodings[entry] as number
    if (encoding > decimalsMax) continue
    const scaled = (last[entry] as number) + reader.zigzag()
    if (!Number.isSafeInteger(scaled)) throw new SegmentError('bounds', `the value of reading ${index} is out of range`)
    last[entry] = scaled
    into[index] = scaled / (scales[encoding] as number)
  }
}

function readRaw(
  reader: ByteReader,
  count: number,
  entries: Uint16Array,
  encodings: readonly number[],
  into: Float64Array,
): void {
  for (let index = 0; index < count; index++) {
    if (encodings[entries[index] as number] !== encodingRaw) continue
    const value = reader.f64()
    if (!Number.isFinite(value)) throw new SegmentError('shape', `reading ${index} is not a finite number`)
    into[index] = value
  }
}

function readBooleans(
  reader: ByteReader,
  count: number,
  entries: Uint16Array,
  encodings: readonly number[],
  into: Float64Array,
): void {
  let bits = 0
  let bitCount = 0
  for (let index = 0; index < count; index++) {
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
  count: number,
  entries: Uint16Array,
  encodings: readonly number[],
  into: Float64Array,
): string[] {
  const textCount = reader.varint()
  if (textCount > count) throw new SegmentError('bounds', `it claims ${textCount} texts for ${count} readings`)
  const texts: string[] = []
  for (let index = 0; index < textCount; index++) {
    const length = reader.varint()
    if (length > textBytesMax) throw new SegmentError('bounds', `a text of ${length} bytes is too long`)
    texts.push(decodeText(reader.take(length)))
  }
  for (let index = 0; index < count; index++) {
    if (encodings[entries[index] as number] !== encodingText) continue
    const text = reader.varint()
    if (text >= textCount) throw new SegmentError('bounds', `reading ${index} names text ${text} of ${textCount}`)
    into[index] = text
  }
  return texts
}

function readQualities(reader: ByteReader, count: number, into: Uint8Array): void {
  const packed = reader.take(Math.ceil(count / 4))
  for (let index = 0; index < count; index++) {
    const code = ((packed[index >>> 2] as number) >>> ((index & 3) * 2)) & 3
    if (code === 3) throw new SegmentError('shape', `the quality of reading ${index} is unknown`)
    into[index] = code
  }
}
