import fc from 'fast-check'
import { expect, test } from 'vitest'
import { gapOf, linePath, nearestIndex } from './line-path.ts'
import { barRange, chartRange, linear, niceTicks, placeAmongLimits, rangeOf, tickDecimals } from './scale.ts'
import { timeTicks, zoneOffsetMs } from './time-ticks.ts'

test('a value on a limit is inside, beyond it outside, beyond the outer one in danger', () => {
  const limits = { low_low: 0, low: 10, high: 20, high_high: 30 }
  expect([10, 20, 20.1, 9.9, 30, 30.1, -0.1].map((value) => placeAmongLimits(value, limits))).toEqual([
    'inside',
    'inside',
    'outside',
    'outside',
    'outside',
    'danger',
    'danger',
  ])
  expect(placeAmongLimits(1e9, {})).toBe('inside')
})

test('the range of a day of values is found without a call of 86,400 arguments', () => {
  expect(rangeOf(Array.from({ length: 200_000 }, (_, index) => index))).toEqual({ least: 0, greatest: 199_999 })
  expect(rangeOf([])).toBeNull()
})

test('a chart shows the normal limits, and the outer one only after a value has left the inner', () => {
  const limits = { low: 10, high: 20, high_high: 100 }
  expect(chartRange([15, 16], limits)?.greatest).toBeLessThan(25)
  expect(chartRange([15, 21], limits)?.greatest).toBeGreaterThan(100)
  expect(chartRange([], {})).toBeNull()
})

test('a bar with upper limits alone begins at 0', () => {
  expect(barRange({ high: 4.5, high_high: 7.1 }, { least: 4.5, greatest: 7.1 }).least).toBe(0)
  expect(barRange({ low: 20 }, { least: 20, greatest: 20 }).greatest).toBeGreaterThanOrEqual(40)
})

test('a range without extent is drawn in the middle', () => {
  expect(linear({ least: 5, greatest: 5 }, 0, 100)(5)).toBe(50)
})

test('ticks are round, ascending and within the range', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
      fc.integer({ min: 2, max: 12 }),
      (least, span, count) => {
        const range = { least, greatest: least + span }
        const ticks = niceTicks(range, count)
        expect(ticks.length).toBeLessThanOrEqual(count + 1)
        const slack = span * 1e-6
        expect(
          ticks.every(
            (tick, index) =>
              tick >= least - slack &&
              tick <= range.greatest + slack &&
              (index === 0 || tick > (ticks[index - 1] ?? 0)),
          ),
        ).toBe(true)
      },
    ),
  )
  expect(niceTicks({ least: 0, greatest: 0.35 }, 4)).toEqual([0, 0.1, 0.2, 0.3])
  expect(tickDecimals([0, 0.1, 0.2])).toBe(1)
  expect(tickDecimals([0, 50])).toBe(0)
})

test('time ticks stand on full hours of the site, also where its zone is half an hour off', () => {
  const from = Date.parse('2026-11-21T05:10:00Z')
  const ticks = timeTicks(from, from + 4 * 3_600_000, 5, 'Asia/Kolkata')
  expect(ticks.map((tick) => new Date(tick).toISOString())).toEqual([
    '2026-11-21T05:30:00.000Z',
    '2026-11-21T06:30:00.000Z',
    '2026-11-21T07:30:00.000Z',
    '2026-11-21T08:30:00.000Z',
  ])
  expect(zoneOffsetMs(from, 'Asia/Seoul')).toBe(9 * 3_600_000)
  expect(timeTicks(from, from, 5, 'UTC')).toEqual([])
})

test('a day is never cut into more ticks than were asked for', () => {
  fc.assert(
    fc.property(fc.integer({ min: 60_000, max: 40 * 86_400_000 }), fc.integer({ min: 1, max: 20 }), (span, count) => {
      expect(timeTicks(1_795_000_000_000, 1_795_000_000_000 + span, count, 'Asia/Seoul').length).toBeLessThanOrEqual(
        count + 1,
      )
    }),
  )
})

test('an hour of silence is left open in the line', () => {
  const minute = 60_000
  const times = [0, 1, 2, 3, 63, 64].map((each) => each * minute)
  const path = linePath(
    times,
    [1, 1, 1, 1, 1, 1],
    (time) => time / minute,
    (value) => value,
    gapOf(times),
  )
  expect(path.match(/M/g)).toHaveLength(2)
})

test('the nearest reading is found for every instant', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 0, max: 10_000 }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: -100, max: 10_100 }),
      (unsorted, wanted) => {
        const times = unsorted.toSorted((one, other) => one - other)
        const found = times[nearestIndex(times, wanted)] ?? Number.NaN
        expect(Math.abs(found - wanted)).toBe(Math.min(...times.map((time) => Math.abs(time - wanted))))
      },
    ),
  )
  expect(nearestIndex([], 5)).toBe(-1)
})
