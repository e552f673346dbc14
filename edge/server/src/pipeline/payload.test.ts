import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FastPayloadReader } from './fast-payload.ts'
import { parsePayload, parseTimestamp } from './payload.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)
const parse = (text: string) => parsePayload(bytesOf(text))

describe('payload', () => {
  test('I10: any bytes are read or refused with a reason, never thrown over', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.json().map(bytesOf)), (bytes) => {
        const outcome = parsePayload(bytes)
        if ('reason' in outcome) expect(outcome.detail.length).toBeGreaterThan(0)
        else expect(['number', 'boolean', 'string']).toContain(typeof outcome.payload.value)
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
  const objectText = fc
    .tuple(
      fc
        .array(member, { minLength: 1, maxLength: 5 })
        .map((members) => [...new Map(members.map((each) => [each.slice(0, 5), each])).values()]),
      space,
    )
    .map(([members, gap]) => `${gap}{${gap}${members.join(`${gap},${gap}`)}${gap}}${gap}`)

  test('what the fast reader takes, the careful one reads alike to the last bit', () => {
    const fast = new FastPayloadReader()
    let taken = 0
    fc.assert(
      fc.property(objectText, (text) => {
        const bytes = bytesOf(text)
        if (!fast.read(bytes, 0, bytes.length)) return
        taken++
        const outcome = parsePayload(bytes)
        if ('reason' in outcome) throw new Error(`the careful reader refuses ${text}: ${outcome.detail}`)
        const slice = (from: number, to: number) =>
          to === 0 ? null : new TextDecoder().decode(bytes.subarray(from, to))
        const { payload } = outcome
        expect(Object.is(fast.value, payload.value)).toBe(true)
        expect(fast.timeMs).toBe(payload.timeMs ?? Number.NaN)
        expect({
          unit: slice(fast.unitFrom, fast.unitTo),
          tenantId: slice(fast.tenantFrom, fast.tenantTo),
          quality: fast.quality,
        }).toEqual({ unit: payload.unit, tenantId: payload.tenantId, quality: payload.quality })
      }),
      { numRuns: 8_000 },
    )
    // The property would hold for a reader that takes nothing.
    expect(taken).toBeGreaterThan(500)
  })

  test('the reference payload takes the fast way', () => {
    const text = '{"tenant_id":"acme","value":23.45,"unit":"C","timestamp":"2026-11-21T09:31:04.123Z"}'
    const fast = new FastPayloadReader()
    expect(fast.read(bytesOf(text), 0, text.length)).toBe(true)
    expect([fast.value, fast.timeMs]).toEqual([23.45, Date.UTC(2026, 10, 21, 9, 31, 4, 123)])
  })

  test('leaves a member that comes twice to the careful reader', () => {
    const text = '{"value":1,"value":2}'
    expect(new FastPayloadReader().read(bytesOf(text), 0, text.length)).toBe(false)
    expect(parse(text)).toMatchObject({ payload: { value: 2 } })
  })

  test.each([
    ['{"value":1', 'not_json'],
    ['{"value":NaN}', 'not_json'],
    ['\u00ff\u00fe', 'not_json'],
    ['12.5', 'wrong_type'],
    ['[1]', 'wrong_type'],
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
    ['{"value":-1e16}', 'not_finite'],
    [`{"value":"${'x'.repeat(1_025)}"}`, 'too_large'],
    [`{"value":1,"note":"${'x'.repeat(9_000)}"}`, 'too_large'],
  ])('refuses %.40s as %s', (text, reason) => {
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
