import { createLog, ManualClock } from '@jidoka/base'
import { expect, test } from 'vitest'
import { DeadLetterWarnings } from './dead-letter-warnings.ts'

const letter = (detail: string) => ({
  atMs: 0,
  source: 'open',
  topic: 'sensor/LINE-A/temperature',
  reason: 'not_json' as const,
  detail,
  sample: '',
})

test('dead letters are told at once, then in one line a minute with their count and the newest', () => {
  const lines: string[] = []
  const destination = { write: (line: string) => lines.push((JSON.parse(line) as { message: string }).message) }
  const clock = new ManualClock()
  const warnings = new DeadLetterWarnings(clock, createLog('test', { level: 'warn', destination }))
  warnings.note([])
  expect(lines).toEqual([])
  warnings.note([letter('first')])
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain('1 message was acknowledged and could not be used')
  warnings.note([letter('second'), letter('third')])
  warnings.note([letter('fourth')])
  clock.advance(59_999)
  expect(lines).toHaveLength(1)
  clock.advance(1)
  expect(lines.slice(1)).toEqual([expect.stringMatching(/^3 messages were .*fourth$/)])
  clock.advance(3_600_000)
  expect(lines).toHaveLength(2)
  warnings.note([letter('fifth')])
  warnings.note([letter('sixth')])
  warnings.stop()
  expect(lines.slice(2)).toEqual([expect.stringContaining('fifth'), expect.stringContaining('sixth')])
  clock.advance(120_000)
  expect(lines).toHaveLength(4)
})
