import { uuidv7 } from '@jidoka/base'
import { alarmActions, alarmSchema } from '@jidoka/domain'
import type { Alarm, Judgment } from '@jidoka/domain'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AlarmBook } from './alarm-book.ts'

const judgment = (status: string): Judgment => ({
  id: uuidv7(),
  rule_id: 'hot',
  rule_version: 1,
  rule_hash: '0'.repeat(64),
  subject: 'LINE-A/temperature',
  line: 'LINE-A',
  equipment: null,
  status,
  normal: false,
  previous_status: null,
  confidence: 1,
  method_used: 'rule',
  explanation: null,
  inputs: {},
  reading_seq: 1,
  judged_at_ms: 0,
})

function newBook() {
  const book = new AlarmBook()
  const told: Alarm[] = []
  const tell = (alarm: Alarm) => told.push(alarm)
  return { book, told, tell }
}

describe('alarms', () => {
  test('of one rule at one subject there is at most one, whatever happens, and each change is a whole alarm', () => {
    const event = fc.oneof(
      fc.record({
        kind: fc.constant('activate' as const),
        status: fc.constantFrom('HIGH', 'HIGH_HIGH'),
        priority: fc.constantFrom('critical' as const, 'low' as const),
      }),
      fc.record({ kind: fc.constant('return' as const) }),
      fc.record({ kind: fc.constant('act' as const), action: fc.constantFrom(...alarmActions) }),
    )
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        const { book, told, tell } = newBook()
        events.forEach((each, nowMs) => {
          if (each.kind === 'activate') book.activate(judgment(each.status), each.priority, nowMs, tell)
          else if (each.kind === 'return') book.return('hot', 'LINE-A/temperature', nowMs, tell)
          else book.act(told.at(-1)?.id ?? 'none', each.action, 'kim', nowMs, tell)
        })
        for (const alarm of told) alarmSchema.parse(alarm)
        const latest = new Map(told.map((alarm) => [alarm.id, alarm]))
        const open = [...latest.values()].filter((alarm) => alarm.state !== 'cleared')
        expect(open.length).toBeLessThanOrEqual(1)
        expect(book.open('hot', 'LINE-A/temperature')).toEqual(open[0])
      }),
    )
  })

  test('one that nobody has acknowledged keeps the worst that it was, also when it returned and recurs', () => {
    const { book, told, tell } = newBook()
    book.activate(judgment('HIGH'), 'medium', 1, tell)
    book.activate(judgment('HIGH_HIGH'), 'critical', 2, tell)
    book.activate(judgment('HIGH'), 'medium', 3, tell)
    book.return('hot', 'LINE-A/temperature', 4, tell)
    book.activate(judgment('HIGH'), 'medium', 5, tell)
    expect(told.map(({ state, status, priority }) => [state, status, priority])).toEqual([
      ['unacknowledged', 'HIGH', 'medium'],
      ['unacknowledged', 'HIGH_HIGH', 'critical'],
      ['returned', 'HIGH_HIGH', 'critical'],
      ['unacknowledged', 'HIGH_HIGH', 'critical'],
    ])
  })

  test('an acknowledged one that becomes more urgent ends, and a new one is raised', () => {
    const { book, told, tell } = newBook()
    book.activate(judgment('HIGH'), 'medium', 1, tell)
    book.act(told[0]?.id ?? '', 'acknowledge', 'kim', 2, tell)
    book.activate(judgment('HIGH_HIGH'), 'critical', 3, tell)
    expect(told.map(({ state, priority }) => [state, priority])).toEqual([
      ['unacknowledged', 'medium'],
      ['acknowledged', 'medium'],
      ['cleared', 'medium'],
      ['unacknowledged', 'critical'],
    ])
    expect(told[3]?.id).not.toBe(told[0]?.id)
  })

  test('one that returned and recurs is the same alarm and waits for a person again', () => {
    const { book, told, tell } = newBook()
    book.activate(judgment('HIGH'), 'medium', 1, tell)
    book.return('hot', 'LINE-A/temperature', 2, tell)
    book.activate(judgment('HIGH'), 'medium', 3, tell)
    expect(told.map(({ state }) => state)).toEqual(['unacknowledged', 'returned', 'unacknowledged'])
    expect(new Set(told.map(({ id }) => id)).size).toBe(1)
    expect(told[2]).toMatchObject({ returned_at_ms: null, raised_at_ms: 1 })
  })

  test('what the table of ISA-18.2 refuses is answered with its reason', () => {
    const { book, told, tell } = newBook()
    book.activate(judgment('HIGH'), 'medium', 1, tell)
    const id = told[0]?.id ?? ''
    expect(book.act(id, 'acknowledge', 'kim', 2, tell)).toMatchObject({
      done: { acknowledged_by: 'kim', acknowledged_at_ms: 2 },
    })
    expect(book.act(id, 'acknowledge', 'lee', 3, tell)).toEqual({ refused: 'already_acknowledged' })
    expect(book.act('none', 'acknowledge', 'lee', 3, tell)).toEqual({ unknown: true })
  })
})
