import type { tryRuleAnswerSchema, tryRuleRequestSchema } from '@jidoka/contract'
import type { RuleDefinition } from '@jidoka/domain'
import { ruleSource } from '@jidoka/domain'
import type { CompiledRule, RowOutcome, RuleEngine } from '@jidoka/rules'
import { RowRefusedError } from '@jidoka/rules'
import type { z } from 'zod'

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

/** Compiles a rule, runs its examples and judges one input. Changes nothing. */
export function tryRule(engine: RuleEngine, definition: RuleDefinition, input: TryRuleInput): TryRuleOutcome {
  const compiled = engine.compile(ruleSource(definition))
  if (!compiled.ok) {
    return { refused: refusedByRule(compiled.error) }
  }
  const { rule } = compiled
  try {
    const examples = definition.examples.map((example) => {
      const outcome = judgeValues(engine, rule, definition, example.input)
      const got = 'verdict' in outcome ? outcome.verdict.status : ''
      return {
        expected: example.status,
        got,
        passed: got === example.status,
        problem: 'problem' in outcome ? outcome.problem : null,
      }
    })
    let verdict: TryRuleAnswer['verdict'] = null
    if (input !== undefined) {
      const outcome = judgeValues(engine, rule, definition, input)
      if ('problem' in outcome) return { refused: outcome }
      const { status, confidence, explanation } = outcome.verdict
      verdict = { status, confidence, explanation: explanation ?? null }
    }
    return { answer: { hash: rule.hash, fast_path: rule.fastPath, verdict, examples } }
  } finally {
    engine.drop(rule)
  }
}

type Judged = Extract<RowOutcome, { kind: 'verdict' }> | TryRuleRefusal

/** As on the line: a previous status that is not given is "", as before the first verdict. */
function judgeValues(
  engine: RuleEngine,
  rule: CompiledRule,
  definition: RuleDefinition,
  values: NonNullable<TryRuleInput>,
): Judged {
  const row: Record<string, unknown> = { ...values }
  for (const { name, from } of definition.inputs) if (from === 'previous_status') row[name] ??= ''
  try {
    const outcome = engine.judge(rule, row)
    return outcome.kind === 'verdict' ? outcome : refusedByRule(outcome.error)
  } catch (error) {
    if (error instanceof RowRefusedError) return { kind: 'invalid_input', problem: `${error.message}.` }
    throw error
  }
}

function refusedByRule({
  message,
  line,
  column,
}: {
  readonly message: string
  readonly line: number
  readonly column: number
}): TryRuleRefusal {
  if (line === 0) return { kind: 'rule_refused', problem: message }
  return { kind: 'rule_refused', problem: `Line ${line}, column ${column}: ${message}`, line, column }
}
