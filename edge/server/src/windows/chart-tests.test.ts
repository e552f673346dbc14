/** Each test on a series that completes its pattern with the newest reading, and on one that falls short of it by one reading. */
import { describe, expect, test } from 'vitest'
import { violations } from './chart-tests.ts'

/** In the order in which they come, the newest last; in sigmas from the centre. */
const newestLast = (kind: 'western_electric' | 'nelson', ...distances: number[]): number[] => {
  const mask = violations(kind, distances.toReversed())
  return Array.from({ length: 8 }, (_, index) => index + 1).filter((number) => (mask & (1 << (number - 1))) !== 0)
}
const alternating = (count: number) => Array.from({ length: count }, (_, index) => (index % 2 === 0 ? 0.5 : -0.5))
const repeated = (count: number, distance: number) => Array.from<number>({ length: count }).fill(distance)

describe("Nelson's tests", () => {
  test.each<[number, string, number[], number[]]>([
    [1, 'one beyond 3 sigma', [0, -3.1], [0, 3]],
    [2, 'nine on one side', [-0.2, ...repeated(9, 0.1)], repeated(8, 0.1)],
    [3, 'six rising', [0.9, -0.9, -0.5, -0.2, 0.1, 0.3, 0.6], [0.9, -0.5, -0.2, 0.1, 0.3, 0.6]],
    [3, 'six falling', [-0.9, 0.9, 0.5, 0.2, -0.1, -0.3, -0.6], [-0.9, 0.9, 0.5, 0.2, -0.1, -0.1, -0.6]],
    [4, 'fourteen alternating', alternating(14), alternating(13)],
    [5, 'two of three beyond 2 sigma on one side', [2.1, 0, 2.2], [2.1, 0, -2.2]],
    [6, 'four of five beyond 1 sigma on one side', [1.1, 1.2, 0, 1.3, 1.4], [1.1, 0, 0, 1.3, 1.4]],
    [7, 'fifteen within 1 sigma', alternating(15), alternating(14)],
    [
      8,
      'eight beyond 1 sigma on both sides',
      [1.1, -1.2, 1.3, -1.4, 1.5, -1.1, 1.2, -1.3],
      [1.1, -1.2, 1.3, -1.4, 1.5, -1.1, 1.2, 0.9],
    ],
    [8, 'eight beyond 1 sigma, of which one is on the other side', [-1.1, ...repeated(7, 1.2)], [...repeated(8, 1.2)]],
    [8, 'eight beyond 1 sigma below, and one above', [1.1, ...repeated(7, -1.2)], [1.1, ...repeated(8, -1.2)]],
  ])('%i: %s', (number, _what, violating, clean) => {
    expect(newestLast('nelson', ...violating)).toContain(number)
    expect(newestLast('nelson', ...clean)).not.toContain(number)
  })

  test('say nothing of the newest reading when it is not part of the pattern', () => {
    expect(newestLast('nelson', 2.1, 2.2, 0)).toEqual([])
    expect(newestLast('nelson', 1.1, 1.2, 1.3, 1.4, 0)).toEqual([])
  })

  test('take readings on the centre line as a break of every side and every trend', () => {
    expect(newestLast('nelson', ...repeated(20, 0))).toEqual([7])
  })
})

describe("Western Electric's tests", () => {
  test.each<[number, string, number[], number[]]>([
    [1, 'one beyond 3 sigma', [3.01], [2.99]],
    [2, 'two of three beyond 2 sigma on one side', [-2.1, 0, -2.2], [-2.1, 0, 0, -2.2]],
    [3, 'four of five beyond 1 sigma on one side', [-1.1, -1.2, 0, -1.3, -1.4], [-1.1, 1.2, 0, -1.3, -1.4]],
    [4, 'eight on one side', repeated(8, -0.1), repeated(7, -0.1)],
  ])('%i: %s', (number, _what, violating, clean) => {
    expect(newestLast('western_electric', ...violating)).toContain(number)
    expect(newestLast('western_electric', ...clean)).not.toContain(number)
  })
})
