import {
  RuleEngine,
  type CompiledRule,
  type FieldKind,
  type OutcomeSink,
  type RowOutcome,
  type RuleEngineOptions,
  type RuleSource,
} from '../src/index.ts'
import { loadRuleModule, ruleModuleUrl } from '../src/load-node.ts'

/** `verify.ts` runs the same tests on a module that it has just built. */
export const moduleUnderTest = loadRuleModule(process.env['JIDOKA_RULES_WASM'] ?? ruleModuleUrl)

/** Time is looked at where a test says so: a machine that stands still for a moment must not end a rule. */
export function newEngine(options: RuleEngineOptions = {}): RuleEngine {
  return RuleEngine.create(moduleUnderTest, { ...options, limits: { timeMsMax: 60_000, ...options.limits } })
}

/** `{ value: 'number' }` as fields. */
export function fieldsOf(kinds: Readonly<Record<string, FieldKind>>): RuleSource['fields'] {
  return Object.entries(kinds).map(([name, kind]) => ({ name, kind }))
}

/** Fields for tests in which they do not matter. */
export const someFields = fieldsOf({ value: 'number', count: 'integer', machine: 'text', running: 'boolean' })
export const someRow = { value: 81.5, count: 3, machine: 'press-1', running: true }

export function compiled(engine: RuleEngine, source: string, more: Partial<RuleSource> = {}): CompiledRule {
  const outcome = engine.compile({ source, fields: someFields, ...more })
  if (!outcome.ok) {
    throw new Error(
      `${source}\n${outcome.errors.map(({ line, column, message }) => `${line}:${column} ${message}`).join('\n')}`,
    )
  }
  return outcome.rule
}

/** The compile errors as `kind line:column message`. */
export function mistakes(engine: RuleEngine, source: string, more: Partial<RuleSource> = {}): string[] {
  const outcome = engine.compile({ source, fields: someFields, ...more })
  if (outcome.ok) return []
  return outcome.errors.map(({ kind, line, column, message }) => `${kind} ${line}:${column} ${message}`)
}

/** Compiles, judges one row, drops. */
export function judged(
  engine: RuleEngine,
  source: string,
  row: Readonly<Record<string, unknown>> = someRow,
  more: Partial<RuleSource> = {},
): RowOutcome {
  const rule = compiled(engine, source, more)
  try {
    return engine.judge(rule, row)
  } finally {
    engine.drop(rule)
  }
}

export function errorKind(outcome: RowOutcome): string {
  return outcome.kind === 'error' ? outcome.error.kind : `no error but ${outcome.verdict.status}`
}

/** Statuses and error kinds in the order of the sink's calls. */
export function collected(evaluate: (sink: OutcomeSink) => void): string[] {
  const seen: string[] = []
  evaluate({
    verdict: (_row, _rule, status) => seen.push(status),
    error: (_row, _rule, error) => seen.push(`error ${error.kind}`),
  })
  return seen
}
