import type { Quality, Reading, Value } from '@jidoka/domain'
import { qualities } from '@jidoka/domain'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RunningDigest } from '../../digest.ts'
import { segmentLimits } from '../../limits.ts'
import { readingsArbitrary } from '../../testing/arbitraries.ts'
import { SegmentBuilder } from '../builder.ts'
import { decodeSegment, readSegmentHeader } from '../decode.ts'
import type { Segment } from '../segment.ts'
import { bufferSource } from './byte-source.ts'
import { mergeSegments, sliceSegment } from './merge.ts'
import { openMerged } from './reader.ts'
import type { TagColumn } from './tag-column.ts'

const startMs = 1_790_000_000_000

function commitOf(readings: readonly Reading[], firstSeq: number, receivedMs = startMs): Uint8Array {
  const builder = new SegmentBuilder()
  for (const { tagNo, timeMs, value, quality } of readings) builder.push(tagNo, timeMs, value, quality)
  return builder.encode(firstSeq, receivedMs)
}

interface Told {
  readonly readings: readonly Reading[]
  readonly receivedMs: number
}

function commitsOf(told: readonly Told[], firstSeq = 1): Uint8Array[] {
  let seq = firstSeq
  return told.map(({ readings, receivedMs }) => {
    const bytes = commitOf(readings, seq, receivedMs)
    seq += readings.length
    return bytes
  })
}

const toldArbitrary: fc.Arbitrary<Told> = fc.record({
  readings: readingsArbitrary,
  receivedMs: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: startMs, max: startMs + 100_000 }) },
    fc.constantFrom(0, 2 ** 51),
  ),
})
const historyArbitrary = fc.array(toldArbitrary, { minLength: 1, maxLength: 6 })
const firstSeqArbitrary = fc.integer({ min: 1, max: 2 ** 52 })

const digestOf = (...segments: Segment[]): string =>
  segments.reduce((digest, segment) => digest.addSegment(segment), new RunningDigest()).hex()

/** Consecutive parts merged in some order, by pairs, until one is left. */
function mergedInSteps(parts: readonly Uint8Array[], choices: readonly number[]): Uint8Array {
  const left = [...parts]
  for (let step = 0; left.length > 1; step++) {
    const at = (choices[step % choices.length] as number) % (left.length - 1)
    left.splice(at, 2, mergeSegments([left[at] as Uint8Array, left[at + 1] as Uint8Array]))
  }
  return mergeSegments(left)
}

const valuesOf = (column: TagColumn): Value[] =>
  Array.from(column.number, (number, index) =>
    column.kind[index] === 0 ? number : column.kind[index] === 1 ? number === 1 : (column.texts[number] as string),
  )

