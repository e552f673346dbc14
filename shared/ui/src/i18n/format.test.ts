import { expect, test } from 'vitest'
import { ageMs, formatDuration } from './duration.ts'
import { formatBytes, formatInstant, formatNumber, formatPercent } from './format.ts'

test('a number has exactly the digits of its tag', () => {
  expect([formatNumber(72, 1, 'en'), formatNumber(1234.56, 2, 'ko'), formatNumber(-2.71951, 3, 'en')]).toEqual([
    '72.0',
    '1,234.56',
    '-2.720',
  ])
})

test('what rounds to zero has no minus sign', () => {
  expect(formatNumber(-0.4, 0, 'en')).toBe('0')
})

test('a value too great for its digits is shown as an exponent, noise around zero as zero', () => {
  expect([formatNumber(0.00002, 2, 'en'), formatNumber(-4e17, 1, 'en')]).toEqual(['0.00', '-4.00e+17'])
})

test('NaN and infinity are shown as no value', () => {
  expect([formatNumber(Number.NaN, 1, 'en'), formatNumber(Number.POSITIVE_INFINITY, 1, 'ko')]).toEqual(['–', '–'])
})

test('an instant is shown in the zone of the site and not of the browser', () => {
  const instant = '2026-11-21T05:00:09.000Z'
  expect(formatInstant(instant, 'second', 'ko', 'Asia/Seoul')).toBe('14:00:09')
  expect(formatInstant(instant, 'second', 'en', 'America/New_York')).toBe('00:00:09')
  expect(formatInstant(instant, 'dateSecond', 'en', 'Asia/Kolkata')).toBe('21 Nov, 10:30:09')
  expect(formatInstant(instant, 'dateSecond', 'ko', 'Asia/Seoul')).toBe('11월 21일 14:00:09')
})

test('a zone that the browser does not know is shown in UTC', () => {
  expect(formatInstant('2026-11-21T05:00:09.000Z', 'second', 'en', 'Mars/Olympus')).toBe('05:00:09')
})

test('no instant and a broken instant are shown as no value', () => {
  expect([formatInstant(null, 'second', 'en', 'UTC'), formatInstant('yesterday', 'second', 'en', 'UTC')]).toEqual([
    '–',
    '–',
  ])
})

test.each([
  [0, '0 s', '0초'],
  [999, '0 s', '0초'],
  [12_400, '12 s', '12초'],
  [59_999, '59 s', '59초'],
  [60_000, '1 min', '1분'],
  [3_599_000, '59 min', '59분'],
  [3_600_000, '1 h', '1시간'],
  [7_500_000, '2 h 5 min', '2시간 5분'],
  [86_400_000 * 4 + 3_600_000 * 3, '4 d 3 h', '4일 3시간'],
  [-5_000, '0 s', '0초'],
])('%i ms is shown as %s and %s', (ms, english, korean) => {
  expect([formatDuration(ms, 'en'), formatDuration(ms, 'ko')]).toEqual([english, korean])
})

test('an instant in the future has no age', () => {
  expect([ageMs('2026-11-21T05:00:10Z', Date.parse('2026-11-21T05:00:09Z')), ageMs(null, 0), ageMs('x', 0)]).toEqual([
    0,
    null,
    null,
  ])
})

test('bytes are counted in powers of a thousand', () => {
  expect([
    formatBytes(0, 'en'),
    formatBytes(999, 'en'),
    formatBytes(999_600, 'en'),
    formatBytes(51_200_000_000, 'en'),
  ]).toEqual(['0 B', '999 B', '1.0 MB', '51.2 GB'])
})

test('a fraction is shown in per cent', () => {
  expect([formatPercent(0.953, 'en'), formatPercent(0.0581, 'ko', 1)]).toEqual(['95 %', '5.8 %'])
})
