import { crc32 } from 'node:zlib'
import type { Reading } from '@jidoka/domain'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { segmentLimits } from '../limits.ts'
import { readingsArbitrary } from '../testing/arbitraries.ts'
import { SegmentBuilder } from './builder.ts'
import { decodeSegment, readSegmentHeader } from './decode.ts'
import { SegmentError } from './error.ts'
import { timeMsMax } from './layout.ts'

const receivedMs = 1_790_000_000_000

function encode(readings: readonly Reading[], firstSeq = 1): Uint8Array {
  const builder = new SegmentBuilder()
  for (const { tagNo, timeMs, value, quality } of readings) builder.push(tagNo, timeMs, value, quality)
  return builder.encode(firstSeq, receivedMs)
}

const good = (tagNo: number, value: Reading['value'], timeMs = receivedMs): Reading => ({
  tagNo,
  timeMs,
  value,
  quality: 'good',
})

/** Puts a fitting checksum on changed bytes: what an attacker would do. */
function sealed(bytes: Uint8Array): Uint8Array {
  const end = bytes.length - 4
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(end, crc32(bytes.subarray(0, end)), true)
  return bytes
}

function faultOf(bytes: Uint8Array): string | null {
  try {
    decodeSegment(bytes)
    return null
  } catch (error) {
    if (error instanceof SegmentError) return error.reason
    throw error
  }
}

describe('round trip', () => {
  test('every reading comes back bit for bit, in order of arrival, numbered from the first sequence number', () => {
    fc.assert(
      fc.property(readingsArbitrary, fc.integer({ min: 1, max: 2 ** 52 }), (readings, firstSeq) => {
        const segment = decodeSegment(encode(readings, firstSeq))
        expect([...segment.readings()]).toStrictEqual(
          readings.map((reading, index) => ({ seq: firstSeq + index, ...reading })),
        )
        readings.forEach(({ value }, index) => expect(Object.is(segment.value(index), value)).toBe(true))
        expect(segment.tagNos).toEqual([...new Set(readings.map(({ tagNo }) => tagNo))])
        expect(segment.receivedMs).toBe(receivedMs)
      }),
      { numRuns: 300 },
    )
  })

  test('a builder that was reset leaves nothing of the commit before', () => {
    const builder = new SegmentBuilder()
    const readings = [good(7, 'on'), good(8, 1 / 3), good(9, true), { ...good(7, 2), quality: 'bad' as const }]
    for (const { tagNo, timeMs, value, quality } of readings) builder.push(tagNo, timeMs, value, quality)
    builder.encode(1, receivedMs)
    builder.reset()
    expect(builder.count).toBe(0)
    builder.push(3, receivedMs, 20.5, 'good')
    expect(builder.encode(5, receivedMs)).toEqual(encode([good(3, 20.5)], 5))
  })

  test('a number with more decimals after a large integer keeps both exact', () => {
    const values = [2 ** 49, 0.000_001, -12.5]
    const segment = decodeSegment(encode(values.map((value) => good(1, value))))
    expect([...segment.number]).toEqual(values)
  })

  test('more than 256 tags, the largest count of readings, and one tag alone come back', () => {
    for (const [tags, count] of [
      [1, 5],
      [257, 600],
      [40_000, segmentLimits.readingsMax],
    ] as const) {
      const builder = new SegmentBuilder()
      for (let index = 0; index < count; index++)
        builder.push((index % tags) + 1, receivedMs + index, index / 4, 'good')
      const segment = decodeSegment(builder.encode(1, receivedMs))
      expect(segment.count).toBe(count)
      expect(segment.tagNos.length).toBe(tags)
      for (let index = 0; index < count; index += 997)
        expect([segment.tagNo[index], segment.timeMs[index], segment.number[index]]).toEqual([
          (index % tags) + 1,
          receivedMs + index,
          index / 4,
        ])
    }
  })

  test('a lone surrogate becomes the replacement character, as in UTF-8', () => {
    expect(decodeSegment(encode([good(1, 'a\uD800b')])).value(0)).toBe('a\uFFFDb')
  })
})

