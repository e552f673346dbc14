import { ruleProblemText } from '@jidoka/domain'
import { takenOut } from './replay.ts'

/** A rule that was taken out because it failed: what screens say in their own language. */
export interface RuleFailure {
  /** Failures that verdicts had not made good. */
  readonly times: number
  readonly error: string
  /** Where in the script; null where the error has no place. */
  readonly place: { readonly line: number; readonly column: number } | null
}

/** What is kept of a quarantine: a sentence, since records and logs are read without a program. */
export const quarantineSentence = (times: number, error: string): string =>
  ruleProblemText('taken_out', { times, problem: error }).trim()

// Older versions took a rule out after failures in a row alone, and said so.
const sentence = new RegExp(
  `^${takenOut.failed}(\\d+) times(?: in a row)? and was taken out\\.(?: Line (\\d+), column (\\d+):)?(?: (.*))?$`,
  's',
)

/** The parts of the sentence; null for every other problem of a rule. */
export function readQuarantineSentence(problem: string): RuleFailure | null {
  const parts = sentence.exec(problem)
  if (parts === null) return null
  const [, times, line, column, error = ''] = parts
  return {
    times: Number(times),
    error,
    place: line === undefined ? null : { line: Number(line), column: Number(column) },
  }
}
