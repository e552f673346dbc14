import { expect, test } from 'vitest'
import * as fc from 'fast-check'
import { RowBatch, type RuleEngine } from './index.ts'
import { collected, compiled, fieldsOf, newEngine } from '../test/engine.ts'

const fields = fieldsOf({ side: 'boolean', text: 'text' })
const script = 'if input.side { verdict("A", 1.0, `${input.text}.`) } else { verdict("B", 1.0, `<${input.text}>`) }'

function explanations(engine: RuleEngine, texts: readonly string[]): unknown[] {
  const rule = compiled(engine, script, { fields })
  const batch = new RowBatch(rule.shape)
  for (const [row, text] of texts.entries()) batch.pushRow({ side: row % 3 === 0, text })
  const outcomes = engine.outcomes(rule, batch)
  engine.drop(rule)
  return outcomes.map((outcome) => (outcome.kind === 'verdict' ? outcome.verdict.explanation : outcome))
}

const expected = (texts: readonly string[]) => texts.map((text, row) => (row % 3 === 0 ? `${text}.` : `<${text}>`))

/** Parts that are decoded at once have 4,096 bytes and reach 256 into the next: texts around both sizes. */
const ascii = fc.oneof(
  { weight: 8, arbitrary: fc.string({ maxLength: 40 }) },
  { weight: 2, arbitrary: fc.integer({ min: 240, max: 500 }).map((length) => 'x'.repeat(length)) },
)
/** One other character makes its part another case, so half of the runs have none. */
const mixed = fc.oneof(
  { weight: 40, arbitrary: ascii },
  { weight: 1, arbitrary: fc.constantFrom('온도', '😀', 'ö', '\ufeff', '\ufffd') },
)
const someTexts = fc.oneof(
  fc.array(ascii, { minLength: 300, maxLength: 700 }),
  fc.array(mixed, { minLength: 300, maxLength: 700 }),
)

test('every row has its own explanation, however many there are in a call and in whatever language', () => {
  const engine = newEngine()
  fc.assert(
    fc.property(someTexts, (texts) => {
      expect(explanations(engine, texts)).toEqual(expected(texts))
    }),
    { numRuns: 60 },
  )
})

test('a character on the edge between two parts is whole', () => {
  const engine = newEngine()
  for (let shift = 0; shift < 8; shift++) {
    const texts = ['x'.repeat(shift), ...Array.from({ length: 300 }, () => 'y'.repeat(60)), '온도😀'.repeat(40), 'end']
    expect(explanations(engine, texts)).toEqual(expected(texts))
  }
})

test('an explanation that is too long stops its rule at the same row by columns as row by row', () => {
  const [fast, slow] = [{}, { fastPath: false }].map((options) => {
    const engine = newEngine({ ...options, limits: { stringBytesMax: 20 } })
    const rule = compiled(engine, script, { fields })
    const batch = new RowBatch(rule.shape)
    for (let row = 0; row < 600; row++)
      batch.pushRow({ side: row % 2 === 0, text: row % 100 === 99 ? 'x'.repeat(30) : 'y' })
    return collected((sink) => engine.evaluate(rule, batch, sink))
  })
  expect(fast).toEqual(slow)
  expect(fast?.indexOf('error size')).toBe(99)
  expect(fast?.indexOf('error stopped')).toBe(400)
  expect(fast?.lastIndexOf('error stopped')).toBe(599)
})
