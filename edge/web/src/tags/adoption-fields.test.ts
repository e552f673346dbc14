import type { EdgeTag } from '@jidoka/contract'
import { expect, test } from 'vitest'
import { fieldsOf, readAdoption } from './adoption-fields.ts'

const tag: EdgeTag = {
  key: 'LINE-A/pressure',
  tag_no: 1,
  value: 1.5,
  quality: 'good',
  at: '2026-11-21T05:00:00.000Z',
  line: 'LINE-A',
  equipment: null,
  sensor: 'pressure',
  name: { ko: 'pressure', en: 'pressure' },
  kind: 'number',
  unit: 'bar',
  decimals: 2,
  stale_after_s: 30,
  limits: {},
  adopted: false,
  adopted_here: false,
}

test('a discovered tag can be adopted as it is', () => {
  expect(readAdoption(tag, fieldsOf(tag))).toEqual({
    request: { key: tag.key, name: tag.name, unit: 'bar', decimals: 2, stale_after_s: 30, limits: {} },
  })
})

test('limits are read with point or comma, and an empty one is none', () => {
  const fields = { ...fieldsOf(tag), low: '-1,5', high: ' 8.25 ' }
  expect(readAdoption(tag, fields)).toMatchObject({ request: { limits: { low: -1.5, high: 8.25 } } })
})

test('every mistake stands at its field', () => {
  const fields = { ...fieldsOf(tag), nameKo: ' ', decimals: '7', low: '5', high: '5', high_high: 'x' }
  expect(readAdoption(tag, fields)).toEqual({
    mistakes: { nameKo: 'needs_name', decimals: 'needs_decimals', high: 'must_rise', high_high: 'needs_number' },
  })
})

test('a text has no limits', () => {
  expect(readAdoption({ ...tag, kind: 'text' }, { ...fieldsOf(tag), low: 'x' })).toMatchObject({
    request: { limits: {} },
  })
})
