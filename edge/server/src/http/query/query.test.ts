import fc from 'fast-check'
import { ruleDefinitionSchema } from '@jidoka/domain'
import { RuleEngine } from '@jidoka/rules'
import { loadRuleModule } from '@jidoka/rules/node'
import { describe, expect, test } from 'vitest'
import { readHistory } from './read-history.ts'
import { thin } from './thin.ts'
import { tryRule } from './try-rule.ts'

describe('thinning', () => {
  test('a spike of one reading among 86,400 stays', () => {
    const timesMs = Array.from({ length: 86_400 }, (_, second) => second * 1_000)
    const values = timesMs.map((_, second) => (second === 40_000 ? 999 : 20))
    const thinned = thin({ timesMs, values }, 0, 86_400_000, 500)
    expect(thinned.values).toContain(999)
    expect(thinned.values.length).toBeLessThanOrEqual(500)
  })

  test('keeps order, extremes and bounds for any points', () => {
    const points = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 10_000 }), fc.double({ noNaN: true, min: -1e6, max: 1e6 })),
      { minLength: 1, maxLength: 500 },
    )
    fc.assert(
      fc.property(points, fc.integer({ min: 3, max: 100 }), (pairs, pointsMax) => {
        const sorted = pairs.toSorted((left, right) => left[0] - right[0])
        const values = sorted.map(([, value]) => value)
        const thinned = thin({ timesMs: sorted.map(([timeMs]) => timeMs), values }, 0, 10_000, pointsMax)
        expect(thinned.times_ms).toEqual(thinned.times_ms.toSorted((left, right) => left - right))
        expect(Math.max(...thinned.values)).toBe(Math.max(...values))
        expect(Math.min(...thinned.values)).toBe(Math.min(...values))
        expect(thinned.values.length).toBeLessThanOrEqual(Math.max(pointsMax, 3))
      }),
    )
  })
})

test('history is read newest first, whole where time allows and its newest part where it does not', () => {
  const everySecond = {
    history: (_key: string, fromMs: number, toMs: number) => {
      const timesMs = Float64Array.from(
        { length: Math.floor((toMs - fromMs) / 1_000) + 1 },
        (_, index) => Math.ceil(fromMs / 1_000) * 1_000 + index * 1_000,
      ).filter((timeMs) => timeMs <= toMs)
      return { timesMs, values: timesMs.map((timeMs) => timeMs / 1_000) }
    },
  }
  const question = { key: 'LINE-A/temperature', fromMs: 0, toMs: 3_600_000, points: 5_000 }
  const whole = readHistory(everySecond, question, () => 0)
  expect(whole.readings_count).toBe(3_601)
  expect(whole.times_ms).toEqual(Array.from({ length: 3_601 }, (_, second) => second * 1_000))
  let askedTimes = 0
  const cut = readHistory(everySecond, question, () => ++askedTimes * 600)
  expect(cut.times_ms.at(-1)).toBe(3_600_000)
  expect(cut.readings_count).toBeLessThan(600)
})

describe('trying a rule out', () => {
  const engine = RuleEngine.create(loadRuleModule())
  const rule = (script: string, examples: unknown[] = []) =>
    ruleDefinitionSchema.parse({
      id: 'temperature-high',
      version: 1,
      name: { ko: '온도', en: 'Temperature' },
      trigger: { on: 'reading', sensor: 'temperature' },
      inputs: [
        { name: 'value', from: 'trigger', kind: 'number' },
        { name: 'before', from: 'previous_status', kind: 'text' },
      ],
      parameters: { high: { value: 90, name: { ko: '상한', en: 'High' } } },
      script,
      examples,
    })
  const good =
    'if input.value > params.high { #{ status: "HIGH", confidence: 0.95, explanation: `${input.value}` } } else { #{ status: "NORMAL", confidence: 0.8 } }'

  test('gives the verdict of the input and of each example, with what it expected', () => {
    const definition = rule(good, [
      { input: { value: 95 }, status: 'HIGH' },
      { input: { value: 95 }, status: 'NORMAL' },
    ])
    expect(tryRule(engine, definition, { value: 91 })).toMatchObject({
      answer: {
        verdict: { status: 'HIGH', confidence: 0.95 },
        examples: [{ passed: true }, { passed: false, got: 'HIGH', expected: 'NORMAL' }],
      },
    })
  })

  test('names line and column of a script that does not compile', () => {
    const outcome = tryRule(engine, rule('let x = 1;\ninput.valu > 3'), { value: 1 })
    expect(outcome).toMatchObject({ refused: { kind: 'rule_refused', line: 2 } })
  })

  test('says which input is missing', () => {
    expect(tryRule(engine, rule(good), {})).toMatchObject({ refused: { kind: 'invalid_input' } })
  })

  test('I4, I7: refuses what putting it in force would refuse, in the same words', () => {
    expect(tryRule(engine, { ...rule(good), alarms: { NORMAL: 'low' } }, { value: 1 })).toEqual({
      refused: { kind: 'rule_refused', problem: 'The status NORMAL is a normal one and cannot raise an alarm.' },
    })
    const forged = rule('#{ status: "UNJUDGED", confidence: 1.0 }', [{ input: { value: 1 }, status: 'UNJUDGED' }])
    expect(tryRule(engine, forged, undefined)).toMatchObject({
      answer: { examples: [{ passed: false, problem: expect.stringContaining('which only the program gives') }] },
    })
    expect(tryRule(engine, rule('#{ status: "ok lower", confidence: 1.0 }'), { value: 1 })).toMatchObject({
      refused: { kind: 'rule_refused', problem: expect.stringContaining('The rule gave the status "ok lower"') },
    })
  })

  test('a script without end is stopped and gives its rule back', () => {
    const before = engine.ruleCount
    expect(tryRule(engine, rule('loop { } #{ status: "A", confidence: 1.0 }'), { value: 1 })).toMatchObject({
      refused: { kind: 'rule_refused' },
    })
    expect(engine.ruleCount).toBe(before)
  })
})
