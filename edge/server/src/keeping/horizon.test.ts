import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { horizonDays, horizonDaysMax } from './horizon.ts'

const nothing = { bytes: 0, days: 0 }

describe('the days until something must go', () => {
  test('are the room over the rate while nothing goes by age', () => {
    expect(horizonDays({ headroomBytes: 100, bytesPerDay: 10, held: nothing, daysKept: null })).toBe(10)
    expect(horizonDays({ headroomBytes: 100, bytesPerDay: 10, held: nothing, daysKept: 30 })).toBe(10)
    expect(horizonDays({ headroomBytes: 0, bytesPerDay: 10, held: nothing, daysKept: 30 })).toBe(0)
    expect(horizonDays({ headroomBytes: 100, bytesPerDay: 0, held: nothing, daysKept: null })).toBeNull()
  })

  test('are none at all where age frees as much as comes', () => {
    expect(horizonDays({ headroomBytes: 100, bytesPerDay: 10, held: { bytes: 300, days: 30 }, daysKept: 30 })).toBe(
      horizonDaysMax,
    )
    expect(horizonDays({ headroomBytes: 1_000, bytesPerDay: 10, held: nothing, daysKept: 30 })).toBe(horizonDaysMax)
  })

  test('count what age frees of a slower past', () => {
    // 10 a day come, 5 a day go: 20 days for a room of 100.
    expect(horizonDays({ headroomBytes: 100, bytesPerDay: 10, held: { bytes: 150, days: 30 }, daysKept: 30 })).toBe(20)
    // After 30 days only the new rate is left, and the store is 300 large: 150 more than now.
    expect(horizonDays({ headroomBytes: 151, bytesPerDay: 10, held: { bytes: 150, days: 30 }, daysKept: 30 })).toBe(
      horizonDaysMax,
    )
  })

  test('agree with a day-by-day account of a store that has always had one rate before', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2_000 }),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 0, max: 50 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        (headroomBytes, bytesPerDay, formerPerDay, heldDays, daysKept) => {
          fc.pre(heldDays <= daysKept)
          const held = { bytes: formerPerDay * heldDays, days: heldDays }
          let size = held.bytes
          let exact: number | null = null
          for (let day = 0; day < 200 && exact === null; day++) {
            // What came `daysKept` days before this day goes on it.
            const born = day - daysKept
            size += bytesPerDay - (born >= 0 ? bytesPerDay : born >= -heldDays ? formerPerDay : 0)
            if (size - held.bytes >= headroomBytes) exact = day + 1
          }
          const days = horizonDays({ headroomBytes, bytesPerDay, held, daysKept })
          if (exact === null) expect(days === null || days > 199).toBe(true)
          else expect(days === null ? Infinity : Math.ceil(days - 1e-9)).toBe(exact)
        },
      ),
    )
  })
})
