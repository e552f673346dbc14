import { tryRuleRequestSchema } from '@jidoka/contract'
import { ruleDefinitionSchema } from '@jidoka/domain'
import { expect, test } from 'vitest'
import { initialInputs, initialParameters, readField, readTry } from './try-inputs.ts'

const rule = ruleDefinitionSchema.parse({
  id: 'defect-rate',
  version: 2,
  name: { ko: '불량률', en: 'Defect rate' },
  trigger: { on: 'mes' },
  inputs: [
    { name: 'defects', from: 'mes', field: 'defect_count', kind: 'integer' },
    { name: 'shift', from: 'mes', field: 'shift', kind: 'text' },
    { name: 'running', from: 'tag', sensor: 'running', kind: 'boolean' },
  ],
  parameters: {
    limit: { value: 0.05, name: { ko: '한계', en: 'Limit' } },
    strict: { value: true, name: { ko: '엄격', en: 'Strict' } },
  },
  script: 'verdict("NORMAL", 1.0)',
  examples: [{ input: { defects: 6, shift: 'DAY', running: true }, status: 'NORMAL' }],
})

test('the fields begin with the first example and the limits in force', () => {
  expect(initialInputs(rule)).toEqual({ defects: '6', shift: 'DAY', running: 'true' })
  expect(initialInputs({ ...rule, examples: [] })).toEqual({ defects: '', shift: '', running: 'false' })
  expect(initialParameters(rule)).toEqual({ limit: '0.05', strict: 'true' })
})

test('what is asked is a request of the contract, with the typed limit in the rule', () => {
  const request = readTry(rule, { ...initialInputs(rule), defects: '12' }, { ...initialParameters(rule), limit: '0,2' })
  expect(tryRuleRequestSchema.parse(request)).toMatchObject({
    input: { defects: 12, shift: 'DAY', running: true },
    definition: { parameters: { limit: { value: 0.2 }, strict: { value: true } } },
  })
})

test.each([
  ['number', ' 1e3 ', { value: 1000 }],
  ['number', '72,5', { value: 72.5 }],
  ['number', '', { empty: true }],
  ['number', 'Infinity', { mistake: 'needs_number' }],
  ['number', '12 bar', { mistake: 'needs_number' }],
  ['integer', '1.5', { mistake: 'needs_integer' }],
  ['integer', '9007199254740993', { mistake: 'needs_integer' }],
  ['text', '', { value: '' }],
  ['boolean', 'true', { value: true }],
] as const)('a field of kind %s with "%s" reads as %o', (kind, text, read) => {
  expect(readField(kind, text)).toEqual(read)
})

test('nothing is asked while a field is empty or wrong', () => {
  expect(readTry(rule, { ...initialInputs(rule), defects: '' }, initialParameters(rule))).toBeNull()
  expect(readTry(rule, initialInputs(rule), { ...initialParameters(rule), limit: 'x' })).toBeNull()
})
