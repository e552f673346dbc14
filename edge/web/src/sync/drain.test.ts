import type { SyncStatus } from '@jidoka/contract'
import { expect, test } from 'vitest'
import { drainFraction, gathered, peakAfter, secondsLeft } from './drain.ts'

const lane = (change: Partial<SyncStatus['lanes'][number]>): SyncStatus['lanes'][number] => ({
  lane: 'readings',
  start_seq: 1,
  stored_seq: 10_000,
  receipted_seq: 2_000,
  waiting_rows: 8_000,
  oldest_unsent_s: 90,
  rows_per_second: 100,
  seconds_left: 80,
  problem: null,
  ...change,
})

test('the bar runs from the most that waited to nothing, and begins anew after it', () => {
  let peak = 0
  const fractions = [8_000, 6_000, 2_000].map((waiting) => {
    peak = peakAfter(peak, waiting)
    return drainFraction(lane({ waiting_rows: waiting }), peak)
  })
  expect(fractions).toEqual([0, 0.25, 0.75])
  expect(peakAfter(peak, 0)).toBe(0)
  expect(peakAfter(peakAfter(peak, 0), 500)).toBe(500)
})

test.each([
  ['nothing is being sent', { rows_per_second: null, seconds_left: null }],
  ['it is over in a moment', { seconds_left: 2 }],
])('there is no bar when %s', (_when, change) => {
  expect(drainFraction(lane(change), 8_000)).toBeNull()
})

test('the estimate is that of the lane which takes longest, and unknown where none is', () => {
  expect(secondsLeft([lane({ seconds_left: 12 }), lane({ seconds_left: 80 })])).toBe(80)
  expect(secondsLeft([lane({ seconds_left: null }), lane({ waiting_rows: 0, seconds_left: 0 })])).toBeNull()
})

test('a page that is opened in the middle of a drain knows from the ledger how much had gathered', () => {
  const outage = { to: '2026-11-21T02:10:00.000Z', drained: null, rows_waiting: 2_000_000 }
  expect(drainFraction(lane({ waiting_rows: 500_000 }), gathered(outage))).toBe(0.75)
  expect(gathered({ ...outage, drained: '2026-11-21T02:20:00.000Z' })).toBe(0)
  expect(gathered({ ...outage, to: null })).toBe(0)
  expect(gathered(undefined)).toBe(0)
})
