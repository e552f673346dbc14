import type { Reading } from '@jidoka/domain'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rangeRows } from './range.ts'
import { addTally, RangeSum, rangesOfReadings, rangesOfRecords } from './range-sum.ts'
import { decodeSegment, mergeSegments, SegmentBuilder } from './segment/index.ts'
import { readingsArbitrary } from './testing/arbitraries.ts'

function encoded(readings: readonly Reading[], firstSeq: number) {
  const builder = new SegmentBuilder()
  for (const { tagNo, timeMs, value, quality } of readings) builder.push(tagNo, timeMs, value, quality)
  return builder.encode(firstSeq, 1_790_000_000_000)
}
const segment = (readings: readonly Reading[], firstSeq: number) => decodeSegment(encoded(readings, firstSeq))
const sumOf = (readings: readonly Reading[]) =>
  readings.reduce((sum, reading) => sum.addReading(reading), new RangeSum())

describe('the sum of a range', () => {
  test('does not depend on order, on segments, on merging, nor on where it was interrupted', () => {
    fc.assert(
      fc.property(readingsArbitrary, fc.nat(), fc.nat(), (readings, cut, turn) => {
        const at = cut % readings.length
        const whole = new RangeSum().addSegment(segment(readings, 1)).hex()
        const turned = [...readings.slice(turn % readings.length), ...readings.slice(0, turn % readings.length)]
        expect(sumOf(turned.toReversed()).hex()).toBe(whole)
        expect(new RangeSum(sumOf(readings.slice(at)).hex()).merge(sumOf(readings.slice(0, at))).hex()).toBe(whole)
        const parts =
          at === 0 ? [encoded(readings, 1)] : [encoded(readings.slice(0, at), 1), encoded(readings.slice(at), 1 + at)]
        expect(new RangeSum().addSegment(decodeSegment(mergeSegments(parts))).hex()).toBe(whole)
        // Taken out again, nothing is left.
        expect(new RangeSum(whole).subtract(sumOf(readings)).hex()).toBe(new RangeSum().hex())
      }),
    )
  })

  test('changes with any change of one reading, and with a reading that is there twice', () => {
    const base: Reading = { tagNo: 4, timeMs: 1_790_000_000_000, value: 1, quality: 'good' }
    const sums = [
      [],
      [base],
      [base, base],
      [{ ...base, tagNo: 5 }],
      [{ ...base, timeMs: base.timeMs + 1 }],
      [{ ...base, value: 2 }],
      [{ ...base, value: true }],
      [{ ...base, value: '1' }],
      [{ ...base, value: '' }],
      [{ ...base, value: 0 }],
      [{ ...base, value: -0 }],
      [{ ...base, quality: 'bad' } as const],
    ].map((readings) => sumOf(readings).hex())
    expect(new Set(sums).size).toBe(sums.length)
  })

  test('is the same on every machine and in every version of this protocol', () => {
    const readings: Reading[] = [
      { tagNo: 1, timeMs: 1_790_000_000_000, value: 20.5, quality: 'good' },
      { tagNo: 2, timeMs: 1_790_000_000_001, value: '정지', quality: 'uncertain' },
    ]
    expect(new RangeSum().addSegment(segment(readings, 1)).hex()).toMatchInlineSnapshot(`"8681b765791a5a69"`)
    expect(new RangeSum().addRecordLine(1, '{"seq":1}').hex()).toMatchInlineSnapshot(`"d9e6e517b6429294"`)
    expect(new RangeSum().addRecordLine(2 ** 32 + 1, '{"seq":1}').hex()).not.toBe(
      new RangeSum().addRecordLine(1, '{"seq":1}').hex(),
    )
  })

  test('carries from its lower half into its upper half', () => {
    const all = new RangeSum('ffffffffffffffff')
    expect(all.merge(new RangeSum('0000000000000002')).hex()).toBe('0000000000000001')
    expect(new RangeSum('00000000ffffffff').merge(new RangeSum('0000000000000001')).hex()).toBe('0000000100000000')
    expect(new RangeSum('0000000100000000').subtract(new RangeSum('0000000000000001')).hex()).toBe('00000000ffffffff')
  })
})

describe('a walk over a lane', () => {
  const ramp = (count: number) =>
    Array.from({ length: count }, (_, index): Reading => ({ tagNo: 1, timeMs: index, value: index, quality: 'good' }))

  test('is cut at the edges of ranges, and rows that were counted are passed over', () => {
    const readings = ramp(40)
    const segments = [segment(readings.slice(0, 30), rangeRows - 9), segment(readings.slice(30), rangeRows + 21)]
    expect([...rangesOfReadings(segments, rangeRows - 4)]).toEqual([
      [0, { count: 5, sum: sumOf(readings.slice(5, 10)).hex(), upToSeq: rangeRows }],
      [1, { count: 30, sum: sumOf(readings.slice(10)).hex(), upToSeq: rangeRows + 30 }],
    ])
    expect(rangesOfReadings(segments, rangeRows + 31)).toEqual(new Map())
    expect(rangesOfReadings(segments, 1, rangeRows - 9).get(0)).toMatchObject({ count: 1, upToSeq: rangeRows - 9 })
  })

  test('of records too', () => {
    const ranges = rangesOfRecords(rangeRows, ['a', 'b', 'c'])
    expect(ranges.get(0)).toMatchObject({ count: 1, upToSeq: rangeRows })
    expect(ranges.get(1)).toEqual({
      count: 2,
      sum: new RangeSum()
        .addRecordLine(rangeRows + 1, 'b')
        .addRecordLine(rangeRows + 2, 'c')
        .hex(),
      upToSeq: rangeRows + 2,
    })
  })

  test('done in any parts adds up to the same', () => {
    fc.assert(
      fc.property(readingsArbitrary, fc.nat(), (readings, cut) => {
        const firstSeq = rangeRows - 100
        const whole = segment(readings, firstSeq)
        const at = firstSeq + (cut % readings.length)
        const kept = rangesOfReadings([whole], firstSeq, at)
        for (const [range, more] of rangesOfReadings([whole], at + 1)) kept.set(range, addTally(kept.get(range), more))
        expect(kept).toEqual(rangesOfReadings([whole], firstSeq))
      }),
      { numRuns: 50 },
    )
  })
})
