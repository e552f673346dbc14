/**
 * What is wrong with a rule is said by the engine, by the checks of a definition and by this appliance, as sentences. Pages say them in the
 * reader's language, by the codes of the domain: here each is made to happen, so that a sentence that is changed in one place alone is seen.
 */
import { readRuleProblems } from '@jidoka/domain'
import type { RuleDefinition, RuleProblemCode } from '@jidoka/domain'
import { RuleEngine, ruleLimits } from '@jidoka/rules'
import type { RuleSource } from '@jidoka/rules'
import { loadRuleModule } from '@jidoka/rules/node'
import { describe, expect, test } from 'vitest'
import { hotRule, newRunner } from '../pipeline/test-support.ts'
import { deployRule, judgeExample } from './deployment.ts'
import { quarantineSentence } from './quarantine-sentence.ts'
import { takenOut, unjudgedBecause, unjudgedByFailure } from './replay.ts'
import { newInstance } from './rule-instance.ts'
import type { RowOutcome } from './rule-runner.ts'

const runner = newRunner()
const engine = RuleEngine.create(loadRuleModule())
const name = { ko: '이름', en: 'Name' }
const inputs = [
  { name: 'value', from: 'trigger', kind: 'number', max_age_s: 60 },
  { name: 'count', from: 'tag', sensor: 'count', kind: 'integer', max_age_s: 60 },
  { name: 'lot', from: 'tag', sensor: 'lot', kind: 'text', max_age_s: 60 },
] as const satisfies RuleDefinition['inputs']

const ruleOf = (script: string, changes: Parameters<typeof hotRule>[0] = {}): RuleDefinition =>
  hotRule({ inputs: [...inputs], script, examples: [], alarms: {}, ...changes })

const codesOf = (problem: string) => readRuleProblems(problem).map(({ code }) => code)

function refusal(definition: RuleDefinition): string {
  const deployment = deployRule(definition, runner)
  if ('rule' in deployment) {
    deployment.rule.prepared?.drop()
    return 'nothing: it was deployed'
  }
  return deployment.problem
}

const good = 'verdict("NORMAL", 0.9)'

describe('what does not compile has its code', () => {
  test.each<[RuleProblemCode, string]>([
    ['variable_unknown', `let x = nowhere + 1; ${good}`],
    ['source_too_long', `${good} //${'가'.repeat(ruleLimits.sourceBytesMax / 2)}`],
    ['too_many_words', `let x = 0; ${'x+=1;'.repeat(2_300)} ${good}`],
    [
      'too_many_cases',
      `switch input.count { ${Array.from({ length: 300 }, (_, at) => `${at}=>1`).join(',')} } ${good}`,
    ],
    ['function_there', `fn nelson(a, b) { true } ${good}`],
    ['function_argument', `fn of(input) { 1 } ${good}`],
    ['function_sees_not', `fn of() { input.value } of(); ${good}`],
    ['name_reserved', `let input = 1; ${good}`],
    ['read_only', `input.value = 1.0; ${good}`],
    ['field_unknown', `if input.speed > 1.0 { ${good} } else { ${good} }`],
    ['parameter_unknown', `if input.value > params.low { ${good} } else { ${good} }`],
    ['chart_test_unknown', `if nelson(input.count, 9) { ${good} } else { ${good} }`],
    ['chart_mask', `if nelson(input.value, 1) { ${good} } else { ${good} }`],
    ['condition_kind', `if input.value { ${good} } else { ${good} }`],
    ['comparison_never', `if input.value == "a" { ${good} } else { ${good} }`],
    ['comparison_always', `if input.value != "a" { ${good} } else { ${good} }`],
    ['arithmetic_kinds', `let x = input.value * true; ${good}`],
    ['verdict_shape', '12'],
    ['verdict_member', '#{ status: "A", confidence: 1.0, colour: 1 }'],
    ['verdict_lacks', '#{ status: "A" }'],
    ['status_no_text', '#{ status: 12, confidence: 1.0 }'],
    ['confidence_range', '#{ status: "A", confidence: 2.0 }'],
  ])('%s', (code, script) => {
    expect(codesOf(refusal(ruleOf(script, { parameters: { high: { value: 1, name } } })))).toContain(code)
  })

  test("a mistake of the language has the parser's words, and its place", () => {
    expect(readRuleProblems(refusal(ruleOf('let x = ;')))).toMatchObject([{ code: 'other', line: 1 }])
  })

  test('parameter_unknown_of_none, where there is none', () => {
    const script = `if input.value > params.low { ${good} } else { ${good} }`
    expect(codesOf(refusal(ruleOf(script, { parameters: {} })))).toContain('parameter_unknown_of_none')
  })

  test('all that is wrong is said, each with its place', () => {
    const script = `let a = input.nothing;\nlet b = input.value * true;\n${good}`
    expect(readRuleProblems(refusal(ruleOf(script)))).toMatchObject([
      { code: 'field_unknown', values: { field: 'nothing' }, line: 1 },
      { code: 'arithmetic_kinds', values: { operator: '*', left: 'a number', right: 'true or false' }, line: 2 },
    ])
  })

  test.each<[RuleProblemCode, string]>([
    ['integer_division', `let x = input.count / 2; ${good}`],
    ['switch_without_rest', `switch input.count { 1 => ${good} }`],
    ['may_end_without_verdict', `if input.value > 1.0 { ${good} }`],
    ['ends_without_verdict', 'let x = 1;'],
  ])('%s, a warning', (code, script) => {
    const outcome = runner.prepare(ruleOf(script))
    if ('problem' in outcome) throw new Error(outcome.problem)
    expect(outcome.rule.compiled.warnings.map(({ message }) => codesOf(message)[0])).toContain(code)
    outcome.rule.drop()
  })
})

