import { ManualClock } from '@jidoka/base'
import { boardSchema } from '@jidoka/contract'
import type { DesiredItem } from '@jidoka/domain'
import { describe, expect, test } from 'vitest'
import { MemoryJournal, someAlarm, someJudgment } from '../http/testing/memory-journal.ts'
import { LineStatus } from '../uplink/line-status.ts'
import { LiveBoard } from './board.ts'
import { RecentValues } from './recent-values.ts'

const clock = new ManualClock()
const catalogue: DesiredItem = {
  kind: 'tag_catalogue',
  key: 'tags',
  version: 1,
  body: {
    tags: [
      {
        key: 'LINE-A/temperature',
        name: { ko: '온도', en: 'Temperature' },
        kind: 'number',
        unit: '°C',
        limits: { high: 90 },
        decimals: 1,
        stale_after_s: 10,
      },
      {
        key: 'LINE-A/pressure',
        name: { ko: '압력', en: 'Pressure' },
        kind: 'number',
        unit: 'bar',
        decimals: 2,
        stale_after_s: 10,
      },
    ],
  },
}
const site: DesiredItem = {
  kind: 'site',
  key: 'site',
  version: 1,
  body: {
    name: { ko: '안산', en: 'Ansan' },
    time_zone: 'Asia/Seoul',
    lines: [
      { code: 'LINE-B', area: 'A1', name: { ko: '나', en: 'B' } },
      { code: 'LINE-A', area: 'A1', name: { ko: '가', en: 'A' } },
    ],
  },
}

const disk = {
  free_bytes: 1,
  used_bytes: 0,
  horizon_days: null,
  horizon_days_at_day_rate: null,
  problem: null,
  problem_kind: null,
} as const

function makeBoard(journal: MemoryJournal): LiveBoard {
  const status = new LineStatus(clock, 'not_enrolled', null)
  const board = new LiveBoard(journal, {
    site: 'Plant',
    timeZone: 'UTC',
    identity: () => ({ edgeId: null, name: 'edge', tenantId: 'demo', version: '0.1.0' }),
    lineToCloud: () => status.view(journal.lanes(), disk),
    nowMs: () => clock.nowMs(),
  })
  journal.onCommitted((committed) => board.apply(committed))
  return board
}

describe('the board', () => {
  test('shows catalogued tags before their first reading, and discovered ones as not adopted', () => {
    const journal = new MemoryJournal()
    journal.desiredItems = [catalogue, site]
    const board = makeBoard(journal)
    journal.commit({
      newTags: [{ tag_no: 1, key: 'LINE-C/PRESS-1/torque', kind: 'number', unit: 'N·m' }],
      values: [{ key: 'LINE-C/PRESS-1/torque', timeMs: 5, value: 3, quality: 'uncertain' }],
    })
    const snapshot = boardSchema.parse(board.snapshot())
    expect(snapshot.site.name.ko).toBe('안산')
    expect(snapshot.lines.map((line) => line.code)).toEqual(['LINE-B', 'LINE-A', 'LINE-C'])
    const [temperature, , torque] = snapshot.tags
    expect(temperature).toMatchObject({ value: null, at: null, adopted: true, limits: { high: 90 } })
    expect(torque).toMatchObject({ value: 3, quality: 'uncertain', adopted: false, equipment: 'PRESS-1', unit: 'N·m' })
  })

  test('an alarm leaves when it is cleared, a verdict is replaced by the next of its rule and subject', () => {
    const journal = new MemoryJournal()
    const board = makeBoard(journal)
    const alarm = someAlarm()
    journal.commit({ alarms: [alarm], verdicts: [{ judgment: someJudgment(), sinceMs: 1 }] })
    journal.commit({
      alarms: [{ ...alarm, state: 'returned' }],
      verdicts: [{ judgment: someJudgment({ status: 'NORMAL', normal: true }), sinceMs: 2 }],
    })
    expect(board.snapshot()).toMatchObject({ alarms: [{ state: 'returned' }], verdicts: [{ status: 'NORMAL' }] })
    journal.commit({ alarms: [{ ...alarm, state: 'cleared' }] })
    expect(board.openAlarmsCount).toBe(0)
  })

  test('names change, and verdicts of a rule that was taken back go, when the desired state has been applied', async () => {
    const journal = new MemoryJournal()
    const standing = { judgment: someJudgment(), sinceMs: 1 }
    journal.verdictList = [standing]
    const board = makeBoard(journal)
    expect(board.snapshot()).toMatchObject({
      site: { name: { en: 'Plant' } },
      verdicts: [{ rule_name: { en: 'temperature-high' } }],
    })
    journal.verdictList = []
    await journal.applyDesired({
      upserts: [site],
      removals: [],
      replaceAll: true,
      position: { handle: 'h', offset: '0_0' },
    })
    expect(board.snapshot()).toMatchObject({ site: { name: { en: 'Ansan' } }, verdicts: [] })
  })
})

test('a sparkline keeps the last 60 values, oldest first', () => {
  const recent = new RecentValues()
  for (let value = 1; value <= 150; value++) recent.push(value)
  expect(recent.toArray()).toEqual(Array.from({ length: 60 }, (_, index) => 91 + index))
})
