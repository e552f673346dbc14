import type { CourierExport } from '@jidoka/contract'
import { expect, test } from 'vitest'
import { nextFrom } from './courier-next.ts'

const file = (change: Partial<CourierExport>): CourierExport => ({
  file_id: 'a',
  created_at: '2026-11-21T09:00:00.000Z',
  bytes: 1,
  records: { from_seq: 1, to_seq: 40 },
  readings: { from_seq: 1, to_seq: 900 },
  has_more: true,
  ...change,
})

test('the next file begins behind the one that was written, in each lane', () => {
  expect(nextFrom(file({}), null)).toEqual({ records: 41, readings: 901 })
})

test('a lane of which the file held nothing goes on where it was', () => {
  expect(nextFrom(file({ records: null }), { records: 41, readings: 901 })).toEqual({ records: 41, readings: 901 })
})

test('there is no next file when everything is in this one, or none was written', () => {
  expect(nextFrom(file({ has_more: false }), null)).toBeNull()
  expect(nextFrom(undefined, null)).toBeNull()
})
