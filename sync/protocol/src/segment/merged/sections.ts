import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { SegmentError } from '../error.ts'
import { mergedZstdLevel } from './layout.ts'

/** Bytes as they lie: packed where that is shorter. */
export interface Section {
  readonly stored: Uint8Array
  /** Unpacked. */
  readonly rawBytes: number
  readonly crc: number
}

/** Where a section lies and what must come out of it. */
export interface SectionPlace {
  readonly at: number
  readonly bytes: number
  readonly rawBytes: number
  readonly crc: number
}

/** Below it no frame is shorter than what is in it. */
const packedBytesMin = 32

/** 2^21: no part of a section is larger than what level 3 uses as its window; a frame may ask for 128 MB. */
const zstdWindowLogMax = 21

/** Output comes in chunks of their own, 128 KB unless told: more than what is in most of them. */
const chunkBytesMin = 1_024

/** A shorter plane shares its frame with the next: unpacking a frame costs as much as a kilobyte of it. */
const frameBytesMin = 1_024

/** Planes in their order, each long enough for tables of its own. */
function framesOf(planes: readonly Uint8Array[]): Uint8Array[] {
  const frames: Uint8Array[] = []
  let open: Uint8Array[] = []
  let openBytes = 0
  for (const plane of planes) {
    open.push(plane)
    openBytes += plane.length
    if (openBytes < frameBytesMin) continue
    frames.push(joined(open))
    open = []
    openBytes = 0
  }
  return openBytes === 0 ? frames : [...frames, joined(open)]
}

function compress(frame: Uint8Array): Uint8Array {
  return zstdCompressSync(frame, {
    chunkSize: Math.max(chunkBytesMin, frame.length),
    params: { [constants.ZSTD_c_compressionLevel]: mergedZstdLevel },
  })
}

/** About one frame a plane, or everything as it is when that is not longer. */
export function packSection(planes: readonly Uint8Array[]): Section {
  const rawBytes = planes.reduce((sum, plane) => sum + plane.length, 0)
  const frames = rawBytes < packedBytesMin ? [] : framesOf(planes).map(compress)
  const packed = frames.reduce((sum, frame) => sum + frame.length, 0)
  const stored = joined(frames.length > 0 && packed < rawBytes ? frames : planes)
  return { stored, rawBytes, crc: crc32(stored) }
}

/** @throws SegmentError when the bytes have changed */
export function checkSection(stored: Uint8Array, { crc }: SectionPlace): void {
  if (crc32(stored) !== crc) throw new SegmentError('checksum', 'the checksum of a section does not fit its bytes')
}

/** @throws SegmentError when the bytes have changed or are not what their place says */
export function unpackSection(stored: Uint8Array, place: SectionPlace): Uint8Array {
  checkSection(stored, place)
  return stored.length === place.rawBytes ? stored : unpack(stored, place.rawBytes)
}

/**
 * Two sections at once: setting zstd up costs as much as unpacking some kilobytes.
 * @throws SegmentError as `unpackSection`
 */
export function unpackBoth(
  [stored, place]: readonly [Uint8Array, SectionPlace],
  [otherStored, otherPlace]: readonly [Uint8Array, SectionPlace],
): [Uint8Array, Uint8Array] {
  if (stored.length === place.rawBytes || otherStored.length === otherPlace.rawBytes)
    return [unpackSection(stored, place), unpackSection(otherStored, otherPlace)]
  checkSection(stored, place)
  checkSection(otherStored, otherPlace)
  const raw = unpack(joined([stored, otherStored]), place.rawBytes + otherPlace.rawBytes)
  return [raw.subarray(0, place.rawBytes), raw.subarray(place.rawBytes)]
}

function unpack(stored: Uint8Array, rawBytes: number): Uint8Array {
  let raw: Uint8Array
  try {
    raw = zstdDecompressSync(stored, {
      maxOutputLength: rawBytes + 1,
      chunkSize: Math.max(chunkBytesMin, rawBytes + 1),
      params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLogMax },
    })
  } catch {
    throw new SegmentError('shape', `a section does not unpack to ${rawBytes} bytes`)
  }
  if (raw.length !== rawBytes)
    throw new SegmentError('shape', `a section unpacks to ${raw.length} bytes, not ${rawBytes}`)
  return raw
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
