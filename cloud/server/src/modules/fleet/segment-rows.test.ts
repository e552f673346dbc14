import { valueKinds } from '@jidoka/domain'
import type { Value } from '@jidoka/domain'
import { decodeSegment, mergeSegments, SegmentBuilder } from '@jidoka/sync-protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { floatText, recentMax, rowsOf } from './segment-rows.ts'

const seed = Number(process.env['JIDOKA_TEST_SEED'] ?? 20_261_121)

interface OneReading {
  tagNo: number
  timeMs: number
  value: Value
}

function segmentsOf(commits: readonly OneReading[][], receivedMs = 0) {
  const builder = new SegmentBuilder()
  let seq = 1
  return commits
    .filter((commit) => commit.length > 0)
    .map((commit) => {
      builder.reset()
      for (const { tagNo, timeMs, value } of commit) builder.push(tagNo, timeMs, value, 'good')
      const bytes = builder.encode(seq, receivedMs)
      seq += commit.length
      return decodeSegment(bytes)
    })
}

const reading = fc.record({
  tagNo: fc.integer({ min: 1, max: 4 }),
  timeMs: fc.oneof(
    fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }),
    fc.integer({ min: 0, max: 4_000_000_000_000 }),
  ),
  value: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.string({ maxLength: 8 })),
})

describe('rows of segments', () => {
  it('hold every reading from the given number on exactly once, in order within its tag and kind, whatever the readings (I2)', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(reading, { maxLength: 12 }), { maxLength: 6 }),
        fc.integer({ min: 1, max: 40 }),
        (commits, fromSeq) => {
          const { rows } = rowsOf(segmentsOf(commits), fromSeq)
          const kindOf = (value: Value) =>
            typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'boolean' : 'text'
          const expected = commits.flat().filter((_, index) => index + 1 >= fromSeq)
          for (let tagNo = 1; tagNo <= 4; tagNo++) {
            for (const kind of valueKinds) {
              const mine = rows.filter((row) => row.tagNo === tagNo && row.kind === kind)
              const values = mine.flatMap(
                (row): Value[] =>
                  row.texts ?? row.numbers?.map((number) => (kind === 'boolean' ? number === 1 : number)) ?? [],
              )
              const wanted = expected.filter((each) => each.tagNo === tagNo && kindOf(each.value) === kind)
              expect(values).toEqual(wanted.map(({ value }) => value))
              expect(mine.flatMap(({ timesMs }) => timesMs)).toEqual(wanted.map(({ timeMs }) => timeMs))
            }
          }
          for (const row of rows) expect(row.toMs - row.fromMs).toBeLessThan(2 ** 31)
          expect(new Set(rows.map(({ firstSeq }) => firstSeq)).size).toBe(rows.length)
        },
      ),
      { seed },
    )
  })

  it('keep as the last value the newest by source time, and the last sixty numbers as they came', () => {
    const readings = Array.from({ length: 100 }, (_, index) => ({ tagNo: 1, timeMs: 1_000 + index, value: index }))
    const { last } = rowsOf(segmentsOf([readings, [{ tagNo: 1, timeMs: 5, value: -1 }]], 2_000), 1)
    expect(last).toHaveLength(1)
    expect(last[0]).toMatchObject({ value: 99, atMs: 1_099 })
    expect(last[0]?.recent).toEqual([...readings.slice(100 - recentMax + 1).map(({ value }) => value), -1])
  })

  it('take a time ahead of the arrival as the arrival, so that a device whose clock is set right hides nothing', () => {
    const ahead = { tagNo: 1, timeMs: 10_000 + 3_600_000, value: 1 }
    const setRight = { tagNo: 1, timeMs: 10_000, value: 2 }
    expect(rowsOf(segmentsOf([[ahead], [setRight]], 10_000), 1).last).toMatchObject([{ value: 2, atMs: 10_000 }])
  })

  it('go by the arrival of each commit, also when commits were merged on the way', () => {
    const builder = new SegmentBuilder()
    const commit = (seq: number, one: OneReading, receivedMs: number) => {
      builder.reset()
      builder.push(one.tagNo, one.timeMs, one.value, 'good')
      return builder.encode(seq, receivedMs)
    }
    // An hour ahead when it came; by the arrival of the last commit it would look newer than what came then.
    const parts = [
      commit(1, { tagNo: 1, timeMs: 10_000 + 3_600_000, value: 1 }, 10_000),
      commit(2, { tagNo: 1, timeMs: 12_000, value: 2 }, 12_000),
      commit(3, { tagNo: 2, timeMs: 4_000_000, value: 3 }, 4_000_000),
    ]
    const apart = rowsOf(
      parts.map((part) => decodeSegment(part)),
      1,
    )
    expect(rowsOf([decodeSegment(mergeSegments(parts))], 1)).toEqual(apart)
    expect(apart.last[0]).toMatchObject({ value: 2, atMs: 12_000 })
  })

  it('write floats so that they read back as the same bits', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) =>
        Object.is(Number(floatText(value)), value),
      ),
      { seed },
    )
  })
})
