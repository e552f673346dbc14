import { ruleDefinitionSchema } from '@jidoka/domain'
import { RuleEngine } from '@jidoka/rules'
import { loadRuleModule } from '@jidoka/rules/node'
import { describe, expect, test } from 'vitest'
import { readHistory } from './read-history.ts'
import { tryRule } from './try-rule.ts'

describe('a trend', () => {
  const question = { key: 'LINE-A/temperature', fromMs: 0, toMs: 3_600_000, points: 1_000 }

  test('is what the store has of the tag, with the readings that it stands for', () => {
    const series = { timesMs: Float64Array.of(1, 2), values: Float64Array.of(20, 21.5), readingsCount: 86_400 }
    expect(readHistory({ series: () => series }, question, () => 0)).toEqual({
      times_ms: [1, 2],
      values: [20, 21.5],
      readings_count: 86_400,
    })
  })

  test('that takes too long is refused in words and never cut off', () => {
    const some = { timesMs: new Float64Array(0), values: new Float64Array(0), readingsCount: 0 }
    const reader = {
      series: (_key: string, _question: unknown, isTimeUp?: () => boolean) => (isTimeUp?.() === true ? null : some),
    }
    expect(readHistory(reader, question, () => 5_000).readings_count).toBe(0)
    expect(() => readHistory(reader, question, () => 7_000)).toThrow(/shorter/)
  })
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