describe('the builder refuses', () => {
  const builder = new SegmentBuilder()
  test.each([
    ['NaN', () => builder.push(1, 0, Number.NaN, 'good')],
    ['infinity', () => builder.push(1, 0, Number.NEGATIVE_INFINITY, 'good')],
    ['tag number 0', () => builder.push(0, 0, 1, 'good')],
    ['tag number 2^32', () => builder.push(2 ** 32, 0, 1, 'good')],
    ['half a millisecond', () => builder.push(1, 0.5, 1, 'good')],
    ['a time beyond the range', () => builder.push(1, timeMsMax + 1, 1, 'good')],
    ['a text that is too long', () => builder.push(1, 0, 'x'.repeat(1_025), 'good')],
    ['an empty segment', () => builder.encode(1, 0)],
  ])('%s', (_, act) => {
    expect(act).toThrow(RangeError)
    expect(builder.count).toBe(0)
  })

  test('the reading after the last that fits, by count and by bytes of text', () => {
    const byCount = new SegmentBuilder()
    while (!byCount.full) byCount.push(1, 0, 1, 'good')
    expect(byCount.count).toBe(segmentLimits.readingsMax)
    expect(() => byCount.push(1, 0, 1, 'good')).toThrow('full')

    const byText = new SegmentBuilder()
    while (!byText.full) byText.push(1, 0, `${byText.count}`.padEnd(1_024, '가'), 'good')
    const bytes = byText.encode(1, 0)
    expect(bytes.length).toBeLessThan(segmentLimits.bytesMax)
    expect(decodeSegment(bytes).value(byText.count - 1)).toBe(`${byText.count - 1}`.padEnd(1_024, '가'))
  })
})

describe('bytes that changed or lie', () => {
  const bytes = encode([
    good(1, 20.5),
    good(2, true),
    good(3, '정지'),
    good(4, 1 / 3),
    { ...good(1, 21), quality: 'uncertain' },
  ])

  test('any single changed byte is noticed', () => {
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice()
      changed[at] = (changed[at] as number) ^ 0x55
      expect(faultOf(changed), `byte ${at}`).not.toBeNull()
    }
  })

  test('any cut end is noticed', () => {
    for (let length = 0; length < bytes.length; length++)
      expect(faultOf(bytes.slice(0, length)), `${length} bytes`).not.toBeNull()
  })

  test('the fault names what is wrong', () => {
    const patched = (patch: (view: DataView) => void) => {
      const copy = bytes.slice()
      patch(new DataView(copy.buffer))
      return sealed(copy)
    }
    expect(faultOf(patched((view) => view.setUint32(0, 0)))).toBe('magic')
    expect(faultOf(patched((view) => view.setUint16(4, 3, true)))).toBe('version')
    expect(faultOf(patched((view) => view.setUint32(24, 0xffff_ffff, true)))).toBe('bounds')
    expect(faultOf(patched((view) => view.setUint32(28, 6, true)))).toBe('bounds')
    expect(faultOf(patched((view) => view.setUint32(12, 0xffff_ffff, true)))).toBe('bounds')
    expect(faultOf(patched((view) => view.setUint16(6, 2, true)))).toBe('shape')
    const changed = bytes.slice()
    changed[40] = (changed[40] as number) ^ 1
    expect(faultOf(changed)).toBe('checksum')
  })

  test('hostile bytes with a fitting checksum give a SegmentError or a segment within bounds, nothing else', () => {
    fc.assert(
      fc.property(
        readingsArbitrary,
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 8 }),
        (readings, patches) => {
          const hostile = encode(readings)
          for (const [at, byte] of patches) hostile[at % (hostile.length - 4)] = byte
          sealed(hostile)
          if (faultOf(hostile) !== null) return
          const segment = decodeSegment(hostile)
          expect(segment.count).toBeLessThanOrEqual(segmentLimits.readingsMax)
          for (const reading of segment.readings()) {
            expect(
              typeof reading.value === 'number' ? Number.isFinite(reading.value) : reading.value !== undefined,
            ).toBe(true)
            expect(reading.quality).toBeDefined()
            expect(reading.tagNo).toBeGreaterThan(0)
          }
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test('the header alone is read without the body', () => {
    expect(readSegmentHeader(bytes)).toEqual({
      version: 1,
      firstSeq: 1,
      count: 5,
      receivedMs,
      bytes: bytes.length,
      expandedBytes: bytes.length,
    })
  })
})
