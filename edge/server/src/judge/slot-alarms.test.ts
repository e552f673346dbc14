import type { Judgment } from '@jidoka/domain'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hotRule, TestJournal } from '../pipeline/test-support.ts'

/* Alarms as verdicts raise and end them, through the real journal, store and rule engine, with a clock turned by hand. */
describe('alarms of verdicts', () => {
  let at: TestJournal
  beforeEach(() => {
    at = new TestJournal()
  })
  afterEach(() => at.close())

  const judgments = (): Judgment[] =>
    at.records().flatMap((record) => (record.kind === 'judgment' ? [record.body] : []))
  const alarmStates = () => at.records().flatMap((record) => (record.kind === 'alarm' ? [record.body.state] : []))

  test('are raised, acknowledged by a person, and end when the process is normal again', () => {
    at.deploy(hotRule())
    at.send(90)
    const [raised] = at.read((reader) => reader.openAlarms())
    expect(raised).toMatchObject({
      state: 'unacknowledged',
      priority: 'high',
      status: 'HIGH',
      subject: 'LINE-A/PRESS-1/temperature',
      equipment: 'PRESS-1',
    })
    expect(at.read((reader) => reader.judgment(raised?.judgment_id ?? ''))).toMatchObject({ status: 'HIGH' })
    expect(
      at.command({ kind: 'change_alarm', alarmId: raised?.id ?? '', action: 'acknowledge', actor: 'kim' }),
    ).toMatchObject({ done: { state: 'acknowledged', acknowledged_by: 'kim' } })
    at.send(20)
    expect(alarmStates()).toEqual(['unacknowledged', 'acknowledged', 'cleared'])
    expect(at.read((reader) => reader.openAlarms())).toEqual([])
    expect(at.read((reader) => reader.alarm(raised?.id ?? ''))).toMatchObject({ state: 'cleared' })
    expect(at.records().filter(({ kind }) => kind === 'audit')).toMatchObject([
      { body: { actor: 'kim', action: 'alarm.acknowledge' } },
    ])
  })

  test('wait for hysteresis on both sides', () => {
    at.deploy(hotRule({ hysteresis: { raise_after_count: 2, return_after_count: 3 } }))
    at.send(90, 20, 90)
    expect(alarmStates()).toEqual([])
    // Each is a record, and says that something else goes on standing.
    expect(judgments().map(({ status, stands }) => [status, stands ?? true])).toEqual([
      ['HIGH', false],
      ['NORMAL', true],
      ['HIGH', false],
    ])
    at.send(90, 20, 20)
    expect(alarmStates()).toEqual(['unacknowledged'])
    at.send(20)
    expect(alarmStates()).toEqual(['unacknowledged', 'returned'])
  })

  test('are not raised anew within the cool-down, and are as soon as it is over and the process still in alarm', () => {
    at.deploy(hotRule({ cool_down_s: 30 }))
    at.send(90)
    at.command({
      kind: 'change_alarm',
      alarmId: at.read((reader) => reader.openAlarms())[0]?.id ?? '',
      action: 'acknowledge',
      actor: 'kim',
    })
    at.send(20)
    at.pass(10)
    at.send(90)
    at.pass(19)
    expect(alarmStates()).toEqual(['unacknowledged', 'acknowledged', 'cleared'])
    at.pass(1)
    expect(alarmStates()).toEqual(['unacknowledged', 'acknowledged', 'cleared', 'unacknowledged'])
  })

  test('of a status without a priority are none', () => {
    at.deploy(hotRule({ alarms: {} }))
    at.send(90)
    expect(alarmStates()).toEqual([])
  })
})
