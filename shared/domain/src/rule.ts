import { z } from 'zod'
import { alarmPrioritySchema } from './alarm.ts'
import { codeSchema } from './place.ts'
import { chartInputSchema, windowInputSchema } from './rule-window.ts'
import { localTextSchema } from './tag.ts'

export const ruleIdSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, 'a rule id has small letters, digits and "-", and starts with a letter')
export const statusSchema = z.string().regex(/^[A-Z][A-Z0-9_]{0,31}$/, 'a status has capital letters, digits and "_"')

/** Given by the program and never by a script: a required input was missing, stale or bad, or the rule itself failed (I4). */
export const unjudged = 'UNJUDGED'

const fieldName = z.string().regex(/^[a-z][a-z0-9_]{0,47}$/, 'an input has small letters, digits and "_"')
const fieldKind = z.enum(['number', 'integer', 'text', 'boolean'])
const age = z.number().positive().max(86_400)

/** Where an input of a rule comes from. */
export const ruleInputSchema = z.discriminatedUnion('from', [
  /** The reading that triggered the rule. */
  z.strictObject({ name: fieldName, from: z.literal('trigger'), kind: fieldKind, max_age_s: age.default(60) }),
  /** The last value of another sensor: of the same equipment if it has one, else of the line. */
  z.strictObject({
    name: fieldName,
    from: z.literal('tag'),
    sensor: codeSchema,
    kind: fieldKind,
    max_age_s: age.default(60),
  }),
  /** A field of the line's last production count. */
  z.strictObject({
    name: fieldName,
    from: z.literal('mes'),
    field: z.enum(['production_count', 'defect_count', 'order', 'lot', 'product', 'shift']),
    kind: fieldKind,
    max_age_s: age.default(3_600),
  }),
  /** The standing status of this rule at this subject, "" before the first verdict: what a deadband looks at. */
  z.strictObject({ name: fieldName, from: z.literal('previous_status'), kind: z.literal('text') }),
  windowInputSchema,
  chartInputSchema,
])
export type RuleInput = z.infer<typeof ruleInputSchema>

export const timerLimits = {
  /** Each tick is a commit that writes what every subject counts. More often, and a plant of thousands of tags does little else. */
  everySMin: 5,
  /** Ticks are not made up after a stop. Longer, and one restart at the wrong moment leaves half a day unjudged. */
  everySMax: 3_600,
} as const

export const ruleTriggerSchema = z.discriminatedUnion('on', [
  /** Each reading of these sensors; absent lists mean all. The subject is the tag. */
  z.strictObject({
    on: z.literal('reading'),
    sensor: codeSchema,
    lines: z.array(codeSchema).max(1_000).optional(),
    equipment: z.array(codeSchema).max(1_000).optional(),
  }),
  /** Each new production count of the MES. The subject is the line. */
  z.strictObject({ on: z.literal('mes'), lines: z.array(codeSchema).max(1_000).optional() }),
  /**
   * The clock, whether or not anything arrives: at whole multiples of `every_s`, 60 on the minute. With a sensor the subjects are
   * the tags of that sensor, without one the lines.
   */
  z.strictObject({
    on: z.literal('timer'),
    every_s: z.number().int().min(timerLimits.everySMin).max(timerLimits.everySMax),
    sensor: codeSchema.optional(),
    lines: z.array(codeSchema).max(1_000).optional(),
    equipment: z.array(codeSchema).max(1_000).optional(),
  }),
])
export type RuleTrigger = z.infer<typeof ruleTriggerSchema>

/** The sensor whose tags a rule has as its subjects; null: its subjects are lines. */
export const triggerSensor = (trigger: RuleTrigger): string | null =>
  trigger.on === 'mes' ? null : (trigger.sensor ?? null)

export const ruleParameterSchema = z.strictObject({
  value: z.union([z.number(), z.boolean(), z.string().max(200)]),
  name: localTextSchema,
  unit: z.string().max(16).optional(),
  min: z.number().optional(),
  max: z.number().optional(),
})

const inputValues = z.record(fieldName, z.union([z.number(), z.boolean(), z.string().max(1_024)]))

/**
 * A rule as people write it and the cloud deploys it. Its hash (shared/rules, `ruleIdentity`) covers what decides which verdicts
 * there are: script, parameters, inputs, trigger.
 */
export const ruleDefinitionSchema = z.strictObject({
  id: ruleIdSchema,
  version: z.number().int().positive(),
  name: localTextSchema,
  enabled: z.boolean().default(true),
  trigger: ruleTriggerSchema,
  inputs: z.array(ruleInputSchema).min(1).max(32),
  /** Limits that people change without touching the script, which sees them as `params.name`. */
  parameters: z.record(fieldName, ruleParameterSchema).default({}),
  /** Rhai, 16 KiB at most: compile time grows with it. */
  script: z.string().min(1).max(16_384),
  /** Statuses that are no news; every other one is abnormal. */
  normal_statuses: z.array(statusSchema).min(1).max(8).default(['NORMAL']),
  /** Status to the priority of the alarm that it raises; a status without an entry raises none. */
  alarms: z.record(statusSchema, alarmPrioritySchema).default({}),
  /** Equal verdicts in a row before the standing verdict changes: to abnormal, and back to normal. */
  hysteresis: z
    .strictObject({
      raise_after_count: z.number().int().min(1).max(1_000).default(1),
      return_after_count: z.number().int().min(1).max(1_000).default(1),
    })
    .prefault({}),
  /** After an alarm of a subject has returned, this long no new one is raised for it. */
  cool_down_s: z.number().min(0).max(86_400).default(0),
  /** A verdict below it is held for a person. */
  confidence_min: z.number().min(0).max(1).default(0),
  /** A rule whose examples fail cannot be deployed (I7). */
  examples: z
    .array(z.strictObject({ input: inputValues, status: statusSchema }))
    .max(50)
    .default([]),
})
export type RuleDefinition = z.infer<typeof ruleDefinitionSchema>

export function isNormal(rule: Pick<RuleDefinition, 'normal_statuses'>, status: string): boolean {
  return rule.normal_statuses.includes(status)
}

/** The inputs with the numbers that a chart takes from parameters put in: what rules must have in common to see the same row. */
export function resolvedInputs({ inputs, parameters }: Pick<RuleDefinition, 'inputs' | 'parameters'>): RuleInput[] {
  const resolved = (given: number | { readonly parameter: string }) =>
    typeof given === 'number' ? given : Number(parameters[given.parameter]?.value)
  return inputs.map((input) =>
    input.from === 'chart' ? { ...input, centre: resolved(input.centre), sigma: resolved(input.sigma) } : input,
  )
}

/** What the hash of a rule covers. Not what is made of its verdicts: hysteresis, alarms, names. */
export function wholeRule(rule: Pick<RuleDefinition, 'script' | 'inputs' | 'parameters' | 'trigger'>) {
  return { ...ruleSource(rule), inputs: resolvedInputs(rule), trigger: rule.trigger }
}

/** What shared/rules compiles: the part of a definition that decides a verdict. */
export function ruleSource(rule: Pick<RuleDefinition, 'script' | 'inputs' | 'parameters'>) {
  return {
    source: rule.script,
    fields: rule.inputs.map(({ name, kind }) => ({ name, kind })),
    params: Object.fromEntries(Object.entries(rule.parameters).map(([name, parameter]) => [name, parameter.value])),
  }
}
