import { expect, test } from 'vitest'
import { ruleHash, type RuleSource } from './index.ts'
import { compiled, newEngine } from '../test/engine.ts'

const rule: RuleSource = {
  source: 'verdict("A", params.high)',
  fields: [
    { name: 'a', kind: 'number' },
    { name: 'b', kind: 'text' },
  ],
  params: { high: 1, low: 'x' },
}

test('the hash of a rule is 64 hex digits that stay as they are', () => {
  // What a stored judgment names its rule by is made of this: a change here needs another `ruleEngineVersion` and a reason.
  expect(ruleHash(rule)).toBe('81c262f487e957e01320486554a720d817fa69b1dc7f1d4c18034f9c132b411d')
})

test('the order of fields and parameters does not change the hash', () => {
  const { source, fields } = rule
  expect(ruleHash({ source, fields: fields.toReversed(), params: { low: 'x', high: 1 } })).toBe(ruleHash(rule))
})

test('everything that can change a verdict changes the hash', () => {
  const others: RuleSource[] = [
    { ...rule, source: `${rule.source} ` },
    { ...rule, fields: rule.fields.slice(0, 1) },
    {
      ...rule,
      fields: [
        { name: 'a', kind: 'integer' },
        { name: 'b', kind: 'text' },
      ],
    },
    { ...rule, params: { high: 2, low: 'x' } },
    { ...rule, params: { high: '1', low: 'x' } },
    { ...rule, params: { high: 1 } },
  ]
  expect(new Set([rule, ...others].map(ruleHash)).size).toBe(others.length + 1)
})

test('a compiled rule carries its hash', () => {
  expect(compiled(newEngine(), rule.source, { fields: rule.fields, params: { high: 1, low: 'x' } }).hash).toBe(
    ruleHash(rule),
  )
})
