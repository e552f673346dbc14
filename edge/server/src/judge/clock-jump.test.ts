import { unjudged } from '@jidoka/domain'
import type { Judgment } from '@jidoka/domain'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hotRule, productionCount, TestJournal } from '../pipeline/test-support.ts'
import { pressure, ratio } from './test-rules.ts'

/*
 * A wall clock may jump: a person sets it, NTP finds the network again, a battery was empty. Whatever it does, what comes
 * is judged and what does not come is UNJUDGED (I4); an hour's jump must not cost an hour of alarms.
 */
const hourMs = 3_600_000

describe('I4: when the clock of the appliance', () => {
  let at: TestJournal
  beforeEach(() => {
    at = new TestJournal()
  })
  afterEach(() => at.close())

  const judgments = (): Judgment[] =>
    at.records().flatMap((record) => (record.kind === 'judgment' ? [record.body] : []))
  const standing = () => at.read((reader) => reader.standingVerdicts()).map(({ judgment }) => judgment.status)
  const alarmStates = () => at.records().flatMap((record) => (record.kind === 'alarm' ? [record.body.state] : []))
  const sendPressure = (value: number) =>
    at.send({ topic: 'sensor/LINE-A/pressure', payload: Buffer.from(at.payload(value, { unit: 'bar' })) })
  const lastValue = () => at.read((reader) => reader.lastValues())[0]?.value
  const tick = (value: number) => {
    at.clock.advance(1_000)
    at.send(value)
  }

  test('is set back, what comes then is judged, shown and raises its alarm', () => {
    at.deploy(hotRule())
    at.send(20)
    at.clock.jump(-hourMs)
    tick(90)
    expect([standing(), lastValue(), alarmStates()]).toEqual([['HIGH'], 90, ['unacknowledged']])
    at.restart({ inOrder: false })
    expect(lastValue()).toBe(90)
    at.clock.jump(-hourMs)
    tick(30)
    at.restart()
    expect([standing(), lastValue()]).toEqual([['NORMAL'], 30])
  })

  test('is set back and nothing comes any more, what stands is UNJUDGED at the next sweep', () => {
    at.deploy(hotRule())
    at.send(90)
    at.clock.jump(-hourMs)
    at.pass(1)
    expect(judgments().at(-1)).toMatchObject({
      status: unjudged,
      inputs: { value: { value: 90, problem: 'stale' } },
    })
    at.pass(600)
    expect([standing(), judgments().length]).toEqual([[unjudged], 2])
  })

  test('is set back, an input from before is stale to a reading that comes after', () => {
    at.deploy(pressure())
    sendPressure(6)
    at.clock.jump(-hourMs)
    tick(90)
    expect(judgments().at(-1)).toMatchObject({ status: unjudged, inputs: { pressure: { problem: 'stale' } } })
    sendPressure(6)
    tick(90)
    expect(standing()).toEqual(['HIGH'])
  })

  test('is set back within a restart, what stands is UNJUDGED all the same', () => {
    at.deploy(hotRule())
    at.send(90)
    at.journal.abandon()
    at.clock.jump(-hourMs)
    at.reopen()
    at.pass(1)
    expect(standing()).toEqual([unjudged])
  })

  test('is put right by a second, as NTP does, nothing is UNJUDGED', () => {
    at.deploy(hotRule())
    at.send(20)
    at.clock.jump(-2_000)
    at.pass(1)
    tick(90)
    expect(judgments().map(({ status }) => status)).toEqual(['NORMAL', 'HIGH'])
  })

  test('is put forward, what stands is UNJUDGED at once, and what comes then is judged', () => {
    at.deploy(hotRule())
    at.send(20)
    at.clock.jump(hourMs)
    at.pass(1)
    expect(standing()).toEqual([unjudged])
    tick(90)
    expect([standing(), lastValue(), alarmStates()]).toEqual([['HIGH'], 90, ['unacknowledged']])
  })

  test('is set back within a cool-down, an alarm does not wait for the hour', () => {
    at.deploy(hotRule({ cool_down_s: 60 }))
    for (const value of [90, 20]) at.send(value)
    const [alarm] = at.read((reader) => reader.openAlarms())
    at.command({ kind: 'change_alarm', alarmId: alarm?.id ?? '', action: 'acknowledge', actor: 'kim' })
    expect(at.read((reader) => reader.openAlarms())).toEqual([])
    tick(90)
    at.pass(1)
    expect(at.read((reader) => reader.openAlarms())).toEqual([])
    at.clock.jump(-hourMs)
    tick(90)
    at.pass(1)
    expect(at.read((reader) => reader.openAlarms())).toMatchObject([{ state: 'unacknowledged' }])
  })

  test('is behind that of the MES, a count dated ahead neither shuts out the next nor looks fresh for longer', () => {
    at.deploy(ratio())
    const count = (key: string, aheadMs: number, defects: number) =>
      at.events(
        productionCount({
          source_key: key,
          occurred_at_ms: at.clock.nowMs() + aheadMs,
          production_count: 100,
          defect_count: defects,
        }),
      )
    count('ahead', 3_600_000, 0)
    at.clock.advance(1_000)
    count('right', 0, 6)
    expect(standing()).toEqual(['HIGH_DEFECT'])
    expect(at.read((reader) => reader.facts())).toMatchObject([{ defectCount: 6 }])
    at.clock.advance(1_000)
    count('ahead again', 3_600_000, 0)
    at.pass(3_600)
    expect(standing()).toEqual(['NORMAL'])
    at.pass(1)
    expect(standing()).toEqual([unjudged])
  })

  test('is set back, production counts from before are stale and those that come are judged', () => {
    at.deploy(ratio())
    const count = (key: string, defects: number) =>
      at.events(productionCount({ source_key: key, occurred_at_ms: at.clock.nowMs(), defect_count: defects }))
    count('before', 2)
    at.clock.jump(-7_200_000)
    at.pass(1)
    expect(standing()).toEqual([unjudged])
    count('after', 6)
    expect(standing()).toEqual(['HIGH_DEFECT'])
  })
})
