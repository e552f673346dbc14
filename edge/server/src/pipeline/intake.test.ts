import { decodeSegment } from '@jidoka/sync-protocol'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Inbound } from '../ports.ts'
import { ingestLimits } from './limits.ts'
import { TestJournal } from './test-support.ts'

describe('intake', () => {
  let at: TestJournal
  beforeEach(() => {
    at = new TestJournal()
  })
  afterEach(() => at.close())

  const topic = 'sensor/LINE-A/temperature'
  const message = (payload: unknown, more: Partial<Inbound> = {}): Partial<Inbound> => ({
    topic,
    payload: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)),
    ...more,
  })
  const stored = () =>
    at.read((reader) =>
      reader.segments(1, Infinity).flatMap(({ body }) => {
        const segment = decodeSegment(body)
        return Array.from({ length: segment.count }, (_, index) => segment.value(index))
      }),
    )
  const letters = () => at.read((reader) => reader.deadLetters(10))

  test('every form of payload is stored, each message in one commit and in its order', () => {
    const nowMs = at.clock.nowMs()
    // The first makes the tag, the others take the fast way.
    at.send(message('20.5'))
    const { counts } = at.send(
      message('[1,2,3]'),
      message([
        { value: 4, timestamp: nowMs },
        { value: 5, quality: 'bad' },
      ]),
      message({ tenant_id: 'acme', samples: [[nowMs / 1_000, 6], { value: 7, timestamp: new Date(nowMs) }] }),
      message({ value: 8, timestamp: nowMs }),
    )
    expect(counts).toMatchObject({ readings: 8 })
    expect(stored()).toEqual([20.5, 1, 2, 3, 4, 5, 6, 7, 8])
    expect(letters()).toEqual([])
  })

  test('booleans and texts are stored, alone and in arrays', () => {
    at.send(
      message('true', { topic: 'sensor/LINE-A/door' }),
      message('[false,true]', { topic: 'sensor/LINE-A/door' }),
      message('"RUN"', { topic: 'sensor/LINE-A/state' }),
    )
    expect(stored()).toEqual([true, false, true, 'RUN'])
  })

  test('a bad sample does not lose its good neighbours, and the message is one dead letter that says which and how many', () => {
    const { counts, deadLetters } = at.send(message([1, null, 'RUN', { value: 4 }, { value: 5, unit: {} }]))
    expect(counts.readings).toBe(2)
    expect(stored()).toEqual([1, 4])
    expect(deadLetters).toMatchObject([
      { reason: 'wrong_type', detail: expect.stringMatching(/^sample 2 of 5: .*\(3 refused, 2 are stored\)$/) },
    ])
  })

  test('a sample from too far ahead is refused alone, also on the fast way', () => {
    at.send(message('0'))
    const far = at.clock.nowMs() + 2 * 3_600_000
    at.send(
      message([
        [at.clock.nowMs(), 1],
        [far, 2],
        [at.clock.nowMs(), 3],
      ]),
    )
    expect(stored()).toEqual([0, 1, 3])
    expect(letters()).toMatchObject([{ reason: 'time_too_far', detail: expect.stringContaining('sample 2 of 3') }])
  })

  test.each([
    [{ tenant_id: 'other', value: 1 }],
    [{ tenant_id: 'other', samples: [1, 2] }],
    [[{ tenant_id: 'other', value: 1 }]],
  ])('a wrong tenant is refused: %j', (payload) => {
    at.send(message('0'))
    expect(at.send(message(payload)).counts.readings).toBe(0)
    expect(letters()).toMatchObject([{ reason: 'wrong_tenant', detail: expect.stringContaining('"other"') }])
  })

  test('another unit than the tag is in is refused, also within an array on the fast way', () => {
    at.send(message({ value: 0, unit: 'C' }))
    at.send(message([{ value: 1, unit: 'C' }, { value: 2, unit: 'F' }, { value: 3 }]))
    at.send(message({ unit: 'F', samples: [4, 5] }))
    expect(stored()).toEqual([0, 1, 3])
    expect(letters().map(({ reason }) => reason)).toEqual(['unit_mismatch', 'unit_mismatch'])
  })

  test('a bare word that is no JSON is a dead letter with its sample', () => {
    at.send(message('RUN'))
    expect(letters()).toMatchObject([{ reason: 'not_json', source: 'press-1', topic, sample: 'RUN' }])
  })

  test('I10: the largest array is stored whole, one sample more is refused', () => {
    const payload = (count: number) => message(JSON.stringify(Array.from({ length: count }, () => 1)))
    expect(at.send(payload(ingestLimits.samplesMax)).counts.readings).toBe(ingestLimits.samplesMax)
    expect(at.send(payload(ingestLimits.samplesMax + 1)).deadLetters).toMatchObject([{ reason: 'too_large' }])
  })

  test('I10: arrays beyond a segment are in several segments of one commit', () => {
    const thousand = message(`[${'1,'.repeat(ingestLimits.samplesMax - 1)}1]`)
    const { counts, readingsSeq } = at.send(...Array.from({ length: 70 }, () => thousand))
    expect([counts.readings, readingsSeq]).toEqual([70_000, 70_000])
    expect(stored().length).toBe(70_000)
  })
})
