import { expect, test } from 'vitest'
import { rowsWaiting, secondsLeft, waitingSinceMs } from './waiting.ts'

const told_at = '2026-11-21T02:00:00.000Z'
const waiting = { told_at, records: { rows: 3, oldest_ms: 1_000 }, readings: { rows: 900_000, oldest_ms: 60_000 } }
const progress = [
  { lane: 'records' as const, start_seq: 1, rows_per_s: null },
  { lane: 'readings' as const, start_seq: 1, rows_per_s: 45_000 },
]

test('rows of both lanes wait since the oldest of them came', () => {
  expect(rowsWaiting(waiting)).toBe(900_003)
  expect(waitingSinceMs(waiting)).toBe(Date.parse(told_at) - 60_000)
  const nothing = { rows: 0, oldest_ms: null }
  expect(waitingSinceMs({ told_at, records: nothing, readings: nothing })).toBeNull()
})

test('a lane is estimated by the rate at which it comes, while it comes', () => {
  const edge = { state: 'online' as const, waiting, progress }
  expect(secondsLeft(edge, 'readings')).toBe(20)
  expect(secondsLeft(edge, 'records')).toBeNull()
  expect(secondsLeft({ ...edge, state: 'silent' }, 'readings')).toBeNull()
  expect(secondsLeft({ ...edge, waiting: null }, 'readings')).toBeNull()
})
