import { definitionMistakes, statusMistake } from '@jidoka/domain'
import type { RuleDefinition, Value } from '@jidoka/domain'
import { failedExample, rowOf } from '@jidoka/rules'
import type { ExampleOutcome, RowValues } from '@jidoka/rules'
import { newInstance } from './rule-instance.ts'
import type { RuleInstance } from './rule-instance.ts'
import { ruleNames } from './rule-names.ts'
import type { PreparedRule, RowOutcome, RuleRunner } from './rule-runner.ts'

export type Deployment = { readonly rule: RuleInstance } | { readonly problem: string; readonly hash: string }

/**
 * Makes a rule ready to be put in force, or says why it must not be (I7): what contradicts itself, does not compile, or
 * fails one of its own examples. A disabled rule is only kept.
 */
export function deployRule(definition: RuleDefinition, runner: RuleRunner): Deployment {
  const hash = ruleNames(definition).whole
  if (!definition.enabled) return { rule: newInstance(definition, hash, null, false) }
  const mistakes = definitionMistakes(definition)
  if (mistakes.length > 0) return { problem: mistakes.join('\n'), hash }
  const outcome = runner.prepare(definition)
  if ('problem' in outcome) return { problem: outcome.problem, hash }
  const failed = failingExample(definition, outcome.rule)
  if (failed !== null) {
    outcome.rule.drop()
    return { problem: failed, hash }
  }
  return { rule: newInstance(definition, hash, outcome.rule, outcome.rule.fastPath) }
}

/** The first example that the rule does not judge as it says, as a sentence; null when all pass. */
function failingExample(definition: RuleDefinition, prepared: PreparedRule): string | null {
  const judge = (row: RowValues): ExampleOutcome['outcome'] => {
    const outcome = judgeRow(definition, prepared, row)
    if (outcome.kind === 'failed')
      return { kind: 'error', error: { kind: 'runtime', message: outcome.problem, line: 0, column: 0 } }
    const { status, confidence } = outcome
    return { kind: 'verdict', verdict: { status, confidence } }
  }
  return failedExample(definition, { judge, statusMistake })?.message ?? null
}

/** Judges one set of input values by name. A previous status that is not given is "", as before the first verdict. */
export function judgeExample(definition: RuleDefinition, prepared: PreparedRule, values: RowValues): RowOutcome {
  const checked = rowOf(definition.inputs, values)
  if ('problem' in checked) return { kind: 'failed', problem: checked.problem, counts: false }
  return judgeRow(definition, prepared, checked.row)
}

function judgeRow(definition: RuleDefinition, prepared: PreparedRule, row: RowValues): RowOutcome {
  return prepared.judge(definition.inputs.map(({ name }) => row[name] as Value))
}
