import { expect, test } from 'vitest'
import { ManualClock } from './clock.ts'

test('a manual clock runs timers in the order of their instants, and those that they set', () => {
  const clock = new ManualClock(1_000)
  const seen: [string, number][] = []
  clock.after(20, () => seen.push(['late', clock.nowMs()]))
  clock.after(10, () => {
    seen.push(['early', clock.nowMs()])
    clock.after(5, () => seen.push(['nested', clock.nowMs()]))
  })
  clock.advance(30)
  expect(seen).toEqual([
    ['early', 1_010],
    ['nested', 1_015],
    ['late', 1_020],
  ])
})

test('a jump of the wall clock moves no timer and no duration', () => {
  const clock = new ManualClock(0)
  let ran = false
  clock.after(10, () => (ran = true))
  clock.jump(3_600_000)
  expect([ran, clock.monotonicMs(), clock.nowMs()]).toEqual([false, 0, 3_600_000])
})
