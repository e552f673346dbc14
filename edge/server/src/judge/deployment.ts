import { isNormal, ruleSource, unjudged } from '@jidoka/domain'
import type { RuleDefinition } from '@jidoka/domain'
import { ruleHash } from '@jidoka/rules'
import { fitsKind, inputMistakes } from './inputs.ts'
import { newInstance } from './rule-instance.ts'
import type { RuleInstance } from './rule-instance.ts'
import type { PreparedRule, RowOutcome, RuleRunner } from './rule-runner.ts'

export type Deployment = { readonly rule: RuleInstance } | { readonly problem: string; readonly hash: string }

/**
 * Makes a rule ready to be put in force, or says why it must not be (I7): what contradicts itself, does not compile, or
 * fails one of its own examples. A disabled rule is only kept.
 */
export function deployRule(definition: RuleDefinition, runner: RuleRunner): Deployment {
  const hash = ruleHash(ruleSource(definition))
  if (!definition.enabled) return { rule: newInstance(definition, hash, null, false) }
  const mistakes = definitionMistakes(definition)
  if (mistakes.length > 0) return { problem: mistakes.join(' '), hash }
  const outcome = runner.prepare(definition)
  if ('problem' in outcome) return { problem: outcome.problem, hash }
  const failed = failedExample(definition, outcome.rule)
  if (failed !== null) {
    outcome.rule.drop()
    return { problem: failed, hash }
  }
  return { rule: newInstance(definition, hash, outcome.rule, outcome.rule.fastPath) }
}

function definitionMistakes(definition: RuleDefinition): string[] {
  const mistakes = inputMistakes(definition.inputs, definition.trigger.on)
  for (const status of Object.keys(definition.alarms)) {
    if (isNormal(definition, status)) mistakes.push(`The status ${status} is a normal one and cannot raise an alarm.`)
    if (status === unjudged)
      mistakes.push(`${unjudged} cannot raise an alarm: it says that nothing is known of the process.`)
  }
  if (definition.normal_statuses.includes(unjudged)) mistakes.push(`${unjudged} cannot be a normal status.`)
  return mistakes
}

/** The first example that the rule does not judge as it says, as a sentence; null when all pass. */
export function failedExample(definition: RuleDefinition, prepared: PreparedRule): string | null {
  for (const [index, example] of definition.examples.entries()) {
    const name = `Example ${index + 1} of ${definition.examples.length}`
    const outcome = judgeExample(definition, prepared, example.input)
    if (outcome.kind === 'failed') return `${name} (expected ${example.status}) cannot be judged: ${outcome.problem}`
    if (outcome.status !== example.status) return `${name} is judged ${outcome.status} and should be ${example.status}.`
  }
  return null
}

/** Judges one set of input values by name. A previous status that is not given is "", as before the first verdict. */
export function judgeExample(
  definition: RuleDefinition,
  prepared: PreparedRule,
  values: Readonly<Record<string, number | boolean | string>>,
): RowOutcome {
  const cells: (number | boolean | string)[] = []
  for (const input of definition.inputs) {
    const value = values[input.name] ?? (input.from === 'previous_status' ? '' : undefined)
    if (value === undefined)
      return { kind: 'failed', problem: `it has no value for the input "${input.name}".`, counts: false }
    if (!fitsKind(value, input.kind))
      return { kind: 'failed', problem: `the value of the input "${input.name}" is no ${input.kind}.`, counts: false }
    cells.push(value)
  }
  for (const cell of cells) prepared.push(cell)
  let outcome: RowOutcome = { kind: 'failed', problem: 'the rule gave no answer.', counts: false }
  prepared.evaluate((_row, answer) => (outcome = answer))
  return outcome
}
