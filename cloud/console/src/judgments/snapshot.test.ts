import { expect, test } from 'vitest'
import { inputRows, receivedAfterMs } from './snapshot.ts'

test('an input with a problem comes first, and ages are those at the time of the verdict', () => {
  const judgedMs = Date.parse('2026-11-21T09:00:00.000Z')
  const rows = inputRows({
    executed_at: '2026-11-21T09:00:00.000Z',
    inputs: {
      value: { value: 81.2, at_ms: judgedMs - 400, quality: 'good' },
      speed: { value: null, at_ms: null, problem: 'missing' },
      ahead: { value: 1, at_ms: judgedMs + 5_000 },
    },
  })
  expect(rows.map(({ name, ageMs, problem }) => [name, ageMs, problem])).toEqual([
    ['speed', null, 'missing'],
    ['value', 400, null],
    ['ahead', 0, null],
  ])
})

test('an edge whose clock is ahead has no time of transport', () => {
  const received = { received_at: '2026-11-21T09:00:00.000Z' }
  expect(receivedAfterMs({ ...received, executed_at: '2026-11-21T08:59:59.200Z' })).toBe(800)
  expect(receivedAfterMs({ ...received, executed_at: '2026-11-21T10:00:00.000Z' })).toBeNull()
})
