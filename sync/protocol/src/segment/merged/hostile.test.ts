import { crc32 } from 'node:zlib'
import type { Reading } from '@jidoka/domain'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { segmentLimits } from '../../limits.ts'
import { readingsArbitrary } from '../../testing/arbitraries.ts'
import { SegmentBuilder } from '../builder.ts'
import { ByteReader } from '../byte-reader.ts'
import { decodeSegment } from '../decode.ts'
import { SegmentError } from '../error.ts'
import { bufferSource } from './byte-source.ts'
import { mergeSegments } from './merge.ts'
import { openMerged } from './reader.ts'

/*
 * A merged segment comes from a disk that may rot and, in the cloud, from an edge that may be anybody's. What is wanted: a SegmentError
 * or readings within bounds; no other error, no memory beyond the limits. Changes are made behind every checksum as well, since who
 * makes a segment can make its checksums.
 */

function mergedOf(readings: readonly Reading[]): Uint8Array {
  const builder = new SegmentBuilder()
  for (const { tagNo, timeMs, value, quality } of readings) builder.push(tagNo, timeMs, value, quality)
  return mergeSegments([builder.encode(1, 1_790_000_000_000)])
}

/** Every way of reading it. Returns what was wrong, or null. */
function faultOf(bytes: Uint8Array): string | null {
  try {
    const segment = decodeSegment(bytes)
    expect(segment.count).toBeLessThanOrEqual(segmentLimits.mergedReadingsMax)
    for (const reading of segment.readings()) {
      expect(typeof reading.value === 'number' ? Number.isFinite(reading.value) : reading.value !== undefined).toBe(
        true,
      )
      expect(reading.quality).toBeDefined()
      expect(reading.tagNo).toBeGreaterThan(0)
      expect(Number.isInteger(reading.timeMs)).toBe(true)
    }
    return null
  } catch (error) {
    if (error instanceof SegmentError) return error.reason
    throw error
  }
}

function readByTag(bytes: Uint8Array): void {
  try {
    const reader = openMerged(bufferSource(bytes))
    for (const tagNo of reader.tagNos) {
      reader.stats(tagNo)
      reader.readTag(tagNo)
    }
    reader.verify()
  } catch (error) {
    if (!(error instanceof SegmentError)) throw error
  }
}

/** Puts fitting checksums on header, root, directories and sections, as far as they can still be found. */
function sealed(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const seal = (from: number, end: number, at: number) => view.setUint32(at, crc32(bytes.subarray(from, end)), true)
  const rootEnd = 72 + view.getUint32(44, true)
  try {
    const reader = new ByteReader(bytes, 72, rootEnd - 4)
    const found: { at: number; bytes: number }[] = []
    const section = () => {
      const length = reader.varint()
      reader.varint()
      found.push({ at: reader.at, bytes: length })
      reader.u32()
    }
    section()
    section()
    const directories: typeof found = []
    for (let group = 0; group < view.getUint32(40, true); group++) {
      reader.varint()
      reader.varint()
      reader.varint()
      const length = reader.varint()
      directories.push({ at: reader.at, bytes: length })
      reader.u32()
      section()
    }
    let at = rootEnd
    for (const each of [...directories, ...found]) {
      seal(at, at + each.bytes, each.at)
      at += each.bytes
    }
    seal(72, rootEnd - 4, rootEnd - 4)
  } catch (error) {
    if (!(error instanceof SegmentError) && !(error instanceof RangeError)) throw error
  }
  seal(0, 68, 68)
  return bytes
}

const some = mergedOf([
  ...Array.from({ length: 40 }, (_, index) => ({
    tagNo: 1,
    timeMs: index * 10,
    value: index / 10,
    quality: 'good' as const,
  })),
  { tagNo: 2, timeMs: 5, value: true, quality: 'good' },
  { tagNo: 3, timeMs: 6, value: '정지', quality: 'uncertain' },
  { tagNo: 4, timeMs: 7, value: 1 / 3, quality: 'bad' },
])

test('any single changed byte is noticed, by decoding and by verifying', () => {
  for (let at = 0; at < some.length; at++) {
    const changed = some.slice()
    changed[at] = (changed[at] as number) ^ 0x55
    expect(faultOf(changed), `byte ${at}`).not.toBeNull()
    expect(() => openMerged(bufferSource(changed)).verify(), `byte ${at}`).toThrow(SegmentError)
  }
})

test('any cut end is noticed', () => {
  for (let length = 0; length < some.length; length++)
    expect(faultOf(some.slice(0, length)), `${length}`).not.toBeNull()
})

test('damage of one group costs only its tags', () => {
  const readings = Array.from({ length: 60_000 }, (_, index): Reading => ({
    tagNo: (index % 60) + 1,
    timeMs: 1_790_000_000_000 + index,
    value: Math.round(Math.sin(index) * 1e6) / 100,
    quality: 'good',
  }))
  const bytes = mergedOf(readings)
  bytes[bytes.length - 10] = (bytes[bytes.length - 10] as number) ^ 1
  const reader = openMerged(bufferSource(bytes))
  expect(reader.readTag(1)?.count).toBe(1_000)
  expect(() => reader.readTag(60)).toThrow(SegmentError)
})

test(
  'mutations with fitting checksums give a SegmentError or readings within bounds, nothing else',
  { timeout: 60_000 },
  () => {
    const found = { refused: 0, taken: 0 }
    fc.assert(
      fc.property(
        readingsArbitrary,
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 }),
        (readings, patches) => {
          const hostile = mergedOf(readings)
          for (const [at, byte] of patches) hostile[at % hostile.length] = byte
          sealed(hostile)
          found[faultOf(hostile) === null ? 'taken' : 'refused']++
          readByTag(hostile)
        },
      ),
      { numRuns: 1_000 },
    )
    // Both happen, or the checksums were not mended and nothing behind them was reached.
    expect(found.taken).toBeGreaterThan(10)
    expect(found.refused).toBeGreaterThan(10)
  },
)

test('lengths that ask for more than the limits are refused before anything is unpacked', () => {
  const patched = (at: number, value: number) => {
    const copy = some.slice()
    new DataView(copy.buffer).setUint32(at, value, true)
    return sealed(copy)
  }
  expect(faultOf(patched(24, 0xffff_ffff))).toBe('bounds')
  expect(faultOf(patched(28, 1_000))).toBe('bounds')
  expect(faultOf(patched(36, 0xffff_ffff))).toBe('bounds')
  expect(faultOf(patched(40, 0xffff_ffff))).toBe('bounds')
  expect(faultOf(patched(44, 0xffff_ff00))).toBe('bounds')
  expect(faultOf(patched(36, 100))).toBe('shape')
})
