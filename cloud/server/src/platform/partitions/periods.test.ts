import fc from 'fast-check'
import { expect, it } from 'vitest'
import { dayOfMonth, monthOf, nextPeriod, periodOf, periodOfName, startOfMonthMs, suffixOf } from './periods.ts'
import { splitName } from './tables.ts'

const kinds = fc.constantFrom('month' as const, 'quarter' as const)
const instants = fc.integer({ min: Date.UTC(1970, 0), max: Date.UTC(2200, 0) })

it('names months and quarters as integrators know them', () => {
  const month = monthOf(Date.UTC(2025, 10, 30, 23, 59, 59, 999))
  expect(suffixOf(periodOf('month', month))).toBe('_y2025m11')
  expect(suffixOf(periodOf('quarter', month))).toBe('_y2025q4')
  expect(dayOfMonth(month)).toBe('2025-11-01')
})

it('every instant is in one period, which its name leads back to', () =>
  fc.assert(
    fc.property(kinds, instants, (kind, instantMs) => {
      const period = periodOf(kind, monthOf(instantMs))
      expect(startOfMonthMs(period.fromMonth)).toBeLessThanOrEqual(instantMs)
      expect(startOfMonthMs(period.toMonth)).toBeGreaterThan(instantMs)
      expect(nextPeriod(period).fromMonth).toBe(period.toMonth)
      expect(periodOfName(kind, 'facts', `facts${suffixOf(period)}`)).toEqual(period)
    }),
  ))

it('takes no other name for that of a partition', () => {
  for (const name of [
    'facts_default',
    'facts_y2025m13',
    'facts_y2025m00',
    'facts_y2025m1',
    'facts_y2025q4',
    'other_y2025m11',
    'facts_y2025m11_old',
  ])
    expect(periodOfName('month', 'facts', name)).toBeNull()
  expect(periodOfName('quarter', 'facts', 'facts_y2025q5')).toBeNull()
  for (const name of ['facts', 'core.a; drop', 'core."a"', 'a.b.c']) expect(() => splitName(name)).toThrow('is no name')
})
