import { recentQuerySchema, type Execution } from '@jidoka/contract'
import { readUrlState, withQuery, writeUrlState } from '@jidoka/ui'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { judgment } from '../../test/fixture-data.ts'
import {
  bounds,
  filterCount,
  fromLocalInput,
  judgmentFields,
  matches,
  noFilters,
  ranges,
  recentQuery,
  toLocalInput,
  type JudgmentView,
} from './filters.ts'

const nowMs = Date.parse('2026-11-21T09:00:00.000Z')

const anyView = fc.record({
  edge: fc.string(),
  line: fc.constantFrom('', 'LINE-A', '라인 1', 'a&b=c?#'),
  rule: fc.constantFrom('', 'press-temperature'),
  status: fc.constantFrom('', 'HIGH', 'UNJUDGED'),
  abnormal: fc.boolean(),
  range: fc.constantFrom(...ranges),
  from: fc.constantFrom('', '2026-11-20T00:00:00.000Z'),
  to: fc.constantFrom('', '2026-11-21T00:00:00.000Z'),
  id: fc.constantFrom('', '0190c5a4-0000-7000-8000-000000000001'),
})

describe('filters and the URL', () => {
  test('a link shows the same filters and the same judgment, whatever they are', () => {
    fc.assert(
      fc.property(anyView, (view: JudgmentView) => {
        expect(readUrlState(judgmentFields, writeUrlState(judgmentFields, '', view))).toEqual(view)
      }),
    )
  })

  test('the page as it opens has no query, and a range that is unknown is the usual one', () => {
    expect(writeUrlState(judgmentFields, '', { ...noFilters, id: '' })).toBe('')
    expect(readUrlState(judgmentFields, '?range=fortnight&abnormal=maybe')).toMatchObject({
      range: '24h',
      abnormal: false,
    })
  })

  test('the query that is sent is one that the contract takes', () => {
    const filters = {
      ...noFilters,
      edge: '00000000-0000-7000-8000-000000000001',
      line: 'LINE-A',
      rule: 'press-temperature',
      status: 'HIGH',
      abnormal: true,
    }
    const query = new URL(withQuery('http://cloud/', recentQuery(filters, nowMs))).searchParams
    expect(recentQuerySchema.parse(Object.fromEntries(query))).toEqual({
      edge_id: '00000000-0000-7000-8000-000000000001',
      line: 'LINE-A',
      rule_id: 'press-temperature',
      status: 'HIGH',
      abnormal: 'true',
      from: '2026-11-20T09:00:00.000Z',
      limit: 100,
    })
  })

  test('a custom range that is half typed has no bound on that side', () => {
    expect(bounds({ range: 'custom', from: '2026-11-20T00:00:00Z', to: 'tomorr' }, nowMs)).toEqual({
      from: '2026-11-20T00:00:00.000Z',
      to: null,
    })
  })

  test('an instant goes through the input of the browser to the minute', () => {
    expect(fromLocalInput(toLocalInput('2026-11-20T08:30:00.000Z'))).toBe('2026-11-20T08:30:00.000Z')
    expect(toLocalInput('soon')).toBe('')
    expect(fromLocalInput('')).toBe('')
  })

  test('counts what narrows the list', () => {
    expect(filterCount(noFilters)).toBe(0)
    expect(filterCount({ ...noFilters, line: 'LINE-A', abnormal: true, range: 'all' })).toBe(3)
  })
})

describe('a judgment that has just been made', () => {
  const made: Execution = {
    ...judgment(1),
    edge_id: '00000000-0000-7000-8000-000000000001',
    line: 'LINE-A',
    rule_id: 'press-temperature',
    status: 'HIGH',
    normal: false,
    executed_at: '2026-11-21T08:59:59.000Z',
  }

  test.each([
    ['no filter', noFilters, true],
    ['its line', { ...noFilters, line: 'LINE-A' }, true],
    ['another line', { ...noFilters, line: 'LINE-B' }, false],
    ['another edge', { ...noFilters, edge: '00000000-0000-7000-8000-000000000002' }, false],
    ['another rule', { ...noFilters, rule: 'other' }, false],
    ['another status', { ...noFilters, status: 'LOW' }, false],
    ['abnormal only', { ...noFilters, abnormal: true }, true],
    ['a range that has ended', { ...noFilters, range: 'custom' as const, to: '2026-11-21T00:00:00.000Z' }, false],
  ])('with %s', (_name, filters, expected) => {
    expect(matches(filters, made, nowMs)).toBe(expected)
  })

  test('is not counted where only the abnormal is shown and it is normal', () => {
    expect(matches({ ...noFilters, abnormal: true }, { ...made, normal: true }, nowMs)).toBe(false)
  })

  test('is not counted when an edge that was offline for days sends it late', () => {
    expect(matches(noFilters, { ...made, executed_at: '2026-11-15T00:00:00.000Z' }, nowMs)).toBe(false)
  })
})