describe('merging', { timeout: 60_000 }, () => {
  test('keeps every reading bit for bit, its place, its commit and the digest, however it was merged (S11)', () => {
    fc.assert(
      fc.property(
        historyArbitrary,
        firstSeqArbitrary,
        fc.array(fc.nat(), { minLength: 1 }),
        (told, firstSeq, choices) => {
          const parts = commitsOf(told, firstSeq)
          const merged = mergedInSteps(parts, choices)
          const segment = decodeSegment(merged)
          const readings = told.flatMap((each) => each.readings)
          expect([...segment.readings()]).toStrictEqual(
            readings.map((reading, index) => ({ seq: firstSeq + index, ...reading })),
          )
          readings.forEach(({ value }, index) => expect(Object.is(segment.value(index), value)).toBe(true))
          expect(segment.commits).toEqual(
            parts.map((part, index) => {
              const { firstSeq: first, count } = readSegmentHeader(part)
              return { firstSeq: first, count, receivedMs: told[index]?.receivedMs }
            }),
          )
          let index = 0
          for (const { readings: its, receivedMs } of told)
            for (const _ of its) expect(segment.receivedMsAt(index++)).toBe(receivedMs)
          expect(digestOf(segment)).toBe(digestOf(...parts.map((part) => decodeSegment(part))))
          // Neither the order of merging nor what was merged before leaves a trace.
          expect(merged).toEqual(mergeSegments(parts))
          expect(segment.tagNos).toEqual([...new Set(readings.map(({ tagNo }) => tagNo))])
          expect(segment.receivedMs).toBe(told.at(-1)?.receivedMs)
        },
      ),
      { numRuns: 80 },
    )
  })

  test('slices of it, and those merged again, hold what they should', () => {
    fc.assert(
      fc.property(historyArbitrary, firstSeqArbitrary, fc.nat(), fc.nat(), (told, firstSeq, one, other) => {
        const parts = commitsOf(told, firstSeq)
        const merged = mergeSegments(parts)
        const count = told.reduce((sum, { readings }) => sum + readings.length, 0)
        const [from, to] = [one % count, other % count].toSorted((left, right) => left - right) as [number, number]
        const whole = decodeSegment(merged)
        const sliced = sliceSegment(merged, firstSeq + from, firstSeq + to)
        const slice = decodeSegment(sliced)
        expect([...slice.readings()]).toStrictEqual([...whole.readings()].slice(from, to + 1))
        for (let index = from; index <= to; index++)
          expect(slice.receivedMsAt(index - from)).toBe(whole.receivedMsAt(index))
        const around = [
          ...(from > 0 ? [sliceSegment(merged, firstSeq, firstSeq + from - 1)] : []),
          sliced,
          ...(to + 1 < count ? [sliceSegment(merged, firstSeq + to + 1, firstSeq + count - 1)] : []),
        ]
        expect(digestOf(decodeSegment(mergeSegments(around)))).toBe(digestOf(whole))
        expect(new RunningDigest().addSegment(whole, firstSeq + from, firstSeq + to).hex()).toBe(digestOf(slice))
      }),
      { numRuns: 60 },
    )
  })

  test('refuses parts that leave a gap, overlap, are none, or exceed what a segment may hold', () => {
    const one = commitOf([{ tagNo: 1, timeMs: 0, value: 1, quality: 'good' }], 1)
    expect(() => mergeSegments([one, commitOf([{ tagNo: 1, timeMs: 0, value: 1, quality: 'good' }], 3)])).toThrow(
      RangeError,
    )
    expect(() => mergeSegments([one, one])).toThrow(RangeError)
    expect(() => mergeSegments([])).toThrow(RangeError)
    expect(() => sliceSegment(one, 1, 2)).toThrow(RangeError)
    const largest = new SegmentBuilder()
    while (!largest.full) largest.push(1, 0, 1, 'good')
    const parts = Array.from({ length: 17 }, (_, index) => largest.encode(1 + index * segmentLimits.readingsMax, 0))
    expect(() => mergeSegments(parts)).toThrow('more than 1048576')
    expect(decodeSegment(mergeSegments(parts.slice(1))).count).toBe(segmentLimits.mergedReadingsMax)
  })

  test('takes 65,536 readings of one tag each, and texts as long as they can be', () => {
    const tags = new SegmentBuilder()
    for (let index = 0; index < segmentLimits.readingsMax; index++) tags.push(index + 1, startMs, index / 8, 'good')
    const merged = mergeSegments([tags.encode(1, startMs)])
    const reader = openMerged(bufferSource(merged))
    expect(reader.tagNos.length).toBe(segmentLimits.readingsMax)
    expect(reader.readTag(40_000)?.number[0]).toBe(39_999 / 8)

    const texts = new SegmentBuilder()
    while (!texts.full) texts.push(1, 0, `${texts.count}`.padEnd(1_024, '가'), 'good')
    expect(decodeSegment(mergeSegments([texts.encode(1, 0)])).value(texts.count - 1)).toBe(
      `${texts.count - 1}`.padEnd(1_024, '가'),
    )
  })

  test('a value with more decimals, a third or -0 among plain ones does not cost the others their shortness', () => {
    const plain = Array.from({ length: 4_000 }, (_, index) => (20 * 100 + (index % 37)) / 100)
    const sized = (values: readonly number[]) => {
      const merged = mergeSegments([
        commitOf(
          values.map((value, index) => ({ tagNo: 1, timeMs: startMs + index, value, quality: 'good' })),
          1,
        ),
      ])
      decodeSegment(merged).number.forEach((value, index) => expect(Object.is(value, values[index])).toBe(true))
      return merged.length
    }
    const odd = plain
      .with(100, 1 / 3)
      .with(2_000, -0)
      .with(3_000, 20.123_456_789)
    expect(sized(odd)).toBeLessThan(sized(plain) + 200)
    // As a controller's 32-bit floats come through JSON.
    const singles = plain.map((value) => Math.fround(value))
    expect(sized(singles)).toBeLessThan(4_000 * 4)
  })
})

