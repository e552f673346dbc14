import { sensorMessageSchema } from '@jidoka/contract'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FastPayloadReader, qualityOfCode } from './fast-payload.ts'
import { ingestLimits } from './limits.ts'
import { parsePayload, parseTimestamp } from './payload.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)
const parse = (text: string) => parsePayload(bytesOf(text))

describe('payload', () => {
  test('I10: any bytes are read or refused with a reason, never thrown over', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.json().map(bytesOf)), (bytes) => {
        const outcome = parsePayload(bytes)
        if ('reason' in outcome) expect(outcome.detail.length).toBeGreaterThan(0)
        else
          for (const sample of outcome.samples)
            expect('reason' in sample ? sample.detail : sample.value).not.toBe(undefined)
        new FastPayloadReader().read(bytes, 0, bytes.length)
      }),
      { numRuns: 3_000 },
    )
  })

  const space = fc.constantFrom('', ' ', '\n\t')
  const numberText = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc
      .double({ min: -1e6, max: 1e6, noNaN: true })
      .chain((value) => fc.integer({ min: 0, max: 9 }).map((decimals) => value.toFixed(decimals))),
    fc.integer().map(String),
    fc.constantFrom(
      '-0',
      '0',
      '-0.0',
      '00',
      '01',
      '1.',
      '.5',
      '1e3',
      '+1',
      '999999999999999',
      '9999999999999999',
      '0.1234567890123456',
    ),
  )
  const timestampText = fc.oneof(
    fc.date({ min: new Date(0), max: new Date(8.64e15), noInvalidDate: true }).map((date) => JSON.stringify(date)),
    fc.constantFrom(
      '"2026-02-29T00:00:00.000Z"',
      '"2024-02-29T00:00:00.000Z"',
      '"2026-02-30T10:00:00.000Z"',
      '"2026-01-01T24:00:00.000Z"',
      '"2026-01-01T23:60:00.000Z"',
      '"2026-13-01T00:00:00.000Z"',
      '"2026-01-01"',
      '1795255661.5',
    ),
    fc.integer({ min: 0, max: 4_000_000_000_000 }).map(String),
  )
  const member = fc.oneof(
    numberText.map((text) => `"value":${text}`),
    fc.string({ maxLength: 20 }).map((text) => `"tenant_id":${JSON.stringify(text)}`),
    fc.string({ maxLength: 18 }).map((text) => `"unit":${JSON.stringify(text)}`),
    timestampText.map((text) => `"timestamp":${text}`),
    fc.constantFrom('good', 'bad', 'uncertain', 'fine').map((text) => `"quality":"${text}"`),
    fc.constant('"other":1'),
  )
  // Mostly one of each; twice the same member is among the tests of refusal.
  const objectText = (members: typeof member) =>
    fc
      .tuple(
        fc
          .array(members, { minLength: 1, maxLength: 5 })
          .map((texts) => [...new Map(texts.map((each) => [each.slice(0, 5), each])).values()]),
        space,
      )
      .map(([texts, gap]) => `${gap}{${gap}${texts.join(`${gap},${gap}`)}${gap}}${gap}`)
  const sampleText = fc.oneof(
    objectText(member),
    numberText,
    fc
      .tuple(timestampText, space, numberText)
      .map(([time, gap, value]) => `[${gap}${time}${gap},${gap}${value}${gap}]`),
    fc.integer({ min: -999, max: 999 }).map((tenths) => `{"value":${tenths / 10},"quality":"good"}`),
    fc.integer({ min: -999, max: 999 }).map(String),
  )
  const strangeText = fc.constantFrom('', 'true', '"RUN"', '[]', '[1]', 'null')
  const arrayText = fc
    .tuple(
      fc.array(fc.oneof({ weight: 19, arbitrary: sampleText }, { weight: 1, arbitrary: strangeText }), {
        maxLength: 4,
      }),
      space,
    )
    .map(([samples, gap]) => `${gap}[${samples.join(`${gap},`)}${gap}]`)
  const payloadText = fc.oneof(
    objectText(member),
    numberText,
    arrayText,
    objectText(
      fc.oneof(
        member,
        arrayText.map((text) => `"samples":${text}`),
      ),
    ),
  )

  test('what the fast reader takes, the careful one reads alike to the last bit', () => {
    const fast = new FastPayloadReader()
    let taken = 0
    let arraysTaken = 0
    fc.assert(
      fc.property(payloadText, (text) => {
        const bytes = bytesOf(text)
        if (!fast.read(bytes, 0, bytes.length)) return
        taken++
        if (fast.count > 1) arraysTaken++
        const outcome = parsePayload(bytes)
        if ('reason' in outcome) throw new Error(`the careful reader refuses ${text}: ${outcome.detail}`)
        const slice = (from: number, to: number) =>
          to === 0 ? null : new TextDecoder().decode(bytes.subarray(from, to))
        const unit = slice(fast.unitFrom, fast.unitTo)
        const tenantId = slice(fast.tenantFrom, fast.tenantTo)
        expect(fast.count).toBe(outcome.samples.length)
        outcome.samples.forEach((sample, index) => {
          if ('reason' in sample) throw new Error(`the careful reader refuses ${index} of ${text}: ${sample.detail}`)
          expect(Object.is(fast.values[index], sample.value)).toBe(true)
          expect(fast.timesMs[index]).toBe(sample.timeMs ?? Number.NaN)
          expect(qualityOfCode[fast.qualities[index] as number]).toBe(sample.quality)
          // What one sample says of unit and tenant holds for the tag; what another does not say is no contradiction.
          expect([unit, null]).toContain(sample.unit)
          expect([tenantId, null]).toContain(sample.tenantId)
        })
        expect(unit === null || outcome.samples.some((sample) => 'unit' in sample && sample.unit === unit)).toBe(true)
        expect(
          tenantId === null || outcome.samples.some((sample) => 'unit' in sample && sample.tenantId === tenantId),
        ).toBe(true)
      }),
      { numRuns: 12_000 },
    )
    // The property would hold for a reader that takes nothing.
    expect(taken).toBeGreaterThan(500)
    expect(arraysTaken).toBeGreaterThan(100)
  })

  test.each(
    [
      ['{"tenant_id":"acme","value":23.45,"unit":"C","timestamp":"2026-11-21T09:31:04.123Z"}', 1],
      ['20.299999999999997', 1],
      ['[20.1,20.2, -1e-3]', 3],
      ['[{"value":1,"timestamp":1795255661.25},{"value":2,"timestamp":1795255661250,"quality":"bad"}]', 2],
      ['{"samples":[[1795255661,1],[1795255662,2.5]],"unit":"C","quality":"uncertain"}', 2],
      [`[${Array.from({ length: 1_000 }, (_, index) => index).join()}]`, 1_000],
    ].map(([text, count]) => ({ name: String(text).slice(0, 60), text: String(text), count })),
  )('$name takes the fast way', ({ text, count }) => {
    const fast = new FastPayloadReader()
    expect(fast.read(bytesOf(text), 0, text.length)).toBe(true)
    expect(fast.count).toBe(count)
  })

  test('the fast way reads the reference payload', () => {
    const text = '{"tenant_id":"acme","value":23.45,"unit":"C","timestamp":"2026-11-21T09:31:04.123Z"}'
    const fast = new FastPayloadReader()
    fast.read(bytesOf(text), 0, text.length)
    expect([fast.values[0], fast.timesMs[0]]).toEqual([23.45, Date.UTC(2026, 10, 21, 9, 31, 4, 123)])
  })

  test('a year of bad digits is not mistaken for the day before it', () => {
    const fast = new FastPayloadReader()
    const of = (day: string) => bytesOf(`{"value":1,"timestamp":"${day}T00:00:00.000Z"}`)
    expect(fast.read(of('2026-11-05'), 0, of('2026-11-05').length)).toBe(true)
    expect(fast.read(of('1026-11-x5'), 0, of('1026-11-x5').length)).toBe(false)
  })

  test('leaves a member that comes twice to the careful reader', () => {
    const text = '{"value":1,"value":2}'
    expect(new FastPayloadReader().read(bytesOf(text), 0, text.length)).toBe(false)
    expect(parse(text)).toMatchObject({ samples: [{ value: 2 }] })
  })

  const plain = { unit: null, timeMs: null, quality: 'good', tenantId: null }
  test.each([
    ['20.5', [{ ...plain, value: 20.5 }]],
    ['true', [{ ...plain, value: true }]],
    ['"RUN"', [{ ...plain, value: 'RUN' }]],
    [
      '[1, "RUN", [1795255661, false], {"value":2,"unit":"C"}]',
      [
        { ...plain, value: 1 },
        { ...plain, value: 'RUN' },
        { ...plain, value: false, timeMs: 1_795_255_661_000 },
        { ...plain, value: 2, unit: 'C' },
      ],
    ],
    [
      '{"tenant_id":"acme","unit":"C","quality":"bad","timestamp":7,"samples":[1,{"value":2,"quality":"good"},[8,3]]}',
      [
        { value: 1, unit: 'C', timeMs: 7_000, quality: 'bad', tenantId: 'acme' },
        { value: 2, unit: 'C', timeMs: 7_000, quality: 'good', tenantId: 'acme' },
        { value: 3, unit: 'C', timeMs: 8_000, quality: 'bad', tenantId: 'acme' },
      ],
    ],
  ])('reads %s', (text, samples) => {
    expect(parse(text)).toMatchObject({ samples })
    expect(sensorMessageSchema.safeParse(JSON.parse(text)).success).toBe(true)
  })

  test('a bad sample is refused alone', () => {
    expect(parse('[1,null,{"unit":"C"},[1,2,3],["yesterday",4],5]')).toMatchObject({
      isArray: true,
      samples: [
        { value: 1 },
        { reason: 'wrong_type' },
        { reason: 'wrong_type' },
        { reason: 'wrong_type' },
        { reason: 'wrong_type' },
        { value: 5 },
      ],
    })
  })

  test.each(
    [
      ['{"value":1', 'not_json'],
      ['{"value":NaN}', 'not_json'],
      ['\u00ff\u00fe', 'not_json'],
      ['RUN', 'not_json'],
      ['[]', 'wrong_type'],
      ['{"samples":[]}', 'wrong_type'],
      ['{"samples":3}', 'wrong_type'],
      ['{"samples":[1],"value":1}', 'wrong_type'],
      ['{"samples":[1],"quality":"fine"}', 'wrong_type'],
      [`[${'1,'.repeat(ingestLimits.samplesMax)}1]`, 'too_large'],
      [`[${' '.repeat(ingestLimits.payloadBytesMax)}1]`, 'too_large'],
      [`${' '.repeat(ingestLimits.onePayloadBytesMax)}1`, 'too_large'],
      ['null', 'wrong_type'],
      ['{"unit":"C"}', 'wrong_type'],
      ['{"value":null}', 'wrong_type'],
      ['{"value":{"a":1}}', 'wrong_type'],
      ['{"value":1,"unit":3}', 'wrong_type'],
      ['{"value":1,"timestamp":"yesterday"}', 'wrong_type'],
      ['{"value":1,"timestamp":"2026-01-01T00:00:00"}', 'wrong_type'],
      ['{"value":1,"quality":"fine"}', 'wrong_type'],
      // PostgreSQL keeps no NUL: such a reading would hold up its lane in the cloud.
      ['{"value":"a\\u0000b"}', 'wrong_type'],
      ['{"value":"a\\ud800b"}', 'wrong_type'],
      ['{"value":1,"unit":"\\u0000"}', 'wrong_type'],
      ['{"value":1e999}', 'not_finite'],
      ['{"value":-1e16}', 'too_large'],
      ['{"value":9007199254740993}', 'too_large'],
      [`{"value":"${'x'.repeat(1_025)}"}`, 'too_large'],
      [`{"value":1,"note":"${'x'.repeat(9_000)}"}`, 'too_large'],
    ].map(([text = '', reason]) => ({ name: text.slice(0, 40), text, reason })),
  )('refuses $name as $reason', ({ text, reason }) => {
    expect(parse(text)).toMatchObject({ reason })
  })

  test('reads seconds, milliseconds and zones as the same instant', () => {
    const instant = Date.UTC(2026, 0, 1, 0, 0, 0)
    for (const timestamp of [
      instant,
      instant / 1_000,
      '2026-01-01T00:00:00Z',
      '2026-01-01T09:00:00+09:00',
      '2026-01-01T09:00:00.000+0900',
      '2026-01-01T09:00+09:00',
    ]) {
      expect(parseTimestamp(timestamp)).toBe(instant)
    }
  })
})
