import { expect, test } from 'vitest'
import { offsetOf } from './script-place.ts'

test('finds a place by line and column, with Hangul and with characters of two units', () => {
  const script = 'let a = 1;\n`온도 😀` + b\nlast'
  expect(script.slice(offsetOf(script, 1, 5))).toMatch(/^a = 1/)
  expect(script.slice(offsetOf(script, 2, 8))).toMatch(/^\+ b/)
  expect(script.slice(offsetOf(script, 3, 1))).toBe('last')
})

test('a place beyond the end is the end', () => {
  expect(offsetOf('ab', 9, 9)).toBe(2)
  expect(offsetOf('ab\ncd', 1, 99)).toBe(2)
})
