import { expect, test } from 'vitest'
import { readArguments, seedFromText } from './cli-arguments.ts'

test('arguments have defaults, and a mistake is said in a sentence', () => {
  expect(readArguments([], 5)).toEqual({
    worlds: 300,
    seed: 5,
    bug: null,
    trace: false,
    mutants: false,
    without: new Set(),
  })
  expect(readArguments(['--worlds', '3', '--seed', '9', '--trace', '--bug', 'cursor_off_by_one'], 5)).toEqual({
    worlds: 3,
    seed: 9,
    bug: 'cursor_off_by_one',
    trace: true,
    mutants: false,
    without: new Set(),
  })
  expect(readArguments(['--mutants', '--without', '3,7'], 5)).toMatchObject({
    worlds: 10_000,
    without: new Set([3, 7]),
  })
  expect(() => readArguments(['--without', 'a'], 5)).toThrow('--without takes numbers')
  expect(() => readArguments(['--worlds', 'many'], 5)).toThrow('--worlds takes a number')
  expect(() => readArguments(['--bug', 'none'], 5)).toThrow('--bug takes one of')
})

test('a number is its own seed, and a hash gives one that is always the same', () => {
  expect(seedFromText('-17')).toBe(-17)
  expect(seedFromText('8f3c2d1a9b')).toBe(seedFromText('8f3c2d1a9b'))
  expect(seedFromText('8f3c2d1a9b')).not.toBe(seedFromText('8f3c2d1a9c'))
})
