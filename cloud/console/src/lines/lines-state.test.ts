import type { CloudLine } from '@jidoka/contract'
import type { Condition } from '@jidoka/ui'
import { expect, test } from 'vitest'
import { alarm, epochMs, plantLine, plantLines, tag, verdict } from '../../test/fixture-data.ts'
import {
  countLines,
  keyTags,
  leftOut,
  lineCondition,
  sortAlarms,
  sortLines,
  sortVerdicts,
  subjectWithin,
  verdictCondition,
  withAlarm,
  withHeard,
} from './lines-state.ts'

const name = { ko: '라인', en: 'Line' }
const lineWith = (change: Parameters<typeof plantLine>[4]) => plantLine(1, 'LINE-A', name, epochMs, change)
const abnormal = verdict('LINE-A', 'PRESS-1', { status: 'HIGH', normal: false })
const deaf = verdict('LINE-A', 'PRESS-2', { status: 'UNJUDGED', normal: false })

test.each<[string, Partial<CloudLine>, Condition]>([
  [
    'the worst alarm that stands',
    { alarms: [alarm('LINE-A', 'PRESS-1', { priority: 'low' }), alarm('LINE-A', 'PRESS-2', { priority: 'critical' })] },
    'critical',
  ],
  ['an abnormal verdict without an alarm', { verdicts: [abnormal, deaf] }, 'abnormal'],
  ['an alarm whose cause is gone', { alarms: [alarm('LINE-A', 'PRESS-1', { state: 'returned' })] }, 'normal'],
  [
    'an alarm that somebody shelved while the verdict stands',
    { alarms: [alarm('LINE-A', 'PRESS-1', { state: 'shelved' })], verdicts: [abnormal] },
    'abnormal',
  ],
  ['a verdict that could not be given', { verdicts: [deaf] }, 'unjudged'],
  ['no verdict at all', { verdicts: [] }, 'silent'],
  ['alarms of which none is listed', { alarms_more: 2 }, 'abnormal'],
  ['verdicts of which none is listed', { verdicts: [], verdicts_more: 2 }, 'abnormal'],
  [
    'an alarm that stands, where no verdict is listed',
    { alarms: [alarm('LINE-A', 'PRESS-1', { priority: 'critical' })], verdicts: [], verdicts_more: 2 },
    'critical',
  ],
])('a line is in the condition of %s', (_name, change, expected) => {
  expect(lineCondition(lineWith(change))).toBe(expected)
})

test('the abnormal line comes first, then the one that cannot be judged, then the others by site and code', () => {
  const lines = plantLines(epochMs)
  const order = ['LINE-B', 'LINE-D', 'LINE-E', 'LINE-A', 'LINE-C']
  expect(sortLines(lines).map(({ code }) => code)).toEqual(order)
  expect(sortLines(lines.toReversed()).map(({ code }) => code)).toEqual(order)
})

test('a verdict takes the priority of its own alarm and of no other', () => {
  const own = alarm('LINE-A', 'PRESS-1', { priority: 'medium' })
  expect(verdictCondition(abnormal, [own])).toBe('medium')
  expect(verdictCondition(abnormal, [{ ...own, subject: 'LINE-A/PRESS-2/temperature' }])).toBe('abnormal')
  expect(
    sortVerdicts({ verdicts: [verdict('LINE-A', 'PRESS-3'), deaf, abnormal], alarms: [] }).map(({ status }) => status),
  ).toEqual(['HIGH', 'UNJUDGED', 'NORMAL'])
})

test('an alarm that nobody has acknowledged comes before a worse one that somebody has', () => {
  const open = alarm('LINE-A', 'PRESS-1', { id: 'open', priority: 'low' })
  const seen = alarm('LINE-A', 'PRESS-2', { id: 'seen', priority: 'critical', state: 'acknowledged' })
  const shelved = alarm('LINE-A', 'PRESS-2', { id: 'shelved', priority: 'critical', state: 'shelved' })
  expect(sortAlarms([shelved, seen, open]).map(({ id }) => id)).toEqual(['open', 'seen', 'shelved'])
})

