import type { Judgment } from '@jidoka/domain'
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
const keeper = { id: 'light', clean: false } as const
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
