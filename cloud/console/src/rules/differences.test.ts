import { expect, test } from 'vitest'
import { differences, disagreements } from './differences.ts'

const base = { version: 4, cool_down_s: 0, parameters: { high: { value: 80, unit: '°C' } }, script: 'a\nb' }

test('names the places that differ and leaves the version out', () => {
  expect(
    differences(base, { ...base, version: 5, parameters: { high: { value: 85, unit: '°C' }, low: { value: 1 } } }),
  ).toEqual([
    { at: 'parameters.high.value', before: '80', after: '85' },
    { at: 'parameters.low', before: null, after: '{"value":1}' },
  ])
  expect(differences(base, structuredClone(base))).toEqual([])
})

test('shows what each made of the same version', () => {
  const theirs = { ...base, version: 5, parameters: { high: { value: 85, unit: '°C' } } }
  const mine = { ...base, cool_down_s: 30, parameters: { high: { value: 90, unit: '°C' } } }
  expect(disagreements(base, theirs, mine)).toEqual([
    { at: 'parameters.high.value', base: '80', theirs: '85', mine: '90' },
    { at: 'cool_down_s', base: '0', theirs: '0', mine: '30' },
  ])
})
