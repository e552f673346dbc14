/** What is stored and reported of a rule is a sentence; pages say it in the reader's language. So each sentence must be read back as what it was. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readRuleProblems, ruleProblemText } from './rule-problem.ts'
import type { RuleProblemCode } from './rule-problem.ts'
import { ruleProblemTexts } from './rule-problem-texts.ts'

const codes = Object.keys(ruleProblemTexts) as RuleProblemCode[]
const namesOf = (code: RuleProblemCode) =>
  [...ruleProblemTexts[code].matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)

/** A name, a number, a quoted text: what stands in these sentences. */
const value = fc.stringMatching(/^[A-Za-z0-9_.가-힣]{1,12}$/)
const problem = fc.constantFrom(...codes).chain((code) =>
  fc.record({
    code: fc.constant(code),
    values: fc.record(Object.fromEntries(namesOf(code).map((name) => [name, value]))),
    place: fc.option(fc.record({ line: fc.integer({ min: 1, max: 999 }), column: fc.integer({ min: 1, max: 999 }) }), {
      nil: undefined,
    }),
  }),
)
interface Drawn {
  readonly code: RuleProblemCode
  readonly values: Readonly<Record<string, string>>
  readonly place: { readonly line: number; readonly column: number } | undefined
}
const textOf = ({ code, values, place }: Drawn) =>
  `${place === undefined ? '' : `Line ${place.line}, column ${place.column}: `}${ruleProblemText(code, values)}`
const readOf = ({ code, values, place }: Drawn) => ({ code, values, ...place })

test('every sentence is read back as its code, its values and its place, alone and among others', () => {
  fc.assert(
    fc.property(fc.array(problem, { minLength: 1, maxLength: 4 }), (drawn) => {
      // What holds another sentence, or what a script threw, holds all that comes behind it.
      const all =
        drawn.length === 1
          ? drawn
          : drawn.filter((one) => !/\{problem\}|\{message\}|threw/.test(ruleProblemTexts[one.code]))
      if (all.length > 0) expect(readRuleProblems(all.map(textOf).join('\n'))).toEqual(all.map(readOf))
    }),
    { numRuns: 1_000 },
  )
})

test('words of the parser, and those of a newer program, stay as they are, with their place', () => {
  expect(readRuleProblems("Line 3, column 14: Expecting ';' to terminate this statement\nwhat nobody knows")).toEqual([
    { code: 'other', values: { text: "Expecting ';' to terminate this statement" }, line: 3, column: 14 },
    { code: 'other', values: { text: 'what nobody knows' } },
  ])
})

test('what a script threw may have lines, also within the sentence of a rule that was taken out', () => {
  const thrown = 'Line 1, column 7: the rule threw: one\ntwo'
  expect(readRuleProblems(thrown)).toEqual([{ code: 'threw', values: { message: 'one\ntwo' }, line: 1, column: 7 }])
  expect(readRuleProblems(ruleProblemText('taken_out', { times: 5, problem: thrown }))).toEqual([
    { code: 'taken_out', values: { times: '5', problem: thrown } },
  ])
})

test('a text without end is read in bounded time and number', () => {
  expect(readRuleProblems('x\n'.repeat(5_000)).length).toBeLessThanOrEqual(50)
  const quoted = '"'.repeat(2_000)
  expect(readRuleProblems(`The input ${quoted}`)).toHaveLength(1)
})
