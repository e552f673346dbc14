import { isNormal, statusSchema, triggerSensor, unjudged } from './rule.ts'
import type { RuleDefinition } from './rule.ts'
import { readingsNeeded } from './rule-window.ts'
import type { ChartInput, WindowInput } from './rule-window.ts'

/** What contradicts itself in a definition that its schema alone lets through, as sentences. Such a rule is put in force nowhere (I7). */
export function definitionMistakes(definition: RuleDefinition): string[] {
  const mistakes: string[] = []
  const names = new Set<string>()
  const { trigger } = definition
  const occasion = trigger.on === 'timer' ? 'the clock' : 'production counts'
  if (trigger.on === 'timer' && trigger.sensor === undefined && trigger.equipment !== undefined)
    mistakes.push('The rule is triggered by the clock for whole lines, but names equipment. Name a sensor too.')
  for (const input of definition.inputs) {
    if (names.has(input.name)) mistakes.push(`The input "${input.name}" is declared twice.`)
    names.add(input.name)
    if (input.from === 'trigger' && trigger.on !== 'reading') {
      mistakes.push(
        `The input "${input.name}" is taken from the triggering reading, but the rule is triggered by ${occasion}. Take it from "tag" or "mes".`,
      )
    }
    if (input.from === 'window' || input.from === 'chart') {
      if (input.sensor === undefined && triggerSensor(trigger) === null)
        mistakes.push(
          `The input "${input.name}" looks at the readings of the triggering sensor, but the rule is triggered by ${occasion}. Name a sensor.`,
        )
      mistakes.push(...(input.from === 'window' ? windowMistakes(input) : chartMistakes(input, definition)))
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

function* windowMistakes(input: WindowInput): Iterable<string> {
  const { name, stat, window, alpha, half_life_s: halfLifeS, count_min: countMin } = input
  if (stat === 'ewma' && (alpha === undefined) === (halfLifeS === undefined))
    yield `The input "${name}" is an EWMA and needs either "alpha" or "half_life_s".`
  if (stat !== 'ewma' && (alpha !== undefined || halfLifeS !== undefined))
    yield `The input "${name}" has "alpha" or "half_life_s", which only an EWMA has.`
  if (countMin !== undefined && countMin < readingsNeeded(stat))
    yield `The input "${name}" is a ${stat}, which needs ${readingsNeeded(stat)} readings; "count_min" says ${countMin}.`
  if (window.by === 'count' && window.count < Math.max(countMin ?? 1, readingsNeeded(stat)))
    yield `The input "${name}" has a window of ${window.count} readings and needs ${Math.max(countMin ?? 1, readingsNeeded(stat))} of them.`
  if (window.by === 'time' && input.mode === 'tumbling' && input.max_age_s < window.seconds + input.lateness_s)
    yield `The input "${name}" would be too old before the next window closes: "max_age_s" must be ${window.seconds + input.lateness_s} or more (window and lateness).`
}

function* chartMistakes(input: ChartInput, { parameters }: RuleDefinition): Iterable<string> {
  for (const member of ['centre', 'sigma'] as const) {
    const given = input[member]
    if (typeof given === 'number') continue
    const value = Object.hasOwn(parameters, given.parameter) ? parameters[given.parameter]?.value : undefined
    if (value === undefined)
      yield `The input "${input.name}" takes its ${member} from the parameter "${given.parameter}", which the rule does not have.`
    else if (typeof value !== 'number')
      yield `The input "${input.name}" takes its ${member} from the parameter "${given.parameter}", which is no number.`
    else if (member === 'sigma' && value <= 0)
      yield `The input "${input.name}" takes its sigma from the parameter "${given.parameter}", which must be above 0 and is ${value}.`
  }
}

/** What is wrong with a status that a script gave, as a sentence; null when it may stand. */
export function statusMistake(status: string): string | null {
  if (status === unjudged)
    return `The rule gave the status ${unjudged}, which only the program gives. Leave the input missing instead.`
  if (statusSchema.safeParse(status).success) return null
  return `The rule gave the status ${JSON.stringify(status)}; a status has 1 to 32 capital letters, digits and "_".`
}
