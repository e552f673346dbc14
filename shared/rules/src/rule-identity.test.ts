import { expect, test } from 'vitest'
import { ruleHash, ruleIdentity, type WholeRule } from './index.ts'

const rule: WholeRule = {
  source: 'verdict("A", params.high)',
  fields: [{ name: 'mean', kind: 'number' }],
  params: { high: 1 },
  inputs: [{ name: 'mean', from: 'window', window: { by: 'time', seconds: 30 }, kind: 'number' }],
  trigger: { on: 'reading', sensor: 'temperature' },
}
const [input] = rule.inputs

test('the identity of a rule is 64 hex digits that stay as they are', () => {
  // A stored judgment names its rule by this: a change here needs another `identityForm` and a reason.
  expect(ruleIdentity(rule)).toBe('34bab1ae38d14745dfadaa992bf846bd6a5a80bbcdff583b251215cd0e2ef240')
})

test('the order of members does not change the identity', () => {
  const turned = { kind: 'number', window: { seconds: 30, by: 'time' }, from: 'window', name: 'mean' }
  expect(ruleIdentity({ ...rule, inputs: [turned] })).toBe(ruleIdentity(rule))
})

test('what a row is made of changes the identity and leaves the hash of the script', () => {
  const others: WholeRule[] = [
    { ...rule, inputs: [{ ...input, window: { by: 'time', seconds: 60 } }] },
    { ...rule, inputs: [{ ...input, sensor: 'pressure' }] },
    { ...rule, trigger: { on: 'reading', sensor: 'pressure' } },
    { ...rule, trigger: { on: 'mes' } },
  ]
  expect(new Set([rule, ...others].map(ruleIdentity)).size).toBe(others.length + 1)
  expect(new Set([rule, ...others].map(ruleHash)).size).toBe(1)
})

test('what the script is made of changes the identity', () => {
  const others: WholeRule[] = [
    { ...rule, source: `${rule.source} ` },
    { ...rule, params: { high: 2 } },
  ]
  expect(new Set([rule, ...others].map(ruleIdentity)).size).toBe(others.length + 1)
})
