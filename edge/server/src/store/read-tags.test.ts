import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { StoreFixture } from '../merging/testing/store-fixture.ts'
import { firstSeqWithin, lastSeqWithin, readTagsFrom } from './read-tags.ts'
import { SegmentStore } from './segment-store.ts'

const startMs = Date.UTC(2026, 10, 1)
const tagCount = 24
const dayMs = 86_400_000

let store: StoreFixture
let segments: SegmentStore
beforeEach(() => {
  store = new StoreFixture()
  segments = new SegmentStore(store.database, store.folder)
})
afterEach(() => store.close())

/** Commits of one reading of each tag, a second apart by the clock that is given. */
function fill(count: number, clock: (index: number) => number): void {
  for (let index = 0; index < count; index++) {
    const readings = Array.from({ length: tagCount }, (_, tag) => ({
      tagNo: ((tag * 7 + index) % tagCount) + 1,
      timeMs: startMs + index * 1_000 + tag,
      value: index + tag / 100,
      quality: 'good' as const,
    }))
    store.commit(readings, clock(index))
  }
}

test('the readings of some tags are those of all without the others, however many they are and wherever they lie', () => {
  fill(400, (index) => startMs + index * 1_000)
  const all = [...readTagsFrom(segments, null, 1)]
  expect(all.length).toBe(400 * tagCount)
  const isSame = () =>
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: tagCount + 3 }), { minLength: 1, maxLength: tagCount }),
        fc.integer({ min: 1, max: 400 * tagCount }),
        fc.integer({ min: 1, max: 400 * tagCount }),
        (tagNos, fromSeq, toSeq) => {
          expect([...readTagsFrom(segments, tagNos, fromSeq, { toSeq })]).toEqual(
            all.filter(({ seq, tagNo }) => seq >= fromSeq && seq <= toSeq && tagNos.includes(tagNo)),
          )
        },
      ),
      { numRuns: 40 },
    )
  isSame()
  store.settle({ nowMs: startMs + 40 * dayMs })
  expect(store.levels()).toEqual({ 2: 1 })
  isSame()
})

describe('inside of one merged segment, a span of the clock', () => {
  const leapt = (index: number) => startMs + index * 1_000 + (index >= 100 && index < 110 ? 365 * dayMs : 0)
  const seqOf = (index: number) => 1 + index * tagCount
  const within = (fromIndex: number, toIndex: number) => {
    const span = { fromMs: startMs + fromIndex * 1_000, toMs: startMs + toIndex * 1_000 }
    const firstSeq = firstSeqWithin(segments, span)
    return firstSeq === null ? null : [firstSeq, lastSeqWithin(segments, span, firstSeq)]
  }

  test('begins and ends where its commits do, behind a clock that ran ahead, before it and around it', () => {
    fill(400, leapt)
    const look = () => [within(200, 260), within(20, 60), within(50, 150), within(390, 500), within(500, 600)]
    const expected = [
      [seqOf(200), seqOf(260) - 1],
      [seqOf(20), seqOf(60) - 1],
      [seqOf(50), seqOf(150) - 1],
      [seqOf(390), seqOf(400) - 1],
      null,
    ]
    expect(look()).toEqual(expected)
    store.settle({ nowMs: startMs + 40 * dayMs })
    expect(store.levels()).toEqual({ 2: 1 })
    expect(look()).toEqual(expected)
  })
})
