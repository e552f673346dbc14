import { readFile } from 'node:fs/promises'
import { RuleEngine } from '@jidoka/rules'
import { beforeAll, expect, test } from 'vitest'
import { newRuleForm } from '../template.ts'
import { judgeRule } from './judge.ts'
import { questionOfForm } from './question.ts'

let engine: RuleEngine
beforeAll(async () => {
  const bytes = await readFile(new URL(import.meta.resolve('@jidoka/rules/wasm')))
  engine = RuleEngine.create(new Uint8Array(bytes))
})

const ask = (form: typeof newRuleForm, typed: Record<string, string>) => {
  const question = questionOfForm(form, typed)
  if (question === null) throw new Error('the form gives no question')
  return judgeRule(engine, question)
}

test('a new rule compiles as it opens, and its examples pass', () => {
  const outcome = ask(newRuleForm, { value: '81' })
  expect(outcome).toMatchObject({
    kind: 'judged',
    warnings: [],
    verdict: { kind: 'verdict', verdict: { status: 'HIGH', confidence: 0.95 } },
    examples: [{ passed: true }, { passed: true }],
  })
})

test('a mistake is named by line and column', () => {
  const outcome = ask({ ...newRuleForm, script: 'let a = 1;\nif input.vallue > 1 { verdict("HIGH", 1.0) }' }, {})
  expect(outcome).toMatchObject({ kind: 'refused', errors: [{ kind: 'unknown-field', line: 2 }] })
})

test('an example that fails says what came instead', () => {
  const [parameter] = newRuleForm.parameters
  if (parameter === undefined) throw new Error('the template has a parameter')
  const outcome = ask({ ...newRuleForm, parameters: [{ ...parameter, value: '95' }] }, { value: '90' })
  expect(outcome).toMatchObject({
    kind: 'judged',
    examples: [
      { expected: 'HIGH', passed: false, outcome: { kind: 'verdict', verdict: { status: 'NORMAL' } } },
      { passed: true },
    ],
  })
})

test('an input that is not complete is an answer that names it, not a verdict', () => {
  expect(ask(newRuleForm, { value: '8o' })).toMatchObject({
    kind: 'judged',
    verdict: { kind: 'error', error: { message: expect.stringContaining('value') } },
  })
})

test('I4: a status that every edge refuses is an error with its sentence, in the answer and in the examples', () => {
  for (const status of ['ok lower', 'UNJUDGED']) {
    const form = { ...newRuleForm, script: `#{ status: "${status}", confidence: 1.0 }` }
    const error = { kind: 'error', error: { message: expect.stringContaining('The rule gave the status') } }
    expect(ask(form, { value: '1' })).toMatchObject({
      verdict: error,
      examples: [
        { passed: false, outcome: error },
        { passed: false, outcome: error },
      ],
    })
  }
})

test('a script that runs away is stopped and the engine goes on', () => {
  expect(ask({ ...newRuleForm, script: 'let a = 0; loop { a += 1; }' }, { value: '1' })).toMatchObject({
    kind: 'judged',
    verdict: { kind: 'error' },
  })
  expect(ask(newRuleForm, { value: '1' })).toMatchObject({ verdict: { kind: 'verdict' } })
})

test('asking a thousand times leaves no rule behind in the engine', () => {
  for (let round = 0; round < 1_000; round += 1) ask(newRuleForm, { value: String(round) })
  expect(engine.ruleCount).toBe(0)
})

test('a parameter that is no number yet asks nothing', () => {
  const [parameter] = newRuleForm.parameters
  if (parameter === undefined) throw new Error('the template has a parameter')
  expect(questionOfForm({ ...newRuleForm, parameters: [{ ...parameter, value: '8,5' }] }, {})).toBeNull()
})
