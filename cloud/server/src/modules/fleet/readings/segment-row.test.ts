import { valueKinds } from '@jidoka/domain'
import type { Reading, Value } from '@jidoka/domain'
import {
  decodeSegment,
  mergeSegments,
  rangeOf,
  rangeRows,
  RangeSum,
  rangesOfReadings,
  SegmentBuilder,
} from '@jidoka/sync-protocol'
import type { Segment } from '@jidoka/sync-protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LastValues, recentMax } from './last-values.ts'
import { runsOf } from './runs.ts'
import { exactOf, readingsOf, rowsOfRun } from './segment-row.ts'
import type { SegmentRow, StoredRow } from './segment-row.ts'
import { storableMs, storableText } from '../../../platform/db/storable.ts'
import { addRows } from './stored-readings.ts'

const seed = Number(process.env['JIDOKA_TEST_SEED'] ?? 20_261_121)

type OneReading = Pick<Reading, 'tagNo' | 'timeMs' | 'value' | 'quality'>

function segmentOf(readings: readonly OneReading[], firstSeq: number, receivedMs = 0): Segment {
  const builder = new SegmentBuilder()
  for (const { tagNo, timeMs, value, quality } of readings) builder.push(tagNo, timeMs, value, quality)
  return decodeSegment(builder.encode(firstSeq, receivedMs))
}

function segmentsOf(commits: readonly OneReading[][], firstSeq = 1): Segment[] {
  let seq = firstSeq
  return commits
    .filter((commit) => commit.length > 0)
    .map((commit) => {
      const segment = segmentOf(commit, seq)
      seq += commit.length
      return segment
    })
}

function rowsOf(segments: readonly Segment[], fromSeq: number): SegmentRow[] {
  const rows: SegmentRow[] = []
  for (const { runs, columns } of runsOf(segments, fromSeq))
    for (const run of runs) rows.push(...rowsOfRun(run, columns))
  return rows
}

/** The row as the database gives it back, by the bounds of its columns. */
function stored(row: SegmentRow): StoredRow {
  const within = (values: readonly number[] | null, bits: number) =>
    values?.map((value) => {
      if (!Number.isInteger(value) || value < -(2 ** (bits - 1)) || value >= 2 ** (bits - 1))
        throw new RangeError(`${value} does not fit ${bits} bits`)
      return value
    }) ?? null
  within([row.stepMs, row.count, row.divisor ?? 1, row.toMs - row.fromMs], 32)
  if (row.base !== null && !Number.isSafeInteger(row.base))
    throw new RangeError(`${row.base} is no bigint that is safe`)
  return {
    first_seq: row.firstSeq,
    tag_no: row.tagNo,
    kind: row.kind,
    from_ms: storableMs(row.fromMs),
    count: row.count,
    step_ms: row.stepMs,
    dt: within(row.dt, row.dtWide ? 32 : 16),
    base: row.base,
    divisor: row.divisor,
    scaled: within(row.scaled, row.scaledWide ? 32 : 16),
    numbers: row.numbers,
    texts: row.texts?.map(storableText) ?? null,
    qualities: within(row.qualities, 16),
    exact: exactOf(row),
  }
}

const arbitraryReading: fc.Arbitrary<OneReading> = fc.record({
  tagNo: fc.integer({ min: 1, max: 4 }),
  timeMs: fc.oneof(
    fc.integer({ min: 0, max: 40 }).map((second) => 1_700_000_000_000 + second * 1_000),
    fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }),
    fc.integer({ min: -5_000_000_000_000, max: 400_000_000_000_000 }),
  ),
  value: fc.oneof(
    fc.integer({ min: -100_000, max: 100_000 }).map((cents) => cents / 100),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(-0, 5e-324, 1.7976931348623157e308, 2 ** 53 + 2, 0.1 + 0.2),
    fc.boolean(),
    fc.string({ maxLength: 8 }),
    fc.constant('nul \u0000'),
  ),
  quality: fc.constantFrom('good', 'good', 'uncertain', 'bad'),
})

