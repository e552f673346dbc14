import type { tryRuleAnswerSchema, tryRuleRequestSchema } from '@jidoka/contract'
import type { RuleDefinition } from '@jidoka/domain'
import { definitionMistakes, ruleSource, statusMistake } from '@jidoka/domain'
import type { ExampleJudge, RuleEngine, RuleRunError } from '@jidoka/rules'
import { atPlace, judgeValues, runExamples } from '@jidoka/rules'
import type { z } from 'zod'
import { ruleNames } from '../../judge/rule-names.ts'

export type TryRuleAnswer = z.infer<typeof tryRuleAnswerSchema>
export type TryRuleInput = z.infer<typeof tryRuleRequestSchema>['input']
export type TryRuleOutcome = { readonly answer: TryRuleAnswer } | { readonly refused: TryRuleRefusal }

/** Why a rule or an input cannot be tried. */
export interface TryRuleRefusal {
  readonly kind: 'rule_refused' | 'invalid_input'
  readonly problem: string
  readonly line?: number
  readonly column?: number
}

/** Checks and compiles a rule, runs its examples and judges one input, as putting it in force would. Changes nothing. */
export function tryRule(engine: RuleEngine, definition: RuleDefinition, input: TryRuleInput): TryRuleOutcome {
  const mistakes = definitionMistakes(definition)
  if (mistakes.length > 0) return { refused: { kind: 'rule_refused', problem: mistakes.join('\n') } }
  const compiled = engine.compile(ruleSource(definition))
  if (!compiled.ok) return { refused: refusal('rule_refused', compiled.error) }
  const { rule } = compiled
  const by: ExampleJudge = { judge: (row) => engine.judge(rule, row), statusMistake }
  try {
    const examples = Array.from(runExamples(definition, by), ({ expected, passed, outcome }) => ({
      expected,
      got: outcome.kind === 'verdict' ? outcome.verdict.status : '',
      passed,
      problem: outcome.kind === 'error' ? atPlace(outcome.error) : null,
    }))
    let verdict: TryRuleAnswer['verdict'] = null
    if (input !== undefined) {
      const outcome = judgeValues(definition.inputs, input, by)
      if (outcome.kind === 'error')
        return { refused: refusal(outcome.error.kind === 'input' ? 'invalid_input' : 'rule_refused', outcome.error) }
      const { status, confidence, explanation } = outcome.verdict
      verdict = { status, confidence, explanation: explanation ?? null }
    }
    return { answer: { hash: ruleNames(definition).whole, fast_path: rule.fastPath, verdict, examples } }
  } finally {
    engine.drop(rule)
  }
}

function refusal(kind: TryRuleRefusal['kind'], error: Omit<RuleRunError, 'kind'>): TryRuleRefusal {
  const { line, column } = error
  return { kind, problem: atPlace(error), ...(line > 0 ? { line, column } : {}) }
}
