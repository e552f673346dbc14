import { ruleProblemText } from './rule-problem.ts'
import type { RuleProblemCode } from './rule-problem.ts'
import { isNormal, statusSchema, triggerSensor, unjudged } from './rule.ts'
import type { RuleDefinition } from './rule.ts'
import { readingsNeeded } from './rule-window.ts'
import type { ChartInput, WindowInput } from './rule-window.ts'

/** What contradicts itself in a definition that its schema alone lets through, as sentences. Such a rule is put in force nowhere (I7). */
export function definitionMistakes(definition: RuleDefinition): string[] {
  const mistakes: string[] = []
  const names = new Set<string>()
  const { trigger } = definition
  if (trigger.on === 'timer' && trigger.sensor === undefined && trigger.equipment !== undefined)
    mistakes.push(ruleProblemText('equipment_without_sensor'))
  for (const input of definition.inputs) {
    if (names.has(input.name)) mistakes.push(ruleProblemText('input_twice', { input: input.name }))
    names.add(input.name)
    if (input.from === 'trigger' && trigger.on !== 'reading') {
      const code = trigger.on === 'timer' ? 'trigger_input_by_clock' : 'trigger_input_by_counts'
      mistakes.push(ruleProblemText(code, { input: input.name }))
    }
    if (input.from === 'window' || input.from === 'chart') {
      if (input.sensor === undefined && triggerSensor(trigger) === null) {
        const code = trigger.on === 'timer' ? 'window_without_sensor_by_clock' : 'window_without_sensor_by_counts'
        mistakes.push(ruleProblemText(code, { input: input.name }))
      }
      mistakes.push(...(input.from === 'window' ? windowMistakes(input) : chartMistakes(input, definition)))
    }
  }
  for (const status of Object.keys(definition.alarms)) {
    if (isNormal(definition, status)) mistakes.push(ruleProblemText('alarm_of_normal', { status }))
    if (status === unjudged) mistakes.push(ruleProblemText('alarm_of_unjudged'))
  }
  if (definition.normal_statuses.includes(unjudged)) mistakes.push(ruleProblemText('unjudged_is_normal'))
  return mistakes
}

function* windowMistakes(input: WindowInput): Iterable<string> {
  const { name, stat, window, alpha, half_life_s: halfLifeS, count_min: countMin } = input
  const say = (code: RuleProblemCode, values: Readonly<Record<string, string | number>> = {}) =>
    ruleProblemText(code, { input: name, ...values })
  if (stat === 'ewma' && (alpha === undefined) === (halfLifeS === undefined)) yield say('ewma_needs_one')
  if (stat !== 'ewma' && (alpha !== undefined || halfLifeS !== undefined)) yield say('only_ewma')
  const needed = readingsNeeded(stat)
  if (countMin !== undefined && countMin < needed) yield say('count_min_too_low', { stat, needed, given: countMin })
  const wanted = Math.max(countMin ?? 1, needed)
  if (window.by === 'count' && window.count < wanted)
    yield say('window_too_small', { window: window.count, needed: wanted })
  if (window.by === 'time' && input.mode === 'tumbling' && input.max_age_s < window.seconds + input.lateness_s)
    yield say('window_outlives_age', { seconds: window.seconds + input.lateness_s })
}

function* chartMistakes(input: ChartInput, { parameters }: RuleDefinition): Iterable<string> {
  for (const member of ['centre', 'sigma'] as const) {
    const given = input[member]
    if (typeof given === 'number') continue
    const { parameter } = given
    const value = Object.hasOwn(parameters, parameter) ? parameters[parameter]?.value : undefined
    const values = { input: input.name, member, parameter }
    if (value === undefined) yield ruleProblemText('chart_parameter_missing', values)
    else if (typeof value !== 'number') yield ruleProblemText('chart_parameter_no_number', values)
    else if (member === 'sigma' && value <= 0) yield ruleProblemText('chart_sigma_too_low', { ...values, given: value })
  }
}

/** What is wrong with a status that a script gave, as a sentence; null when it may stand. */
export function statusMistake(status: string): string | null {
  if (status === unjudged) return ruleProblemText('status_reserved')
  if (statusSchema.safeParse(status).success) return null
  return ruleProblemText('status_malformed', { status: JSON.stringify(status) })
}
