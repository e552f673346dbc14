import { statusMistake } from '@jidoka/domain'
import { judgeValues, runExamples } from '@jidoka/rules'
import type { ExampleJudge, RuleEngine } from '@jidoka/rules'
import type { TryOutcome, TryRequest } from './protocol.ts'

/**
 * Compiles the rule, judges the input and every example as an edge would, and gives the rule back. A value that is missing or
 * of another kind is an outcome here: the person who types sees why.
 */
export function judgeRule(engine: RuleEngine, request: Omit<TryRequest, 'number'>): TryOutcome {
  const compiled = engine.compile(request.rule)
  if (!compiled.ok) return { kind: 'refused', errors: compiled.errors }
  const { rule } = compiled
  const inputs = request.rule.fields
  const by: ExampleJudge = { judge: (row) => engine.judge(rule, row), statusMistake }
  try {
    return {
      kind: 'judged',
      fastPath: rule.fastPath,
      warnings: rule.warnings,
      verdict: request.input === null ? null : judgeValues(inputs, request.input, by),
      examples: [...runExamples({ inputs, examples: request.examples }, by)],
    }
  } finally {
    engine.drop(rule)
  }
}