describe('what contradicts itself has its code', () => {
  const window = {
    name: 'mean',
    from: 'window',
    window: { by: 'time', seconds: 60 },
    stat: 'mean',
    kind: 'number',
  } as const
  const chart = {
    name: 'tests',
    from: 'chart',
    centre: 1,
    sigma: { parameter: 'sigma' },
    tests: 'nelson',
    kind: 'integer',
  } as const
  test.each<[RuleProblemCode, Parameters<typeof hotRule>[0]]>([
    ['equipment_without_sensor', { trigger: { on: 'timer', every_s: 10, equipment: ['P1'] }, inputs: [inputs[1]] }],
    ['input_twice', { inputs: [inputs[0], inputs[0]] }],
    ['trigger_input_by_clock', { trigger: { on: 'timer', every_s: 10 } }],
    ['trigger_input_by_counts', { trigger: { on: 'mes' } }],
    ['window_without_sensor_by_clock', { trigger: { on: 'timer', every_s: 10 }, inputs: [window] }],
    ['window_without_sensor_by_counts', { trigger: { on: 'mes' }, inputs: [window] }],
    ['alarm_of_normal', { alarms: { NORMAL: 'high' } }],
    ['alarm_of_unjudged', { alarms: { UNJUDGED: 'high' } }],
    ['unjudged_is_normal', { normal_statuses: ['NORMAL', 'UNJUDGED'] }],
    ['ewma_needs_one', { inputs: [{ ...window, stat: 'ewma' }] }],
    ['only_ewma', { inputs: [{ ...window, alpha: 0.5 }] }],
    ['count_min_too_low', { inputs: [{ ...window, stat: 'stddev', count_min: 1 }] }],
    ['window_too_small', { inputs: [{ ...window, window: { by: 'count', count: 2 }, count_min: 3 }] }],
    ['window_outlives_age', { inputs: [{ ...window, mode: 'tumbling', max_age_s: 10 }] }],
    ['chart_parameter_missing', { inputs: [chart], parameters: {} }],
    ['chart_parameter_no_number', { inputs: [chart], parameters: { sigma: { value: 'x', name } } }],
    ['chart_sigma_too_low', { inputs: [chart], parameters: { sigma: { value: 0, name } } }],
  ])('%s', (code, changes) => {
    expect(codesOf(refusal(ruleOf(good, changes)))).toContain(code)
  })

  test.each<[RuleProblemCode, RuleSource]>([
    [
      'fields_too_many',
      { source: '', fields: Array.from({ length: 65 }, (_, at) => ({ name: `f${at}`, kind: 'number' })) },
    ],
    ['fields_none', { source: '', fields: [] }],
    ['field_name', { source: '', fields: [{ name: '', kind: 'number' }] }],
    [
      'field_twice',
      {
        source: '',
        fields: [
          { name: 'a', kind: 'number' },
          { name: 'a', kind: 'number' },
        ],
      },
    ],
    ['field_kind', { source: '', fields: [{ name: 'a', kind: 'colour' as 'number' }] }],
    [
      'parameters_too_many',
      {
        source: '',
        fields: [{ name: 'a', kind: 'number' }],
        params: Object.fromEntries(Array.from({ length: 257 }, (_, at) => [`p${at}`, 1])),
      },
    ],
    ['parameter_name', { source: '', fields: [{ name: 'a', kind: 'number' }], params: { '': 1 } }],
    ['parameter_value', { source: '', fields: [{ name: 'a', kind: 'number' }], params: { p: Number.NaN } }],
  ])('%s, of what the engine is given', (code, source) => {
    const outcome = engine.compile(source)
    expect(outcome.ok ? [] : outcome.errors.flatMap(({ message }) => codesOf(message))).toEqual([code])
  })
})

