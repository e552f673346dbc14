import { expect, it } from 'vitest'
import { localeOf } from './locale.ts'

it.each([
  [undefined, 'ko'],
  ['', 'ko'],
  ['ko-KR,ko;q=0.9,en-US;q=0.8', 'ko'],
  ['en-US,en;q=0.9,ko;q=0.8', 'en'],
  ['de, en;q=0.7, ko;q=0.3', 'en'],
  ['de', 'ko'],
  ['en;q=0', 'ko'],
  ['EN', 'en'],
  ['*', 'ko'],
  ['en;q=2', 'ko'],
  [',;q=,en', 'en'],
])('a request with Accept-Language %j is answered in %s', (header, locale) => {
  expect(localeOf(header)).toBe(locale)
})

it('I10: of a header of any length no more is read than browsers send', () => {
  expect(localeOf(`${','.repeat(498)}en`)).toBe('en')
  expect(localeOf(`${','.repeat(500)}en`)).toBe('ko')
  expect(localeOf('a-'.repeat(500_000))).toBe('ko')
})
