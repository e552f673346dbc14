import type { BoardAlarm } from '@jidoka/contract'
import { expect, test } from 'vitest'
import { makePlant } from '../../test/fixture/plant.ts'
import { applyEvent, endedCountMax, fromBoard, recentCountMax, verdictKey } from './board-state.ts'

const nowMs = Date.parse('2026-11-21T05:00:00Z')
const plant = makePlant(() => nowMs)
const start = fromBoard(plant.board, null)
const key = 'LINE-A/PRESS-1/temperature'
const at = (seconds: number) => new Date(nowMs + seconds * 1_000).toISOString()

const alarm = (change: Partial<BoardAlarm> = {}): BoardAlarm => ({
  id: 'one',
  rule_id: 'temperature-high',
  rule_name: { ko: '온도 상한', en: 'Temperature high' },
  subject: key,
  line: 'LINE-A',
  equipment: 'PRESS-1',
  priority: 'high',
  state: 'unacknowledged',
  status: 'HIGH',
  explanation: null,
  judgment_id: 'j',
  raised_at: at(0),
  returned_at: null,
  acknowledged_at: null,
  acknowledged_by: null,
  ...change,
})

test('a new value stands on the board and at the end of its course', () => {
  const after = applyEvent(start, {
    event: 'values',
    data: { values: [{ key, value: 81.5, quality: 'good', at: at(1) }] },
  })
  expect(after.tags.get(key)).toMatchObject({ value: 81.5, at: at(1) })
  expect(after.tags.get(key)?.recent).toHaveLength(recentCountMax)
  expect(after.tags.get(key)?.recent.at(-1)).toBe(81.5)
})

test('what a value does not touch keeps its identity and is not drawn again', () => {
  const after = applyEvent(start, {
    event: 'values',
    data: { values: [{ key, value: 81.5, quality: 'good', at: at(1) }] },
  })
  expect(after.alarms).toBe(start.alarms)
  expect(after.verdicts).toBe(start.verdicts)
  expect(after.tags.get('LINE-B/ROBOT-1/temperature')).toBe(start.tags.get('LINE-B/ROBOT-1/temperature'))
})

test('a value older than what stands there changes nothing', () => {
  expect(
    applyEvent(start, { event: 'values', data: { values: [{ key, value: 1, quality: 'good', at: at(-60) }] } }),
  ).toBe(start)
})

test('a value of a tag that the board does not know waits for the board', () => {
  expect(
    applyEvent(start, {
      event: 'values',
      data: { values: [{ key: 'LINE-X/new', value: 1, quality: 'good', at: at(1) }] },
    }),
  ).toBe(start)
})

test('a text value does not enter the course', () => {
  const after = applyEvent(start, {
    event: 'values',
    data: { values: [{ key, value: 'RUN', quality: 'good', at: at(1) }] },
  })
  expect(after.tags.get(key)?.recent).toBe(start.tags.get(key)?.recent)
})

test('a verdict takes the place of the one before it of the same rule and subject', () => {
  const before = plant.board.verdicts[0]
  if (!before) throw new Error('the fixture has no verdict')
  const after = applyEvent(start, { event: 'verdict', data: { ...before, status: 'HIGH', normal: false } })
  expect(after.verdicts.size).toBe(start.verdicts.size)
  expect(after.verdicts.get(verdictKey(before))?.status).toBe('HIGH')
})

test('an alarm that has ended leaves the open ones and is first among the ended', () => {
  const raised = applyEvent(start, { event: 'alarm', data: alarm() })
  expect(raised.alarms.get('one')?.state).toBe('unacknowledged')
  const ended = applyEvent(raised, { event: 'alarm', data: alarm({ state: 'cleared' }) })
  expect(ended.alarms.size).toBe(0)
  expect(ended.ended.map((each) => each.id)).toEqual(['one'])
})

test('the list of ended alarms is bounded', () => {
  const after = Array.from({ length: endedCountMax + 20 }, (_, index) =>
    alarm({ id: String(index), state: 'cleared' }),
  ).reduce((state, each) => applyEvent(state, { event: 'alarm', data: each }), start)
  expect(after.ended).toHaveLength(endedCountMax)
  expect(after.ended[0]?.id).toBe(String(endedCountMax + 19))
})

test('a board that is fetched again keeps the ended alarms, and not those that are open again', () => {
  const before = applyEvent(applyEvent(start, { event: 'alarm', data: alarm({ state: 'cleared' }) }), {
    event: 'alarm',
    data: alarm({ id: 'two', state: 'cleared' }),
  })
  const after = fromBoard({ ...plant.board, alarms: [alarm({ id: 'two' })] }, before)
  expect(after.ended.map((each) => each.id)).toEqual(['one'])
  expect([...after.alarms.keys()]).toEqual(['two'])
})

test('the line to the cloud is as the last event says', () => {
  const line = { ...plant.board.line_to_cloud, state: 'offline' as const }
  expect(applyEvent(start, { event: 'line_to_cloud', data: line }).lineToCloud).toBe(line)
})

test('reset by itself changes nothing', () => {
  expect(applyEvent(start, { event: 'reset', data: { reason: 'rules' } })).toBe(start)
})
