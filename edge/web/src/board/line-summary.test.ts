import { alarmPriorities, type AlarmState } from '@jidoka/domain'
import type { BoardAlarm, BoardVerdict } from '@jidoka/contract'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makePlant } from '../../test/fixture/plant.ts'
import { byUrgency, lineSummaries, needsAcknowledgement, staleCount } from './line-summary.ts'

const line = (code: string) => ({
  code,
  area: null,
  name: { ko: code, en: code },
  order: null,
  lot: null,
  product: null,
  shift: null,
  production_count: null,
  defect_count: null,
})
const lines = ['A', 'B', 'C', 'D'].map(line)

let number = 0
const verdict = (code: string, status: string): BoardVerdict => ({
  rule_id: 'rule',
  rule_name: { ko: '규칙', en: 'Rule' },
  rule_version: 1,
  subject: `${code}/sensor`,
  line: code,
  equipment: null,
  status,
  normal: status === 'NORMAL',
  confidence: 1,
  explanation: null,
  judgment_id: 'j',
  since: '2026-11-21T05:00:00Z',
})
const alarm = (
  code: string,
  priority: BoardAlarm['priority'],
  state: AlarmState = 'unacknowledged',
  raisedAt = '2026-11-21T05:00:00Z',
): BoardAlarm => ({
  id: String(number++),
  rule_id: 'rule',
  rule_name: { ko: '규칙', en: 'Rule' },
  subject: `${code}/sensor`,
  line: code,
  equipment: 'PRESS-1',
  priority,
  state,
  status: 'HIGH',
  explanation: null,
  judgment_id: 'j',
  raised_at: raisedAt,
  returned_at: null,
  acknowledged_at: null,
  acknowledged_by: null,
})

function summaries(verdicts: BoardVerdict[], alarms: BoardAlarm[] = []) {
  return lineSummaries({
    lines,
    verdicts: new Map(verdicts.map((each, index) => [String(index), each])),
    alarms: new Map(alarms.map((each) => [each.id, each])),
  })
}
const order = (...given: Parameters<typeof summaries>) =>
  summaries(...given).map((summary) => `${summary.line.code} ${summary.condition}`)

test('the worst line stands first, the rest in the order of the plant', () => {
  expect(
    order(
      [verdict('A', 'NORMAL'), verdict('B', 'NORMAL'), verdict('C', 'UNJUDGED'), verdict('D', 'HIGH')],
      [alarm('D', 'low')],
    ),
  ).toEqual(['D low', 'C unjudged', 'A normal', 'B normal'])
})

test('a line that nobody has judged is no normal line and moves nowhere', () => {
  expect(order([verdict('B', 'NORMAL')])).toEqual(['A silent', 'B normal', 'C silent', 'D silent'])
})

test('a line that cannot be judged is told apart from a normal one even if its other verdicts are', () => {
  expect(summaries([verdict('A', 'NORMAL'), verdict('A', 'UNJUDGED')])[0]).toMatchObject({
    condition: 'unjudged',
    status: 'UNJUDGED',
    unjudgedCount: 1,
    verdictsCount: 2,
  })
})

test('an abnormal verdict without an alarm is abnormal', () => {
  expect(order([verdict('B', 'HIGH')])[0]).toBe('B abnormal')
})

test('an acknowledged critical alarm gives way to a low one that nobody has seen', () => {
  expect(order([], [alarm('A', 'critical', 'acknowledged'), alarm('B', 'low')]).slice(0, 2)).toEqual([
    'B low',
    'A critical',
  ])
  expect(summaries([], [alarm('A', 'critical', 'acknowledged')])[0]?.acknowledged).toBe(true)
})

test('an alarm that has returned waits for an acknowledgement and no longer colours its line', () => {
  expect(summaries([verdict('A', 'NORMAL')], [alarm('A', 'high', 'returned')])[0]).toMatchObject({
    condition: 'normal',
    alarmsToAcknowledge: 1,
    acknowledged: false,
  })
})

test('an alarm that was put aside colours no line', () => {
  expect(
    order([verdict('A', 'HIGH')], [alarm('A', 'critical', 'shelved'), alarm('B', 'high', 'out_of_service')]),
  ).toEqual(['A abnormal', 'B silent', 'C silent', 'D silent'])
})

test('the words on the tile belong to the alarm that gives its colour', () => {
  const seen = { ...alarm('A', 'critical', 'acknowledged'), status: 'OVERHEATED' }
  const fresh = { ...alarm('A', 'medium'), status: 'VIBRATES' }
  expect(summaries([], [seen, fresh])[0]).toMatchObject({
    condition: 'critical',
    status: 'OVERHEATED',
    openAlarms: 2,
    alarmsToAcknowledge: 1,
  })
})

test('alarms that wait come first, then the worst, then the newest', () => {
  const states: AlarmState[] = ['unacknowledged', 'acknowledged', 'returned']
  const anyAlarm = fc
    .record({
      priority: fc.constantFrom(...alarmPriorities),
      state: fc.constantFrom(...states),
      second: fc.integer({ min: 10, max: 59 }),
    })
    .map(({ priority, state, second }) => alarm('A', priority, state, `2026-11-21T05:00:${second}Z`))
  fc.assert(
    fc.property(fc.array(anyAlarm, { maxLength: 20 }), (alarms) => {
      const sorted = alarms.toSorted(byUrgency)
      for (const [index, one] of sorted.entries()) {
        const next = sorted[index + 1]
        if (!next) continue
        const rank = (each: BoardAlarm) => [
          needsAcknowledgement(each) ? 0 : 1,
          alarmPriorities.indexOf(each.priority),
          -Date.parse(each.raised_at),
        ]
        const [left, right] = [rank(one), rank(next)]
        const differing = left.findIndex((value, at) => value !== right[at])
        if (differing !== -1) expect(left[differing]).toBeLessThan(right[differing] ?? 0)
      }
    }),
  )
})

test('silent tags are counted for their own line; one that never had a value or that nobody adopted is not silent', () => {
  const nowMs = Date.parse('2026-11-21T05:00:00Z')
  const { tags } = makePlant(() => nowMs).board
  const [first, second, third] = tags
  if (!first || !second || !third) throw new Error('the fixture has too few tags')
  const old = { ...first, at: '2026-11-21T04:59:00Z' }
  expect(staleCount([old, second, { ...third, at: null, value: null }], 'LINE-A', nowMs)).toBe(1)
  expect(staleCount([old], 'LINE-B', nowMs)).toBe(0)
  expect(staleCount([{ ...old, adopted: false }], 'LINE-A', nowMs)).toBe(0)
})
