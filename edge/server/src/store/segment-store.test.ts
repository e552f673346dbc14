import { rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { StoreFixture, tagKey } from '../merging/testing/store-fixture.ts'
import { SegmentStore } from './segment-store.ts'
import type { DamagedSegment } from './segment-store.ts'

const startMs = Date.UTC(2026, 10, 1)
const daysLater = startMs + 40 * 86_400_000

let store: StoreFixture
let segments: SegmentStore
let damaged: DamagedSegment[]
beforeEach(() => {
  store = new StoreFixture()
  damaged = []
  segments = new SegmentStore(store.database, store.folder, (each) => damaged.push(each))
  for (let commit = 0; commit < 40; commit++) {
    store.commit(
      Array.from({ length: 2_000 }, (_, index) => ({
        tagNo: (index % 4) + 1,
        timeMs: startMs + commit * 2_000 + index,
        value: index,
        quality: 'good' as const,
      })),
      startMs + (commit + 1) * 2_000,
    )
  }
})
afterEach(() => store.close())

const firstFile = () =>
  join(
    store.folder,
    store.database.prepare<[], { file: string }>('select file from segment_files order by first_seq').get()?.file ?? '',
  )

describe('reading beside merging', () => {
  test('I6: what is merged away between the look-up and the opening is found again where it lies now', () => {
    const seqs: number[] = []
    let merges = 0
    for (const found of segments.walk(
      1,
      Infinity,
      (opened) => opened.all(),
      () => {
        // The parts go while the walk is about to open the first of them.
        if (seqs.length === 0) merges += store.settle({ nowMs: daysLater })
        return true
      },
    ))
      for (const { seq } of found.readings()) seqs.push(seq)
    expect(merges).toBeGreaterThan(0)
    expect(seqs).toEqual(Array.from({ length: 80_000 }, (_, index) => index + 1))
    expect(damaged).toEqual([])
  })

  test('I6: a query over a span begins anew when files that it has still to read are merged into another', () => {
    store.settle({ nowMs: startMs + 8 * 3_600_000 })
    expect(store.levels()).toEqual({ 2: 2 })
    let [begun, readings] = [0, 0]
    const elsewhere = new SegmentStore(store.reading, store.folder, (each) => damaged.push(each))
    elsewhere.overlapping(
      startMs,
      daysLater,
      () => {
        begun++
        readings = 0
      },
      (opened) => {
        readings += opened.header.count
        if (begun === 1) store.settle({ nowMs: daysLater })
      },
    )
    expect({ begun, readings }).toEqual({ begun: 2, readings: 80_000 })
    expect(damaged).toEqual([])
  })

  test('last values are found in a segment that was merged across the checkpoint', () => {
    store.writer.commit(() =>
      store.writer.lastValues([[1, { timeMs: startMs, receivedMs: startMs, value: -1, quality: 'good' }]], 10_000),
    )
    store.settle({ nowMs: daysLater })
    expect(store.reader.lastValues()).toEqual(
      [1, 2, 3, 4].map((tagNo) => ({
        key: tagKey(tagNo),
        timeMs: startMs + 39 * 2_000 + 1_995 + tagNo,
        value: 1_995 + tagNo,
        quality: 'good',
      })),
    )
  })
})

describe('damage', () => {
  test('I6: a file that is missing, or cut off, is reported once a walk and the rest goes on', () => {
    store.settle()
    const file = firstFile()
    truncateSync(file, 1_000)
    const counted = () => [...segments.walk(1, Infinity, (opened) => opened.all().count)].reduce((sum, n) => sum + n, 0)
    const rest = counted()
    expect(rest).toBeGreaterThan(0)
    expect(damaged).toMatchObject([{ firstSeq: 1, file: expect.stringContaining('segments/0/1-') as string }])
    rmSync(file)
    expect(counted()).toBe(rest)
    expect(damaged[1]).toMatchObject({ firstSeq: 1, why: 'its file is missing' })
  })

  test('I6: a file of another segment in its place is not taken for it', () => {
    store.settle()
    store.database.prepare('update segment_files set first_seq = 2, count = count - 1 where first_seq = 1').run()
    expect([...segments.walk(2, 2, (opened) => opened.header.count)]).toEqual([])
    expect(damaged[0]?.why).toContain('another segment')
  })
})
