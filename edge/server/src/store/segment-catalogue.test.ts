import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { newFolder, removeFolder } from '../pipeline/test-support.ts'
import { openForWriting } from './database.ts'
import type { Database } from './database.ts'
import { SegmentCatalogue } from './segment-catalogue.ts'

const dayMs = 86_400_000
const endMs = Date.UTC(2026, 10, 21)
const everyMs = 540_000
const count = 3_200

/*
 * A stretch is judged anew, and looked up, from where its span begins in the lane: a clock that leapt once, weeks ago, must not make
 * that the whole lane from there on.
 */
describe('where a span of the clock begins in the lane', () => {
  let folder: string
  let database: Database
  let catalogue: SegmentCatalogue
  beforeEach(() => {
    folder = newFolder()
    database = openForWriting(folder, 0).database
    database.pragma('synchronous = OFF')
    catalogue = new SegmentCatalogue(database)
  })
  afterEach(() => {
    database.close()
    removeFolder(folder)
  })

  /** A segment of a million readings every nine minutes; `clock` says what the appliance's showed. Half are rows. */
  function fill(clock: (index: number, atMs: number) => number): void {
    const file = database.prepare('insert into segment_files values (?, 1000000, 3, ?, ?, ?, 3000000, ?)')
    const row = database.prepare(
      "insert into reading_segments (first_seq, count, received_ms, from_ms, to_ms, body, level) values (?, 1000000, ?, ?, ?, x'00', 1)",
    )
    database.transaction(() => {
      for (let index = 0; index < count; index++) {
        const atMs = endMs - (count - 1 - index) * everyMs
        const insert = index < count / 2 ? file : row
        insert.run(firstSeq(index), clock(index, atMs), atMs, atMs, ...(insert === file ? [`f${index}`] : []))
      }
    })()
  }
  const firstSeq = (index: number) => 1 + index * 1_000_000
  const begins = (backMs: number, toMs = endMs + 1) =>
    catalogue.receivedFrom({ fromMs: endMs - backMs, toMs })?.firstSeq ?? null

  test('is found in rows and in files', () => {
    fill((_index, atMs) => atMs)
    expect(begins(0)).toBe(firstSeq(count - 1))
    expect(begins(3 * everyMs + 1)).toBe(firstSeq(count - 4))
    expect(begins(15 * dayMs)).toBe(firstSeq(count - 1 - (15 * dayMs) / everyMs))
    expect(begins(100 * dayMs)).toBe(1)
  })

  test('is not where the clock once ran ahead, be it beyond now, to now, or into the span', () => {
    for (const leapMs of [365 * dayMs, 5 * dayMs, 20 * dayMs - 2 * everyMs]) {
      database.exec('delete from segment_files; delete from reading_segments')
      fill((index, atMs) => (index >= 2 && index < 9 ? atMs + leapMs : atMs))
      expect(begins(300_000)).toBe(firstSeq(count - 1))
      expect(begins(dayMs)).toBe(firstSeq(count - 1 - dayMs / everyMs))
    }
  })

  test('is before a clock that was set back for a while and was right again', () => {
    fill((index, atMs) => (index >= count - 20 && index < count - 10 ? 0 : atMs))
    expect(begins(30 * everyMs)).toBe(firstSeq(count - 31))
    // By an hour, again and again.
    database.exec('delete from segment_files; delete from reading_segments')
    fill((index, atMs) => (index % 7 === 0 ? atMs - 3_600_000 : atMs))
    expect(begins(30 * everyMs)).toBe(firstSeq(count - 31))
  })

  test('segments are gone through from a number back to the first, rows and files, and no further than is asked', () => {
    fill((_index, atMs) => atMs)
    const from = firstSeq(count - 2) + 17
    expect([...catalogue.backwards(from)].map((segment) => segment.firstSeq)).toEqual(
      Array.from({ length: count - 1 }, (_, index) => firstSeq(count - 2 - index)),
    )
  })

  test('is nowhere when the clock shows less than all that was stored', () => {
    fill((_index, atMs) => atMs)
    expect(catalogue.receivedFrom({ fromMs: -dayMs, toMs: 60_000 })).toBeNull()
    expect(catalogue.receivedFrom({ fromMs: endMs + 1, toMs: endMs + 10 })).toBeNull()
  })

  test('with a clock that never leapt is the first segment from then on, for every span', () => {
    fill((_index, atMs) => atMs)
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 25 * dayMs }), fc.integer({ min: 1, max: 25 * dayMs }), (back, length) => {
        const [fromMs, toMs] = [endMs - back, endMs - back + length]
        const first = Math.max(0, Math.ceil((fromMs - (endMs - (count - 1) * everyMs)) / everyMs))
        const isWithin = first < count && endMs - (count - 1 - first) * everyMs < toMs
        expect(begins(back, toMs)).toBe(isWithin ? firstSeq(first) : null)
      }),
    )
  })
})
