import type { RuleEngine, CompiledRule, RowOutcome } from '@jidoka/rules'
import type { InputValues, TryOutcome, TryRequest } from './protocol.ts'

/** Compiles the rule, judges the input and every example, and gives the rule back. */
export function judgeRule(engine: RuleEngine, request: Omit<TryRequest, 'number'>): TryOutcome {
  const compiled = engine.compile(request.rule)
  if (!compiled.ok) return { kind: 'refused', errors: compiled.errors }
  const { rule } = compiled
  try {
    return {
      kind: 'judged',
      hash: rule.hash,
      fastPath: rule.fastPath,
      warnings: rule.warnings,
      verdict: request.input === null ? null : judgeRow(engine, rule, request.input),
      examples: request.examples.map(({ input, status }) => {
        const outcome = judgeRow(engine, rule, input)
        return { expected: status, passed: outcome.kind === 'verdict' && outcome.verdict.status === status, outcome }
      }),
    }
  } finally {
    engine.drop(rule)
  }
}

/** A row that the host refuses (a value is missing or of another kind) is an outcome here: the person who types sees why. */
function judgeRow(engine: RuleEngine, rule: CompiledRule, input: InputValues): RowOutcome {
  try {
    return engine.judge(rule, input)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { kind: 'error', error: { kind: 'runtime', message, line: 0, column: 0 } }
  }
}