test('a tag outside its limits is shown before all that are inside', () => {
  const hot = tag('LINE-A', 'PRESS-2', 0, epochMs, { value: 96 })
  const warm = tag('LINE-A', 'PRESS-1', 0, epochMs, { value: 81 })
  const text = { ...tag('LINE-A', 'PRESS-1', 1, epochMs), kind: 'text' as const, value: 'RUN', limits: {} }
  const tags = [text, tag('LINE-A', 'PRESS-1', 2, epochMs), warm, hot]
  expect(
    keyTags({ tags, verdicts: [] }, 3)
      .map(({ value }) => value)
      .slice(0, 2),
  ).toEqual([96, 81])
  expect(keyTags({ tags, verdicts: [] }, 3)).not.toContain(text)
})

test('an alarm of the stream goes to its own line, once, and leaves it when it has ended', () => {
  const lines = plantLines(epochMs)
  const raised = { ...alarm('LINE-C', 'PRESS-1', { id: 'new' }), edge_id: '00000000-0000-7000-8000-000000000002' }
  const once = withAlarm(withAlarm(lines, raised), { ...raised, state: 'acknowledged' })
  expect(once.find(({ code }) => code === 'LINE-C')?.alarms).toMatchObject([{ id: 'new', state: 'acknowledged' }])
  expect(once[0]).toBe(lines[0])
  expect(withAlarm(once, { ...raised, state: 'cleared' }).find(({ code }) => code === 'LINE-C')?.alarms).toEqual([])
  // A line of the same code at another edge is another line.
  expect(withAlarm(lines, { ...raised, edge_id: '00000000-0000-7000-8000-000000000009' })).toEqual(lines)
})

test('being heard renews the age of the lines that were heard only', () => {
  const lines = withHeard(plantLines(epochMs), {
    edge_id: '00000000-0000-7000-8000-000000000003',
    lines: ['LINE-D'],
    seen_at: '2026-11-21T09:00:05.000Z',
  })
  expect(lines.filter(({ heard_at: at }) => at === '2026-11-21T09:00:05.000Z').map(({ code }) => code)).toEqual([
    'LINE-D',
  ])
})

test('counts what the summary says', () => {
  const all = { abnormal: 1, unjudged: 1, unacknowledged: 1, areAlarmsAll: true }
  expect(countLines(plantLines(epochMs))).toEqual(all)
  expect(countLines(plantLines(epochMs).map((line) => ({ ...line, alarms_more: 1 })))).toMatchObject({
    unacknowledged: 1,
    areAlarmsAll: false,
  })
})

test('a row leaves out what it has no room for and what is not listed, but no verdict that must be normal', () => {
  const alarms = [1, 2, 3, 4, 5].map((no) => alarm('LINE-A', `PRESS-${no}`))
  const some = { alarms, alarms_more: 52, verdicts: [abnormal, abnormal, abnormal, deaf], verdicts_more: 7 }
  expect(leftOut(some, 3)).toEqual({ alarms: 54, verdicts: 8 })
  expect(leftOut({ ...some, verdicts: [...some.verdicts, verdict('LINE-A', 'PRESS-3')] }, 3).verdicts).toBe(1)
  expect(leftOut({ ...some, verdicts: [] }, 3).verdicts).toBe(7)
  expect(leftOut({ alarms: alarms.slice(3), alarms_more: 0, verdicts: [abnormal], verdicts_more: 0 }, 3)).toEqual({
    alarms: 0,
    verdicts: 0,
  })
})

test('a subject is not told the line that stands above it', () => {
  expect(subjectWithin({ code: 'LINE-A' }, 'LINE-A/PRESS-1/temperature')).toBe('PRESS-1/temperature')
  expect(subjectWithin({ code: 'LINE-A' }, 'LINE-AB/temperature')).toBe('LINE-AB/temperature')
  expect(subjectWithin({ code: 'LINE-A' }, 'LINE-A')).toBe('LINE-A')
})
