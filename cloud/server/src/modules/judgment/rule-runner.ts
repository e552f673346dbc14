import { definitionMistakes, ruleSource, statusMistake, unjudged, wholeRule } from '@jidoka/domain'
import type { RuleDefinition, SnapshotInput, Value } from '@jidoka/domain'
import { failedExample, judgeValues, RuleEngine, ruleIdentity } from '@jidoka/rules'
import type { CompiledRule, ExampleJudge } from '@jidoka/rules'
import { loadRuleModule } from '@jidoka/rules/node'
import { ProblemError } from '../../platform/http/problem.ts'

/** Compiled rules kept for `execute`; the one used longest ago goes first. Far below what the engine itself allows. */
const compiledMax = 500

export interface Judged {
  status: string
  confidence: number
  explanation: string | null
  inputs: Record<string, SnapshotInput>
}

/** Compiles, checks and runs rules. One engine for the process: rules keep nothing between rows. */
export class RuleRunner {
  #engine: RuleEngine
  #compiled = new Map<string, CompiledRule>()

  constructor(engine: RuleEngine = RuleEngine.create(loadRuleModule())) {
    this.#engine = engine
  }

  /**
   * I7: what an edge checks before it puts a rule in force: that the definition does not contradict itself, that it compiles,
   * and that its examples pass. Returns the rule's hash.
   * @throws ProblemError `rule_refused`, with line and column where there is one place
   */
  check(definition: RuleDefinition): string {
    const mistakes = definitionMistakes(definition)
    if (mistakes.length > 0) throw new ProblemError('rule_refused', mistakes.join('\n'))
    const rule = this.#compile(definition)
    try {
      const failed = failedExample(definition, this.#judgeOf(rule))
      if (failed !== null) throw refused(`${failed.message} Mend the rule or the example.`, failed)
      return ruleIdentity(wholeRule(definition))
    } finally {
      this.#engine.drop(rule)
    }
  }

  /** Judges one input. What is missing or of another kind makes it UNJUDGED (I4), and so does a rule that fails. */
  run(definition: RuleDefinition, input: Readonly<Record<string, Value>>, atMs: number): Judged {
    const inputs: Record<string, SnapshotInput> = {}
    const row: Record<string, Value> = {}
    const problems: string[] = []
    for (const field of definition.inputs) {
      const value = input[field.name] ?? (field.from === 'previous_status' ? '' : undefined)
      const problem = value === undefined ? 'missing' : fits(value, field.kind) ? null : 'wrong_kind'
      inputs[field.name] = {
        value: value ?? null,
        at_ms: value === undefined ? null : atMs,
        ...(problem === null ? {} : { problem }),
      }
      if (problem !== null) problems.push(`${field.name}: ${problem}`)
      else if (value !== undefined) row[field.name] = value
    }
    const notJudged = (why: string): Judged => ({ status: unjudged, confidence: 0, explanation: why, inputs })
    if (problems.length > 0)
      return notJudged(`not judged, as inputs cannot be used (${problems.join(', ')})`.slice(0, 2_000))
    const outcome = judgeValues(definition.inputs, row, this.#judgeOf(this.#kept(definition)))
    if (outcome.kind === 'error')
      return notJudged(`not judged, as the rule failed: ${outcome.error.message}`.slice(0, 2_000))
    return {
      status: outcome.verdict.status,
      confidence: outcome.verdict.confidence,
      explanation: outcome.verdict.explanation?.slice(0, 2_000) ?? null,
      inputs,
    }
  }

  #judgeOf(rule: CompiledRule): ExampleJudge {
    return { judge: (row) => this.#engine.judge(rule, row), statusMistake }
  }

  #compile(definition: RuleDefinition): CompiledRule {
    const outcome = this.#engine.compile(ruleSource(definition))
    if (outcome.ok) return outcome.rule
    throw refused(`The rule does not compile: ${outcome.error.message}.`, outcome.error)
  }

  #kept(definition: RuleDefinition): CompiledRule {
    const key = `${definition.id} ${definition.version} ${JSON.stringify(ruleSource(definition))}`
    const known = this.#compiled.get(key)
    const rule = known ?? this.#compile(definition)
    // Moved to the end: what is used stays.
    this.#compiled.delete(key)
    this.#compiled.set(key, rule)
    if (this.#compiled.size > compiledMax) {
      const [oldest] = this.#compiled
      if (oldest !== undefined) {
        this.#compiled.delete(oldest[0])
        this.#engine.drop(oldest[1])
      }
    }
    return rule
  }
}

function refused(sentence: string, { line, column }: { line: number; column: number }): ProblemError {
  return new ProblemError('rule_refused', sentence, { details: line > 0 ? { line, column } : {} })
}

function fits(value: Value, kind: RuleDefinition['inputs'][number]['kind']): boolean {
  if (kind === 'number') return typeof value === 'number' && Number.isFinite(value)
  if (kind === 'integer') return Number.isSafeInteger(value)
  return typeof value === (kind === 'text' ? 'string' : 'boolean')
}