describe('reading a little', { timeout: 60_000 }, () => {
  test('each tag alone is what the whole holds of it, with statistics that fit', () => {
    fc.assert(
      fc.property(historyArbitrary, firstSeqArbitrary, (told, firstSeq) => {
        const merged = mergeSegments(commitsOf(told, firstSeq))
        const reader = openMerged(bufferSource(merged))
        const readings = told
          .flatMap((each) => each.readings)
          .map((reading, index) => ({ seq: firstSeq + index, ...reading }))
        expect(reader).toMatchObject({ firstSeq, count: readings.length, bytes: merged.length })
        expect(reader.fromMs).toBe(Math.min(...readings.map(({ timeMs }) => timeMs)))
        expect(reader.toMs).toBe(Math.max(...readings.map(({ timeMs }) => timeMs)))
        expect(reader.tagNos).toEqual(
          [...new Set(readings.map(({ tagNo }) => tagNo))].toSorted((left, right) => left - right),
        )
        for (const tagNo of reader.tagNos) {
          const mine = readings.filter((reading) => reading.tagNo === tagNo)
          const column = reader.readTag(tagNo) as TagColumn
          expect([...column.seq]).toEqual(mine.map(({ seq }) => seq))
          expect([...column.timeMs]).toEqual(mine.map(({ timeMs }) => timeMs))
          expect([...column.quality]).toEqual(mine.map(({ quality }) => qualities.indexOf(quality)))
          expect(valuesOf(column)).toStrictEqual(mine.map(({ value }) => value))

          const stats = reader.stats(tagNo)
          const times = mine.map(({ timeMs }) => timeMs)
          expect(stats).toMatchObject({ count: mine.length, fromMs: Math.min(...times), toMs: Math.max(...times) })
          const numbers = mine.flatMap(({ value, timeMs }) => (typeof value === 'number' ? [{ value, timeMs }] : []))
          if (numbers.length === 0) {
            expect(stats?.numbers).toBeNull()
            continue
          }
          const values = numbers.map(({ value }) => value)
          const [min, max] = [Math.min(...values), Math.max(...values)]
          const inTime = numbers.toSorted((left, right) => left.timeMs - right.timeMs)
          const firstMs = inTime[0]?.timeMs
          const lastMs = inTime.at(-1)?.timeMs
          expect(stats?.numbers).toEqual({
            count: numbers.length,
            min: expect.closeTo(min, 300),
            minAtMs: numbers.find(({ value }) => value === min)?.timeMs,
            max: expect.closeTo(max, 300),
            maxAtMs: numbers.find(({ value }) => value === max)?.timeMs,
            sum: expect.any(Number),
            firstMs,
            first: numbers.find(({ timeMs }) => timeMs === firstMs)?.value,
            lastMs,
            last: numbers.findLast(({ timeMs }) => timeMs === lastMs)?.value,
          })
          const sum = values.reduce((total, value) => total + value, 0)
          const scale = values.reduce((total, value) => total + Math.abs(value), 0)
          if (Number.isFinite(scale))
            expect(Math.abs((stats?.numbers?.sum ?? 0) - sum)).toBeLessThanOrEqual(scale * 1e-9)
        }
        expect(reader.readTag(77)).toBeNull()
        expect(reader.stats(77)).toBeNull()
        reader.verify()
      }),
      { numRuns: 60 },
    )
  })

  test('statistics that are stored are those of the readings', () => {
    const columns: Record<number, readonly number[]> = {
      1: Array.from({ length: 60 }, (_, index) => Math.round(Math.sin(index) * 1_000) / 100),
      2: Array.from({ length: 60 }, (_, index) => index / 3),
      3: Array.from({ length: 60 }, (_, index) => 2 ** 49 + index),
      4: Array.from({ length: 60 }, (_, index) => (index === 30 ? -0 : -index)),
    }
    const readings = Object.entries(columns).flatMap(([tagNo, values]) =>
      values.map((value, index) => ({
        tagNo: Number(tagNo),
        timeMs: startMs + ((index * 7) % 60),
        value,
        quality: 'good' as const,
      })),
    )
    const reader = openMerged(bufferSource(mergeSegments([commitOf(readings, 1)])))
    for (const [tagNo, values] of Object.entries(columns)) {
      const sum = values.reduce((total, value) => total + value, 0)
      const max = Math.max(...values)
      expect(reader.stats(Number(tagNo))?.numbers).toEqual({
        count: 60,
        min: Math.min(...values),
        minAtMs: startMs + ((values.indexOf(Math.min(...values)) * 7) % 60),
        max: expect.closeTo(max, 9),
        maxAtMs: startMs + ((values.indexOf(max) * 7) % 60),
        sum: expect.closeTo(sum, 6),
        first: values[0],
        firstMs: startMs,
        last: values[17],
        lastMs: startMs + 59,
      })
    }
  })

  test('of 2,000 tags one is read with few and small reads', () => {
    const builder = new SegmentBuilder()
    for (let index = 0; index < segmentLimits.readingsMax; index++)
      builder.push(
        (index % 2_000) + 1,
        startMs + Math.floor(index / 2),
        Math.round(Math.sin(index) * 1_000) / 100,
        'good',
      )
    const merged = mergeSegments([builder.encode(1, startMs)])
    const reads: number[] = []
    const source = {
      bytes: merged.length,
      read: (offset: number, length: number) => {
        reads.push(length)
        return merged.subarray(offset, offset + length)
      },
    }
    expect(openMerged(source).readTag(1_234)?.count).toBe(33)
    expect(reads.length).toBeLessThanOrEqual(4)
    expect(reads.reduce((sum, length) => sum + length, 0)).toBeLessThan(merged.length / 3)
    expect(readSegmentHeader(merged.subarray(0, 72))).toMatchObject({ version: 2, firstSeq: 1, bytes: merged.length })
  })
})

test('qualities other than good come back in their places', () => {
  const readings = Array.from({ length: 300 }, (_, index): Reading => ({
    tagNo: (index % 3) + 1,
    timeMs: startMs + index,
    value: index,
    quality: (index % 3 === 1 ? qualities[index % qualities.length] : 'good') as Quality,
  }))
  expect([...decodeSegment(mergeSegments([commitOf(readings, 1)])).readings()].map(({ quality }) => quality)).toEqual(
    readings.map(({ quality }) => quality),
  )
})
