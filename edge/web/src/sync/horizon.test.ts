import { expect, test } from 'vitest'
import { shorterHorizonDays } from './horizon.ts'

test.each([
  [12, 40, 12],
  [40, 12, 12],
  [null, 12, 12],
  [12, null, 12],
  [0, 12, 0],
  [36_500, 36_500, 36_500],
  [null, null, null],
])('of %s days by the hour and %s by the day the shorter that is known stands in the banner', (byHour, byDay, days) => {
  expect(shorterHorizonDays({ horizon_days: byHour, horizon_days_at_day_rate: byDay })).toBe(days)
})
