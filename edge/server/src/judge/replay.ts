import { ruleSource, unjudged } from '@jidoka/domain'
import type { Judgment, RuleDefinition, SnapshotInput } from '@jidoka/domain'
import { ruleHash } from '@jidoka/rules'
import { judgeExample } from './deployment.ts'
import { recordText } from './record-text.ts'
import type { RuleRunner } from './rule-runner.ts'

export interface ReplayedVerdict {
  readonly status: string
  readonly confidence: number
  readonly explanation: string | null
}

/**
 * Makes a judgment again from its snapshot and its rule (I3). The definition must be the one that its hash names.
 * @throws RangeError when it is another one, or does not compile.
 */
export function replayJudgment(judgment: Judgment, definition: RuleDefinition, runner: RuleRunner): ReplayedVerdict {
  const hash = ruleHash(ruleSource(definition))
  if (hash !== judgment.rule_hash)
    throw new RangeError(
      `the judgment ${judgment.id} was made by the rule ${judgment.rule_hash}, and this one is ${hash}`,
    )
  const inputs = definition.inputs.map((input) => ({ input, seen: judgment.inputs[input.name] }))
  if (inputs.some(({ seen }) => seen === undefined || seen.problem !== undefined || seen.value === null))
    return unjudgedBecause(judgment.inputs)
  const outcome = runner.prepare(definition)
  if ('problem' in outcome) throw new RangeError(`the rule ${definition.id} does not compile: ${outcome.problem}`)
  try {
    const values = Object.fromEntries(inputs.map(({ input, seen }) => [input.name, seen?.value ?? '']))
    const answer = judgeExample(definition, outcome.rule, values)
    return answer.kind === 'failed'
      ? unjudgedByFailure(answer.problem)
      : { status: answer.status, confidence: answer.confidence, explanation: answer.explanation }
  } finally {
    outcome.rule.drop()
  }
}

const problemWords: Record<NonNullable<SnapshotInput['problem']>, string> = {
  missing: 'is missing',
  stale: 'is too old',
  bad_quality: 'is of bad quality',
  wrong_kind: 'is of another kind than declared',
}

/** UNJUDGED with the inputs that are to blame. */
export function unjudgedBecause(inputs: Readonly<Record<string, SnapshotInput>>): ReplayedVerdict {
  const reasons = Object.entries(inputs).flatMap(([name, seen]) =>
    seen.problem === undefined ? [] : [`"${name}" ${problemWords[seen.problem]}`],
  )
  return { status: unjudged, confidence: 0, explanation: `Not judged: ${reasons.join(', ')}.` }
}

export function unjudgedByFailure(problem: string): ReplayedVerdict {
  return { status: unjudged, confidence: 0, explanation: recordText(`Not judged: the rule failed. ${problem}`) }
}
