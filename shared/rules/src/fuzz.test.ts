import { Mutator, fuzzRun } from '@jidoka/base/testing'
import { expect, test } from 'vitest'
import { RowBatch, RowShape } from './index.ts'
import { newEngine } from '../test/engine.ts'
import { Random, RuleWriter, randomRow, randomRuleFields, randomRuleParams } from '../test/random-rules.ts'

/*
 * I10: whatever is given as a script, the rule host goes on: it compiles or is refused with a place, each row gets a verdict
 * or an error within the limits, and a good rule beside it judges as before.
 */
const { seed, count, timeoutMs } = fuzzRun(20_000)
const goodSource = {
  source: 'if input.a > 1.0 { verdict("HIGH", 0.9) } else { verdict("NORMAL", 0.8) }',
  fields: [{ name: 'a', kind: 'number' }],
} as const

/** Scripts of everything that the language has and a rule could misuse; spoiling them finds the rest. */
const nasty = [
  'loop {}',
  'let x = []; loop { x.push(x) }',
  'fn f(n) { f(n + 1) } f(0)',
  'let s = "a"; for i in 0..64 { s += s } verdict(s, 0.5)',
  'let a = 9223372036854775807; verdict(`${a + 1}`, 0.5)',
  'eval("verdict(\\"X\\", 1.0)")',
  'import "x" as y; y::z()',
  'switch input.n { 1 => verdict("A", 0.5), _ => verdict("B", 0.5) }',
  'throw #{ a: [1, 2, #{ b: () }] }',
  '#{ status: "X", confidence: 1.0 / 0.0 }',
]

test(
  `I10: ${count} spoilt scripts, seed ${seed}: each is refused or bounded, and a good rule judges on`,
  () => {
    const random = new Random(seed)
    const writer = new RuleWriter(random)
    const mutator = new Mutator(seed)
    const engine = newEngine()
    const good = engine.compile(goodSource)
    if (!good.ok) throw new Error('the good rule does not compile')
    const goodBatch = new RowBatch(new RowShape(goodSource.fields))
    goodBatch.pushRow({ a: 2 })
    const batch = new RowBatch(new RowShape(randomRuleFields))
    const seen = { compiled: 0, refused: 0, outcomes: 0 }
    for (let index = 0; index < count; index++) {
      const source = Buffer.from(index % 10 < 2 ? mutator.pick(nasty) : writer.rule())
      const script = Buffer.from(index < nasty.length ? (nasty[index] ?? '') : mutator.spoil(source)).toString()
      const outcome = engine.compile({ source: script, fields: randomRuleFields, params: randomRuleParams })
      if (outcome.ok) {
        seen.compiled++
        batch.reset()
        for (let row = 0; row < 4; row++) batch.pushRow(randomRow(random))
        seen.outcomes += engine.outcomes(outcome.rule, batch).length
        engine.drop(outcome.rule)
      } else {
        seen.refused++
        expect(outcome.errors.length).toBeGreaterThan(0)
      }
      if (index % 500 === 0)
        expect(engine.outcomes(good.rule, goodBatch)).toMatchObject([{ kind: 'verdict', verdict: { status: 'HIGH' } }])
    }
    expect(seen.outcomes).toBe(seen.compiled * 4)
    // A mutator that broke nothing, or everything, would prove nothing.
    expect(seen.compiled).toBeGreaterThan(count / 20)
    expect(seen.refused).toBeGreaterThan(count / 5)
  },
  timeoutMs,
)
