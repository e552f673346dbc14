import { RowBatch, RowRefusedError, RowShape } from './row-batch.ts'
import type { RowOutcome, RuleRunError } from './rule-outcome.ts'
import type { FieldKind } from './rule-source.ts'

export type RowValues = Readonly<Record<string, number | boolean | string>>

/** An input as a rule's definition declares it; an input `from` "previous_status" may be left out and is "" then. */
export interface ExampleInput {
  readonly name: string
  readonly kind: FieldKind
  readonly from?: string
}

/** What running a rule's examples needs of its definition. */
export interface ExampleRule {
  readonly inputs: readonly ExampleInput[]
  readonly examples: readonly { readonly input: RowValues; readonly status: string }[]
}

export interface ExampleJudge {
  /** Judges a complete row with the compiled rule. */
  readonly judge: (row: RowValues) => RowOutcome
  /** What is wrong with a status that the script gave, as a sentence; null when it may stand. */
  readonly statusMistake: (status: string) => string | null
}

export interface ExampleOutcome {
  readonly expected: string
  readonly passed: boolean
  readonly outcome: RowOutcome
}

/** The whole row of these values, or what is wrong with them in a sentence. Values that no input has are left aside. */
export function rowOf(
  inputs: readonly ExampleInput[],
  values: RowValues,
): { readonly row: RowValues } | { readonly problem: string } {
  const row: Record<string, number | boolean | string> = {}
  for (const { name, from } of inputs) {
    const value = Object.hasOwn(values, name) ? values[name] : from === 'previous_status' ? '' : undefined
    if (value !== undefined) row[name] = value
  }
  try {
    new RowBatch(new RowShape(inputs), { rowsHint: 1 }).pushRow(row)
    return { row }
  } catch (error) {
    if (!(error instanceof RowRefusedError)) throw error
    const { field, reason } = error
    if (reason === 'missing') return { problem: `there is no value for the input "${field}".` }
    if (reason === 'too-long') return { problem: `the value of the input "${field}" is too long a text.` }
    return { problem: `the value of the input "${field}" is no ${inputs.find(({ name }) => name === field)?.kind}.` }
  }
}

/** Judges values by name as the line does: a row that is not whole, or a status that may not stand, is an error and no verdict. */
export function judgeValues(inputs: readonly ExampleInput[], values: RowValues, by: ExampleJudge): RowOutcome {
  const checked = rowOf(inputs, values)
  if ('problem' in checked) return failed('input', checked.problem)
  const outcome = by.judge(checked.row)
  if (outcome.kind === 'error') return outcome
  const mistake = by.statusMistake(outcome.verdict.status)
  return mistake === null ? outcome : failed('result', mistake)
}

/** Judges a rule's examples one after the other, each when it is asked for: whoever wants the first failure alone runs no more. */
export function* runExamples(rule: ExampleRule, by: ExampleJudge): Generator<ExampleOutcome, void> {
  for (const { input, status } of rule.examples) {
    const outcome = judgeValues(rule.inputs, input, by)
    yield { expected: status, passed: outcome.kind === 'verdict' && outcome.verdict.status === status, outcome }
  }
}

/**
 * The first example that the rule does not judge as it says (I7): the sentence, and the place in the script where there is
 * one. Null when all pass.
 */
export function failedExample(rule: ExampleRule, by: ExampleJudge): Omit<RuleRunError, 'kind'> | null {
  let number = 0
  for (const { expected, passed, outcome } of runExamples(rule, by)) {
    number++
    if (passed) continue
    const name = `Example ${number} of ${rule.examples.length}`
    if (outcome.kind === 'verdict') {
      const message = `${name} is judged ${outcome.verdict.status} and should be ${expected}.`
      return { message, line: 0, column: 0 }
    }
    const { line, column } = outcome.error
    return { message: `${name} (expected ${expected}) cannot be judged: ${atPlace(outcome.error)}`, line, column }
  }
  return null
}

/** The message of an error with its place in the script in front, where there is one. */
export function atPlace({ message, line, column }: Omit<RuleRunError, 'kind'>): string {
  return line > 0 ? `Line ${line}, column ${column}: ${message}` : message
}

function failed(kind: 'input' | 'result', message: string): RowOutcome {
  return { kind: 'error', error: { kind, message, line: 0, column: 0 } }
}
