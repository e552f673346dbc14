import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bell, Draws, uniform, wander } from './random.ts'

const seed = fc.integer({ min: 0, max: 0x7fff_ffff })
const channel = fc.integer({ min: 0, max: 4_000_000 })
const instant = fc.integer({ min: 0, max: 4_102_444_800_000 })

test('noise and walks stay inside their bounds at every seed, channel and instant', () => {
  fc.assert(
    fc.property(seed, channel, instant, (s, c, t) => {
      expect(Math.abs(bell(s, c, t))).toBeLessThanOrEqual(3.4642)
      expect(Math.abs(wander(s, c, t, 60_000))).toBeLessThanOrEqual(1)
    }),
  )
})

test('a walk makes no jump: within a thousandth of its period it moves by less than a hundredth', () => {
  fc.assert(
    fc.property(seed, channel, instant, (s, c, t) => {
      expect(Math.abs(wander(s, c, t + 60, 60_000) - wander(s, c, t, 60_000))).toBeLessThan(0.01)
    }),
  )
})

test('ten thousand draws are even, and ten thousand of noise have mean 0 and deviation 1', () => {
  const draws = new Draws(7, 3)
  const even = Array.from({ length: 10_000 }, () => draws.next())
  expect(even.reduce((sum, x) => sum + x, 0) / even.length).toBeCloseTo(0.5, 1)
  for (let tenth = 0; tenth < 10; tenth++) {
    expect(even.filter((x) => Math.floor(x * 10) === tenth).length / even.length).toBeCloseTo(0.1, 1)
  }
  const noise = Array.from({ length: 10_000 }, (_, tick) => bell(7, 4, 1_800_000_000_000 + 200 * tick))
  const mean = noise.reduce((sum, x) => sum + x, 0) / noise.length
  const deviation = Math.sqrt(noise.reduce((sum, x) => sum + (x - mean) ** 2, 0) / noise.length)
  expect(Math.abs(mean)).toBeLessThan(0.05)
  expect(Math.abs(deviation - 1)).toBeLessThan(0.05)
})

test('neighbouring channels and instants have nothing to do with each other', () => {
  const along = (of: (tick: number) => number) => Array.from({ length: 5_000 }, (_, tick) => of(tick) - 0.5)
  const correlation = (left: number[], right: number[]) =>
    left.reduce((sum, x, index) => sum + x * (right[index] ?? 0), 0) / left.length / (1 / 12)
  const one = along((tick) => uniform(42, 10, tick))
  expect(
    Math.abs(
      correlation(
        one,
        along((tick) => uniform(42, 11, tick)),
      ),
    ),
  ).toBeLessThan(0.06)
  expect(
    Math.abs(
      correlation(
        one,
        along((tick) => uniform(42, 10, tick + 1)),
      ),
    ),
  ).toBeLessThan(0.06)
  expect(
    Math.abs(
      correlation(
        one,
        along((tick) => uniform(43, 10, tick)),
      ),
    ),
  ).toBeLessThan(0.06)
})
