import type { Alarm, Judgment } from '@jidoka/domain'
import { afterEach, describe, expect, test } from 'vitest'
import type { StandingVerdict } from '../ports.ts'
import { RawBroker } from './conformance/raw-broker.ts'

let at: RawBroker
afterEach(async () => at.stop())

const verdict = (subject: string, status: string, judgedAtMs: number): StandingVerdict => ({
  sinceMs: judgedAtMs,
  judgment: {
    id: `${subject}-${judgedAtMs}`,
    rule_id: 'hot',
    line: 'A',
    subject,
    status,
    normal: status === 'NORMAL',
    confidence: 1,
    explanation: null,
    judged_at_ms: judgedAtMs,
  } as unknown as Judgment,
})
const alarm = (id: string, state: Alarm['state'] = 'unacknowledged'): Alarm =>
  ({
    id,
    rule_id: 'hot',
    line: 'A',
    subject: 'A/1',
    priority: 'high',
    state,
    status: 'HIGH',
    changed_at_ms: 1,
  }) as Alarm
const keeper = { id: 'light', clean: false } as const
const stateOf = (text: string) => {
  const { alarm_id: id, state } = JSON.parse(text) as { alarm_id: string; state: string }
  return `${id} ${state}`
}
const statusOf = (text: string) => (JSON.parse(text) as { status: string }).status

describe('standing verdicts', () => {
  test('of several machines leave the abnormal one retained, whatever came last', async () => {
    at = await RawBroker.start()
    at.broker.publishVerdicts([verdict('A/1', 'HIGH', 1), verdict('A/2', 'NORMAL', 2)])
    const light = await at.connect()
    await light.subscribe(['judgment/#', 1])
    expect(statusOf((await light.next('publish')).text)).toBe('HIGH')
    at.broker.publishVerdicts([verdict('A/1', 'NORMAL', 3)])
    expect(statusOf((await light.next('publish')).text)).toBe('NORMAL')
  })

  test('that a session was not told of before a crash are told after it, and no other', async () => {
    at = await RawBroker.start()
    const light = await at.connect(keeper)
    await light.subscribe(['judgment/#', 1])
    at.broker.publishVerdicts([verdict('A/1', 'HIGH', 1)])
    light.answer(0x40, (await light.next('publish')).messageId)
    await light.ping()
    // Committed by the journal's thread; the message to the session is not.
    at.journal.hold()
    const standing = verdict('A/1', 'NORMAL', 2)
    at.broker.publishVerdicts([standing])
    await at.crash()
    at.broker.restoreVerdicts([standing])
    const back = await at.connect(keeper)
    expect(statusOf((await back.next('publish')).text)).toBe('NORMAL')
    await at.crash()
    at.broker.restoreVerdicts([standing])
    const again = await at.connect(keeper)
    // What was not acknowledged comes again; what stands is told no second time.
    expect((await again.next('publish')).isRepeat).toBe(true)
    await again.ping()
    expect(again.unread).toEqual([])
  })
})

describe('alarms', () => {
  const tell = (each: Alarm) => at.broker.publishAlarms([each], at.journal.commitAlarm(each))

  test('that were stored in the instant of a crash reach a kept session after it, and are told once', async () => {
    at = await RawBroker.start()
    const light = await at.connect(keeper)
    await light.subscribe(['alarm/#', 1])
    tell(alarm('first'))
    light.answer(0x40, (await light.next('publish')).messageId)
    await light.ping()
    // Committed by the journal's thread; the message to the session is not.
    at.journal.hold()
    tell(alarm('second'))
    at.journal.commitAlarm(alarm('second', 'returned'))
    await at.crash()
    const back = await at.connect(keeper)
    for (const expected of ['second unacknowledged', 'second returned']) {
      const message = await back.next('publish')
      expect(stateOf(message.text)).toBe(expected)
      back.answer(0x40, message.messageId)
    }
    await back.ping()
    await at.crash()
    const again = await at.connect(keeper)
    await again.ping()
    expect(again.unread).toEqual([])
  })

  test('reach a session that was away behind more verdicts than it may have, and take no room from them, also after a crash', async () => {
    at = await RawBroker.start({
      limits: { sessionMessagesAlways: 3, sessionAlarmsAlways: 5, sessionMessagesOfAllMax: 1 },
    })
    const light = await at.connect(keeper)
    await light.subscribe(['alarm/#', 1], ['judgment/#', 1])
    await light.disconnect()
    const verdicts = (from: number) =>
      at.broker.publishVerdicts([0, 1, 2, 3, 4].map((index) => verdict(`A/${from + index}`, 'HIGH', from + index)))
    verdicts(1)
    for (let count = 0; count < 3; count++) tell(alarm(`a${count}`))
    expect(at.broker.stats().queuedMessages).toBe(6)
    // Until its changes are on disk.
    await (await at.connect({ id: 'other', clean: false })).disconnect()
    await at.crash()
    verdicts(10)
    for (let count = 3; count < 7; count++) tell(alarm(`a${count}`))
    expect(at.broker.stats().queuedMessages).toBe(8)
    const back = await at.connect(keeper)
    const topics: string[] = []
    for (let count = 0; count < 8; count++) topics.push((await back.next('publish')).topic.split('/')[0] ?? '')
    expect(topics).toEqual([...Array(3).fill('judgment'), ...Array(5).fill('alarm')])
  })

  test('of the time before it had subscribed are not told to a session after a crash', async () => {
    at = await RawBroker.start()
    tell(alarm('first'))
    const light = await at.connect(keeper)
    await light.subscribe(['alarm/#', 1])
    await light.ping()
    await at.crash()
    const back = await at.connect(keeper)
    await back.ping()
    expect(back.unread).toEqual([])
  })

  test('that a start has told are told no second time when their commit is heard of behind it', async () => {
    at = await RawBroker.start()
    const light = await at.connect(keeper)
    await light.subscribe(['alarm/#', 1])
    const recordsSeq = at.journal.commitAlarm(alarm('first'))
    await at.crash()
    at.broker.publishAlarms([alarm('first')], recordsSeq)
    const back = await at.connect(keeper)
    expect(stateOf((await back.next('publish')).text)).toBe('first unacknowledged')
    await back.ping()
    expect(back.unread).toEqual([])
  })
})
