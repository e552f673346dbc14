import { judgmentsQuerySchema } from '@jidoka/contract'
import { readUrlState, withQuery } from '@jidoka/ui'
import { expect, test } from 'vitest'
import { judgmentFields, judgmentQuery, noFilters } from './judgment-filters.ts'

const nowMs = Date.parse('2026-11-21T05:00:00Z')
const asked = (search: string) => {
  const address = withQuery('/j', judgmentQuery(readUrlState(judgmentFields, search), nowMs))
  return judgmentsQuerySchema.parse(Object.fromEntries(new URL(address, 'http://x').searchParams))
}

test('the page opens with the last day', () => {
  expect(asked('')).toEqual({ limit: 50, from: '2026-11-20T05:00:00.000Z' })
})

test('every filter of the URL is one of the contract', () => {
  expect(asked('?line=LINE-A&rule=temperature-high&status=high%20defect&abnormal=1&range=8h&cursor=abc')).toEqual({
    line: 'LINE-A',
    rule_id: 'temperature-high',
    status: 'HIGH_DEFECT',
    abnormal: 'true',
    from: '2026-11-20T21:00:00.000Z',
    cursor: 'abc',
    limit: 50,
  })
})

test('without filters everything is asked for', () => {
  expect(
    judgmentsQuerySchema.parse(
      Object.fromEntries(new URL(withQuery('/j', judgmentQuery(noFilters, nowMs)), 'http://x').searchParams),
    ),
  ).toEqual({ limit: 50 })
})

test('a status longer than any rule can give is cut and not refused', () => {
  expect(asked(`?status=${'x'.repeat(80)}`).status).toHaveLength(32)
})
