import { expect, test } from 'vitest'
import { unexplained } from './unseen.ts'

const missing = (reading: number, behindSeq: number, beforeSeq: number) => ({
  name: 'A',
  reading,
  behindSeq,
  beforeSeq,
})
const range = (fromSeq: number, toSeq: number) => ({ fromSeq, toSeq })
const numbers = (left: readonly { readonly reading: number }[]) => left.map(({ reading }) => reading)

test('a reading whose neighbours lie on both sides of a dropped range may have been in it', () => {
  expect(unexplained([missing(2, 4, 9)], [range(5, 8)])).toEqual([])
})

test('a range elsewhere explains nothing, however much it held', () => {
  expect(numbers(unexplained([missing(2, 4, 9)], [range(10, 1_000), range(1, 4)]))).toEqual([2])
})

test('a range held no more readings than its numbers', () => {
  const three = [missing(2, 4, 9), missing(3, 4, 9), missing(4, 4, 9)]
  expect(unexplained(three, [range(5, 6)])).toHaveLength(1)
  expect(unexplained(three, [range(5, 6), range(8, 8)])).toEqual([])
})

test('a range is left to the reading that fits nowhere else', () => {
  expect(unexplained([missing(1, 0, Infinity), missing(2, 0, 3)], [range(2, 2), range(5, 5)])).toEqual([])
})
