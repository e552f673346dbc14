import { unjudged } from '@jidoka/domain'
import type { Judgment, RuleDefinition, SnapshotInput } from '@jidoka/domain'
import { judgeExample } from './deployment.ts'
import { recordText } from './record-text.ts'
import { namedBy, ruleNames } from './rule-names.ts'
import type { PreparedRule, RuleRunner } from './rule-runner.ts'

export interface ReplayedVerdict {
  readonly status: string
  readonly confidence: number
  readonly explanation: string | null
}

/** Rules that were compiled to make judgments again: a stretch has thousands of judgments of a few rules. */
const compiledKept = new WeakMap<RuleRunner, Map<string, PreparedRule>>()
const compiledKeptMax = 1_000

/**
 * Makes a judgment again from its snapshot and its rule (I3). The definition must be one that its hash names, by either formula.
 * @throws RangeError when it is another one, or does not compile.
 */
export function replayJudgment(judgment: Judgment, definition: RuleDefinition, runner: RuleRunner): ReplayedVerdict {
  const prepared = compiled(judgment, definition, runner)
  const inputs = definition.inputs.map((input) => ({ input, seen: judgment.inputs[input.name] }))
  if (inputs.some(({ seen }) => seen === undefined || seen.problem !== undefined || seen.value === null))
    return unjudgedBecause(judgment.inputs)
  const values = Object.fromEntries(inputs.map(({ input, seen }) => [input.name, seen?.value ?? '']))
  const answer = judgeExample(definition, prepared, values)
  return answer.kind === 'failed'
    ? unjudgedByFailure(answer.problem)
    : verdictOf(answer.status, answer.confidence, answer.explanation)
}

function compiled(judgment: Judgment, definition: RuleDefinition, runner: RuleRunner): PreparedRule {
  const hash = ruleNames(definition).whole
  if (namedBy(definition, judgment.rule_hash) === null)
    throw new RangeError(
      `the judgment ${judgment.id} was made by the rule ${judgment.rule_hash}, and this one is ${hash}`,
    )
  const kept = compiledKept.get(runner) ?? new Map<string, PreparedRule>()
  compiledKept.set(runner, kept)
  const known = kept.get(hash)
  if (known !== undefined) return known
  const outcome = runner.prepare(definition)
  if ('problem' in outcome) throw new RangeError(`the rule ${definition.id} does not compile: ${outcome.problem}`)
  if (kept.size >= compiledKeptMax) {
    for (const rule of kept.values()) rule.drop()
    kept.clear()
  }
  kept.set(hash, outcome.rule)
  return outcome.rule
}

const problemWords: Record<NonNullable<SnapshotInput['problem']>, string> = {
  missing: 'is missing',
  stale: 'is too old',
  bad_quality: 'is of bad quality',
  wrong_kind: 'is of another kind than declared',
  incomplete: 'has too few readings',
}

/** UNJUDGED with the inputs that are to blame. */
export function unjudgedBecause(inputs: Readonly<Record<string, SnapshotInput>>): ReplayedVerdict {
  const reasons = Object.entries(inputs).flatMap(([name, seen]) =>
    seen.problem === undefined ? [] : [`"${name}" ${problemWords[seen.problem]}`],
  )
  return { status: unjudged, confidence: 0, explanation: `Not judged: ${reasons.join(', ')}.` }
}

/** A rule's verdict as a record may hold it. */
export const verdictOf = (status: string, confidence: number, explanation: string | null): ReplayedVerdict => ({
  status,
  confidence,
  explanation: explanation === null ? null : recordText(explanation),
})

/** How the problems of rules begin that were taken out: such a verdict is of the program, and not of the rule's script. */
export const takenOut = { failed: 'The rule failed ', notTaken: 'This program no longer takes the rule' } as const

export const isTakenOut = (explanation: string | null): boolean =>
  Object.values(takenOut).some((start) => explanation?.startsWith(`${failedStart}${start}`) === true)

const failedStart = 'Not judged: the rule failed. '

export function unjudgedByFailure(problem: string): ReplayedVerdict {
  return { status: unjudged, confidence: 0, explanation: recordText(`${failedStart}${problem}`) }
}
