import { expect, test } from 'vitest'
import * as fc from 'fast-check'
import { RowBatch, type RuleEngine } from './index.ts'
import { compiled, newEngine } from '../test/engine.ts'

const source = 'verdict("A", 1.0, `${input.a} | ${params.limit} | ${input.n} ${true}`)'
const fields = [
  { name: 'a', kind: 'number' },
  { name: 'n', kind: 'integer' },
] as const

const explanation = (engine: RuleEngine, a: number, n: number, limit: number): string | undefined => {
  const rule = compiled(engine, source, { fields, params: { limit } })
  const outcome = engine.judge(rule, { a, n })
  engine.drop(rule)
  if (outcome.kind !== 'verdict') throw new Error(outcome.error.message)
  return outcome.verdict.explanation
}

/** What sensors send, and what lies beside it: too many decimals, too large, too small, a last digit that is noise. */
const decimals = fc
  .tuple(fc.integer({ min: -2_000_000_000, max: 2_000_000_000 }), fc.integer({ min: 0, max: 9 }))
  .map(([digits, places]) => Number(`${digits}e-${places}`))
const numbers = fc.oneof(
  decimals,
  decimals.map((value) => value + Number.EPSILON * value),
  fc.constantFrom(0, -0, 1, 0.1, 1e-4, 9.9e-5, 999_999_999.999999, 1e9, 4.000001, 4.9999999, 1e13, 1e22, 5e-324),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)

test('numbers in an explanation are written on the fast path as Rhai writes them', () => {
  const fast = newEngine()
  const slow = newEngine({ fastPath: false })
  const rows = fc.array(fc.record({ a: numbers, n: fc.maxSafeInteger() }), { minLength: 50, maxLength: 50 })
  fc.assert(
    fc.property(rows, numbers, (some, limit) => {
      const [own, rhai] = [fast, slow].map((engine) => {
        const rule = compiled(engine, source, { fields, params: { limit } })
        const batch = new RowBatch(rule.shape)
        for (const row of some) batch.pushRow(row)
        const outcomes = engine.outcomes(rule, batch)
        engine.drop(rule)
        return outcomes
      })
      expect(own).toEqual(rhai)
    }),
    { numRuns: 60 },
  )
})

test('a number in an explanation has all decimals that it needs, and at least one', () => {
  const engine = newEngine()
  expect(explanation(engine, 21.5, 7, 80)).toBe('21.5 | 80.0 | 7 true')
  expect(explanation(engine, -0.000123, -1, 100.25)).toBe('-0.000123 | 100.25 | -1 true')
})

test('an explanation that is no text leaves the rule to Rhai, which says what is wrong', () => {
  const engine = newEngine()
  const rule = compiled(engine, 'verdict("A", 1.0, params.limit)', { fields, params: { limit: 3 } })
  expect(engine.judge(rule, { a: 1, n: 1 })).toMatchObject({ kind: 'error', error: { kind: 'runtime' } })
})

test('a variable that is assigned to does not change the value that it was made from', () => {
  const script = `
    let sum = input.a + 1.0;
    let copy = sum;
    copy += 10.0;
    let minus = -sum;
    sum = 0.5;
    verdict("A", 1.0, \`\${sum} \${copy} \${minus} \${input.a}\`)`
  for (const engine of [newEngine(), newEngine({ fastPath: false })]) {
    const rule = compiled(engine, script, { fields })
    const outcome = engine.judge(rule, { a: 2, n: 0 })
    expect(outcome).toMatchObject({ kind: 'verdict', verdict: { explanation: '0.5 13.0 -3.0 2.0' } })
  }
})
