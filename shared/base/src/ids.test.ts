import { expect, test } from 'vitest'
import { uuidv7 } from './ids.ts'

test('ids sort in the order of their making, also when the clock stands or goes back', () => {
  const made = Array.from({ length: 10_000 }, (_, index) => uuidv7(1_800_000_000_000 - (index % 7)))
  expect(made).toEqual([...made].sort())
  expect(new Set(made).size).toBe(made.length)
  expect(made[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})