describe('what fails while it judges has its code', () => {
  const row = { value: 1, count: 2, lot: 'x' }
  function failure(script: string, values: Readonly<Record<string, number | string>> = row): string {
    const definition = ruleOf(script)
    const outcome = runner.prepare(definition)
    if ('problem' in outcome) throw new Error(outcome.problem)
    try {
      const judged: RowOutcome = judgeExample(definition, outcome.rule, values)
      return judged.kind === 'failed' ? judged.problem : 'nothing: it was judged'
    } finally {
      outcome.rule.drop()
    }
  }
  test.each<[RuleProblemCode, string]>([
    ['ran_too_many', `loop { } ${good}`],
    ['division_by_zero', `let x = 1 / (input.count - 2); ${good}`],
    ['function_unknown', `nowhere(1); ${good}`],
    ['threw', 'throw "no"'],
    ['ended_with', 'let x = input.value; x'],
    ['gave_member', 'let v = #{ status: "A", confidence: 1.0 }; v.colour = 1; v'],
    ['gave_status_no_text', 'let v = #{ status: "A", confidence: 1.0 }; v.status = 1; v'],
    ['gave_confidence_no_number', 'let v = #{ status: "A", confidence: 1.0 }; v.confidence = "x"; v'],
    ['gave_explanation_no_text', 'let v = #{ status: "A", confidence: 1.0 }; v.explanation = 1; v'],
    ['gave_status_bytes', 'let s = "A"; s.pad(70, "A"); verdict(s, 1.0)'],
    ['gave_confidence', 'verdict("A", input.value + 1.0)'],
    ['cannot_wait', `sleep(1); ${good}`],
    ['ends_with_return', `exit(); ${good}`],
    ['status_reserved', 'verdict("UNJUDGED", 1.0)'],
    ['status_malformed', 'verdict("low", 1.0)'],
  ])('%s', (code, script) => {
    expect(codesOf(failure(script))).toEqual([code])
  })

  test.each<[RuleProblemCode, Readonly<Record<string, number | string>>]>([
    ['value_missing', { value: 1, count: 2 }],
    ['value_too_long', { ...row, lot: 'x'.repeat(2_000) }],
    ['value_kind', { ...row, count: 'x' }],
  ])('%s, of an example', (code, values) => {
    expect(codesOf(failure(good, values))).toEqual([code])
  })

  test('example_differs and example_fails, with what failed within it', () => {
    const example = { input: row, status: 'HIGH' }
    expect(readRuleProblems(refusal(ruleOf(good, { examples: [example] })))).toEqual([
      { code: 'example_differs', values: { number: '1', count: '1', status: 'NORMAL', expected: 'HIGH' } },
    ])
    const [fails] = readRuleProblems(refusal(ruleOf('throw "no"', { examples: [example] })))
    expect(fails).toMatchObject({ code: 'example_fails' })
    expect(readRuleProblems(fails?.values['problem'] ?? '')).toMatchObject([
      { code: 'threw', values: { message: 'no' }, line: 1 },
    ])
  })
})

test('why nothing was judged, and why a rule is out, has its code', () => {
  const problems = ['missing', 'stale', 'bad_quality', 'wrong_kind', 'incomplete'] as const
  const seen = Object.fromEntries(problems.map((problem) => [problem, { value: null, at_ms: null, problem }]))
  expect(readRuleProblems(unjudgedBecause(seen).explanation ?? '')).toEqual([
    {
      code: 'not_judged',
      values: {
        reasons:
          '"missing" is missing, "stale" is too old, "bad_quality" is of bad quality, "wrong_kind" is of another kind than declared, "incomplete" has too few readings',
      },
    },
  ])
  expect(readRuleProblems(unjudgedByFailure('the rule threw: no').explanation ?? '')).toEqual([
    { code: 'not_judged_failed', values: { problem: 'the rule threw: no' } },
  ])
  expect(codesOf(`${takenOut.notTaken}: the rule threw: no`)).toEqual(['not_taken'])
  expect(codesOf(quarantineSentence(5, 'the rule threw: no'))).toEqual(['taken_out'])
})

test('a rule that judges has no problem', () => {
  const definition = ruleOf(good)
  expect(refusal(definition)).toContain('nothing')
  expect(newInstance(definition, '', null, false).problem).toBeNull()
})