describe('rows of readings', () => {
  it('I2: hold every reading from the given number on exactly once, bit for bit, those of one instant in order within their tag and kind', () => {
    const kindOf = (value: Value) => (typeof value === 'string' ? 'text' : typeof value)
    fc.assert(
      fc.property(
        fc.array(fc.array(arbitraryReading, { maxLength: 30 }), { maxLength: 6 }),
        fc.integer({ min: 1, max: 60 }),
        fc.constantFrom(1, rangeRows - 20),
        (commits, skipped, firstSeq) => {
          const fromSeq = firstSeq + skipped - 1
          const rows = rowsOf(segmentsOf(commits, firstSeq), fromSeq)
          const expected = commits.flat().slice(skipped - 1)
          for (let tagNo = 1; tagNo <= 4; tagNo++) {
            for (const [kind, name] of valueKinds.entries()) {
              const mine = rows
                .filter((row) => row.tagNo === tagNo && row.kind === kind)
                .toSorted((left, right) => left.firstSeq - right.firstSeq)
              const byTime = (readings: readonly OneReading[]) =>
                readings.toSorted((left, right) => left.timeMs - right.timeMs)
              const found = mine.flatMap((row) => [...readingsOf(stored(row))])
              // `toEqual` tells -0 from 0.
              expect(byTime(found)).toEqual(
                byTime(expected.filter((each) => each.tagNo === tagNo && kindOf(each.value) === name)),
              )
            }
          }
        },
      ),
      { seed },
    )
  })

  it('never cross a range of the lane, and give its sum again', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(arbitraryReading, { minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 4 }),
        (commits) => {
          const segments = segmentsOf(commits, rangeRows - 20)
          const rows = rowsOf(segments, 1)
          for (const [range, { count, sum }] of rangesOfReadings(segments, 1)) {
            const mine = rows.filter((row) => rangeOf(row.firstSeq) === range)
            const counted = new RangeSum()
            expect(addRows(counted, mine.map(stored))).toBe(count)
            expect(counted.hex()).toBe(sum)
          }
          expect(new Set(rows.map(({ firstSeq }) => firstSeq)).size).toBe(rows.length)
        },
      ),
      { seed },
    )
  })

  it('take four bytes a reading of a sensor with two decimals that is read once a second', () => {
    const readings = Array.from({ length: 600 }, (_, index) => ({
      tagNo: 1,
      timeMs: 1_700_000_000_000 + index * 1_000 + (index % 3),
      value: Math.round(8_000 + Math.sin(index) * 500) / 100,
      quality: 'good' as const,
    }))
    expect(rowsOf([segmentOf(readings, 1)], 1)).toMatchObject([
      { count: 600, stepMs: 1_000, dtWide: false, divisor: 100, scaledWide: false, numbers: null, qualities: null },
    ])
  })

  it('of a clock that flaps between two months are two, and not one of each reading', () => {
    const readings = Array.from({ length: 1_000 }, (_, index) => ({
      tagNo: 1,
      timeMs: 1_700_000_000_000 - (index % 2) * 26 * 86_400_000 + index * 1_000,
      value: index,
      quality: 'good' as const,
    }))
    const rows = rowsOf([segmentOf(readings, 1)], 1)
    expect(rows.map(({ firstSeq, count }) => [firstSeq, count])).toEqual([
      [2, 500],
      [1, 500],
    ])
    expect(rows.flatMap((row) => [...readingsOf(stored(row))]).map(({ value }) => value)).toEqual([
      ...readings.filter((_, index) => index % 2 === 1).map(({ value }) => value),
      ...readings.filter((_, index) => index % 2 === 0).map(({ value }) => value),
    ])
  })

  it('hold a million characters of texts at most', () => {
    const readings = Array.from({ length: 2_500 }, (_, index) => ({
      tagNo: 1,
      timeMs: 1_700_000_000_000 + index,
      value: 'x'.repeat(1_000),
      quality: 'good' as const,
    }))
    const rows = rowsOf([segmentOf(readings, 1)], 1)
    expect(rows.map(({ firstSeq, count }) => [firstSeq, count])).toEqual([
      [1, 1_048],
      [1_049, 1_048],
      [2_097, 404],
    ])
  })

  it('of merged segments are those of their parts, and the clock of each commit still counts for the last value', () => {
    const parts = [
      segmentOf([{ tagNo: 1, timeMs: 90_000, value: 1, quality: 'good' }], 1, 10_000),
      segmentOf([{ tagNo: 1, timeMs: 12_000, value: 2, quality: 'good' }], 2, 12_000),
    ]
    const merged = decodeSegment(
      mergeSegments(
        [
          [{ tagNo: 1, timeMs: 90_000, value: 1, quality: 'good' as const }, 1, 10_000] as const,
          [{ tagNo: 1, timeMs: 12_000, value: 2, quality: 'good' as const }, 2, 12_000] as const,
        ].map(([reading, seq, receivedMs]) => {
          const builder = new SegmentBuilder()
          builder.push(reading.tagNo, reading.timeMs, reading.value, reading.quality)
          return builder.encode(seq, receivedMs)
        }),
      ),
    )
    expect(rowsOf([merged], 1)).toEqual(rowsOf(parts, 1))
    const last = new LastValues()
    for (const { runs, columns } of runsOf([merged], 1)) for (const run of runs) last.add(run, columns)
    // The first was measured by a clock that runs ahead: it counts from when it came.
    expect(last.all).toMatchObject([{ tagNo: 1, value: 2, atMs: 12_000 }])
  })

  it('give each tag the last sixty numbers in order, across ranges', () => {
    const readings = Array.from({ length: 100 }, (_, index) => ({
      tagNo: 1,
      timeMs: 1_000 + index,
      value: index,
      quality: 'good' as const,
    }))
    const last = new LastValues()
    for (const { runs, columns } of runsOf([segmentOf(readings, rangeRows - 30, 10_000)], 1))
      for (const run of runs) last.add(run, columns)
    expect(last.all[0]?.recent).toEqual(Array.from({ length: recentMax }, (_, index) => 40 + index))
    expect(last.all[0]?.value).toBe(99)
  })
})
