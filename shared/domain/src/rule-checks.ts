import { isNormal, statusSchema, unjudged } from './rule.ts'
import type { RuleDefinition } from './rule.ts'

/** What contradicts itself in a definition that its schema alone lets through, as sentences. Such a rule is put in force nowhere (I7). */
export function definitionMistakes(definition: RuleDefinition): string[] {
  const mistakes: string[] = []
  const names = new Set<string>()
  for (const input of definition.inputs) {
    if (names.has(input.name)) mistakes.push(`The input "${input.name}" is declared twice.`)
    names.add(input.name)
    if (input.from === 'trigger' && definition.trigger.on === 'mes') {
      mistakes.push(
        `The input "${input.name}" is taken from the triggering reading, but the rule is triggered by production counts. Take it from "tag" or "mes".`,
      )
    }
  }
  for (const status of Object.keys(definition.alarms)) {
    if (isNormal(definition, status)) mistakes.push(`The status ${status} is a normal one and cannot raise an alarm.`)
    if (status === unjudged)
      mistakes.push(`${unjudged} cannot raise an alarm: it says that nothing is known of the process.`)
  }
  if (definition.normal_statuses.includes(unjudged)) mistakes.push(`${unjudged} cannot be a normal status.`)
  return mistakes
}

/** What is wrong with a status that a script gave, as a sentence; null when it may stand. */
export function statusMistake(status: string): string | null {
  if (status === unjudged)
    return `The rule gave the status ${unjudged}, which only the program gives. Leave the input missing instead.`
  if (statusSchema.safeParse(status).success) return null
  return `The rule gave the status ${JSON.stringify(status)}; a status has 1 to 32 capital letters, digits and "_".`
}
