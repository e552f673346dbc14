import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Scheduler } from './scheduler.ts'

test('tasks run in the order of their instants, those of one instant in the order in which they were set', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 20 }), { maxLength: 100, size: 'max' }), (delays) => {
      const scheduler = new Scheduler()
      const ran: [number, number][] = []
      delays.forEach((delay, index) => scheduler.after(delay, () => ran.push([scheduler.nowMs, index])))
      expect(scheduler.run(1_000)).toBe(true)
      expect(ran).toEqual(
        delays.map((delay, index): [number, number] => [delay, index]).sort(([a, i], [b, j]) => a - b || i - j),
      )
    }),
  )
})

test('time stops where it was told, and goes on from there', () => {
  const scheduler = new Scheduler()
  const ran: number[] = []
  scheduler.after(10, () => scheduler.after(10, () => ran.push(scheduler.nowMs)))
  expect(scheduler.run(15)).toBe(false)
  expect([scheduler.nowMs, ran]).toEqual([15, []])
  expect(scheduler.run(20)).toBe(true)
  expect(ran).toEqual([20])
})
