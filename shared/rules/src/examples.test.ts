import { expect, test } from 'vitest'
import { compiled, newEngine } from '../test/engine.ts'
import { failedExample, judgeValues, rowOf, runExamples } from './examples.ts'
import type { ExampleJudge, ExampleRule } from './examples.ts'

const inputs = [
  { name: 'value', from: 'trigger', kind: 'number' },
  { name: 'before', from: 'previous_status', kind: 'text' },
] as const

const engine = newEngine()

/** Statuses are in capitals, as the plant says. */
function judgeOf(source: string): ExampleJudge & { readonly asked: () => number } {
  const rule = compiled(engine, source, { fields: inputs })
  let rows = 0
  return {
    asked: () => rows,
    judge: (row) => {
      rows++
      return engine.judge(rule, row)
    },
    statusMistake: (status) => (/^[A-Z]+$/.test(status) ? null : `no status: ${status}`),
  }
}

const ruleOf = (...examples: ExampleRule['examples']): ExampleRule => ({ inputs, examples })
const high = 'if input.value > 9.0 || input.before == "HIGH" { verdict("HIGH", 0.9) } else { verdict("NORMAL", 0.9) }'

test('I7: examples that the rule judges as they say all pass, the standing status being "" where it is not given', () => {
  const rule = ruleOf(
    { input: { value: 10 }, status: 'HIGH' },
    { input: { value: 1 }, status: 'NORMAL' },
    { input: { value: 1, before: 'HIGH' }, status: 'HIGH' },
  )
  expect([...runExamples(rule, judgeOf(high))].map(({ passed }) => passed)).toEqual([true, true, true])
  expect(failedExample(rule, judgeOf(high))).toBeNull()
})

test('I7: the first example that fails is named, and those behind it are not run', () => {
  const by = judgeOf(high)
  const rule = ruleOf(
    { input: { value: 10 }, status: 'HIGH' },
    { input: { value: 1 }, status: 'HIGH' },
    { input: { value: 1 }, status: 'LOW' },
  )
  expect(failedExample(rule, by)).toEqual({
    message: 'Example 2 of 3 is judged NORMAL and should be HIGH.',
    line: 0,
    column: 0,
  })
  expect(by.asked()).toBe(2)
})

test('I7: an example that cannot be judged says why and where', () => {
  expect(failedExample(ruleOf({ input: {}, status: 'HIGH' }), judgeOf(high))?.message).toBe(
    'Example 1 of 1 (expected HIGH) cannot be judged: there is no value for the input "value".',
  )
  const failing = failedExample(ruleOf({ input: { value: 1 }, status: 'HIGH' }), judgeOf('\nthrow "no"'))
  expect(failing).toMatchObject({ line: 2 })
  expect(failing?.message).toMatch(/^Example 1 of 1 \(expected HIGH\) cannot be judged: Line 2, column \d+: /)
})

test('I4: a status that may not stand is an error also where an example expects it', () => {
  const by = judgeOf('#{ status: "ok lower", confidence: 1.0 }')
  expect(judgeValues(inputs, { value: 1 }, by)).toMatchObject({
    kind: 'error',
    error: { kind: 'result', message: 'no status: ok lower' },
  })
  expect([...runExamples(ruleOf({ input: { value: 1 }, status: 'ok lower' }), by)]).toMatchObject([{ passed: false }])
})

test('I4: values that are missing or of another kind reach no rule', () => {
  const by = judgeOf(high)
  for (const values of [{}, { value: 'hot' }, { value: true }, { value: Infinity }, { value: 1, before: 2 }])
    expect(judgeValues(inputs, values, by)).toMatchObject({ kind: 'error', error: { kind: 'input' } })
  expect(by.asked()).toBe(0)
  expect(rowOf(inputs, { value: 'hot' })).toEqual({ problem: 'the value of the input "value" is no number.' })
  expect(rowOf(inputs, { value: 1, before: 'x'.repeat(1_025) })).toEqual({
    problem: 'the value of the input "before" is too long a text.',
  })
  expect(rowOf(inputs, { value: 1, other: 2 })).toEqual({ row: { value: 1, before: '' } })
})
