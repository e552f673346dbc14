import { readUrlState, writeUrlState } from '@jidoka/ui'
import { expect, test } from 'vitest'
import { auditFields, auditQuery, isFiltered, noAuditFilters } from './audit-filters.ts'

const nowMs = Date.UTC(2026, 10, 21, 9)

test('the page as it opens asks for everything, and its address has no query', () => {
  expect(writeUrlState(auditFields, '', noAuditFilters)).toBe('')
  expect(isFiltered(noAuditFilters)).toBe(false)
  expect(auditQuery(noAuditFilters, nowMs)).toEqual({
    actor: null,
    action: null,
    subject: null,
    from: null,
    to: null,
    limit: 100,
  })
})

test('a link shows a colleague the same entries', () => {
  const filters = { ...noAuditFilters, actor: 'kim', action: 'rule', range: '8h' } as const
  expect(readUrlState(auditFields, writeUrlState(auditFields, '', filters))).toEqual(filters)
  expect(isFiltered(filters)).toBe(true)
})

test('words are sent without the blanks around them, as long as the cloud takes them, and a range as its instants', () => {
  const filters = { ...noAuditFilters, actor: '  kim ', subject: 'x'.repeat(300), range: '1h' } as const
  expect(auditQuery(filters, nowMs)).toMatchObject({
    actor: 'kim',
    subject: 'x'.repeat(200),
    from: '2026-11-21T08:00:00.000Z',
    to: null,
  })
})
