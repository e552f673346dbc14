/**
 * Windows are filled from where they begin in the journal. That place follows from the clocks of its commits, in their order, and from
 * nothing else: not from what the clock shows now, nor from how the commits lie in segments. Held against a look at all of them.
 */
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { StoreFixture } from '../merging/testing/store-fixture.ts'
import { SegmentStore } from '../store/segment-store.ts'
import { naiveStart } from './test-naive-windows.ts'
import type { WindowStart } from './window-reader.ts'
import { findWindowStart } from './window-start.ts'

const startMs = Date.UTC(2026, 10, 21)
const yearMs = 365 * 86_400_000

let store: StoreFixture
let segments: SegmentStore
beforeEach(() => {
  store = new StoreFixture()
  segments = new SegmentStore(store.database, store.folder)
})
afterEach(() => store.close())

function startOf(backMs: number, upToSeq?: number): WindowStart | null {
  const steps = findWindowStart(segments, backMs, upToSeq)
  for (;;) {
    const { value, done } = steps.next()
    if (done === true) return value
  }
}

const commit = (receivedMs: number, count = 1) =>
  store.commit(
    Array.from({ length: count }, (_, tag) => ({
      tagNo: tag + 1,
      timeMs: receivedMs,
      value: 1,
      quality: 'good' as const,
    })),
    receivedMs,
  )

/** Mostly on by seconds; sometimes around what counts as set back; now and then by much. */
const stepMs = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 3_000 }) },
  { weight: 4, arbitrary: fc.integer({ min: -7_000, max: 7_000 }) },
  { weight: 2, arbitrary: fc.constantFrom(60_000, -60_000, 3_600_000, -3_600_000, yearMs, -yearMs) },
)
const world = fc.record({
  steps: fc.array(fc.record({ stepMs, count: fc.integer({ min: 1, max: 3 }), merges: fc.nat({ max: 15 }) }), {
    minLength: 1,
    maxLength: 60,
  }),
  looks: fc.array(
    fc.record({ backMs: fc.integer({ min: 0, max: 120_000 }), upTo: fc.double({ min: 0, max: 1, noNaN: true }) }),
    {
      minLength: 6,
      maxLength: 6,
    },
  ),
})

test('I3: windows begin where a look at every commit says, whatever the clock did and however segments were merged', () => {
  fc.assert(
    fc.property(world, ({ steps, looks }) => {
      store.close()
      store = new StoreFixture()
      segments = new SegmentStore(store.database, store.folder)
      const commits: { readonly firstSeq: number; readonly count: number; readonly receivedMs: number }[] = []
      let nowMs = startMs
      for (const { stepMs: step, count, merges } of steps) {
        nowMs += step
        commits.push({ firstSeq: store.nextSeq, count, receivedMs: nowMs })
        commit(nowMs, count)
        if (merges === 0) store.settle({ nowMs: startMs + 40 * yearMs })
      }
      for (const { backMs, upTo } of looks) {
        const upToSeq = 1 + Math.floor(upTo * (store.nextSeq - 2))
        const seen = commits.filter(({ firstSeq }) => firstSeq <= upToSeq)
        const naive = naiveStart(seen, backMs)
        naive.next()
        const expected = naive.next().value as WindowStart
        expect(startOf(backMs, upToSeq)).toEqual({ ...expected, fromSeq: seen[expected.fromSeq]?.firstSeq })
      }
    }),
    { numRuns: 40 },
  )
})

describe('of a store', () => {
  test('that is empty there is none', () => {
    expect(startOf(60_000)).toBeNull()
  })

  test('in which the clock ran ahead for long, what came then is not looked at', () => {
    for (let second = 0; second < 200; second++) commit(startMs + second * 1_000)
    for (let second = 0; second < 200; second++) commit(startMs + yearMs + second * 1_000)
    for (let second = 200; second < 210; second++) commit(startMs + second * 1_000)
    const steps = findWindowStart(segments, 3_600_000)
    let looked = 0
    while (steps.next().done !== true) looked++
    expect(looked).toBe(10)
    expect(startOf(3_600_000)?.fromSeq).toBe(401)
  })
})
