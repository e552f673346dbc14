import { ruleDefinitionSchema } from '@jidoka/domain'
import type { DesiredItem, RuleDefinition } from '@jidoka/domain'
import { z } from 'zod'
import { numberSensor, pulseSensor } from '../publisher/kinds.ts'
import { late, name, rules } from './rules.ts'

/** A large deployment: the rules that are always there, and many more of one pattern. */
export const desiredSchema = z.strictObject({
  /** Of the change that brought it: what the appliance notes as its position. */
  turn: z.number().int().min(1),
  manyCount: z.number().int().min(0).max(1_000),
})
export type Desired = z.infer<typeof desiredSchema>

/** What an appliance begins with. */
export const firstDesired: Desired = { turn: 1, manyCount: 0 }

export const manyRuleId = (index: number): string => `many-${index}`

/** Records of one rule are made by every eighth pulse; all are made by their first one. */
const parts = 8

/**
 * Each looks at windows of its own over the readings of the busiest device, some by all that the journal holds of it, so that filling
 * them takes many slices; a rare pulse makes it judge, so that a thousand of them do not judge every reading.
 */
const pattern = ruleDefinitionSchema.parse({
  id: 'pattern',
  version: 1,
  name,
  trigger: { on: 'reading', sensor: pulseSensor },
  inputs: [
    { name: 'pulse', from: 'trigger', kind: 'number', max_age_s: 86_400 },
    {
      name: 'mean',
      from: 'window',
      sensor: numberSensor,
      window: { by: 'time', seconds: 1 },
      stat: 'mean',
      ...late,
    },
  ],
  parameters: { part: { value: 0, name }, turn: { value: 1, name } },
  script: `if input.pulse % ${parts}.0 == params.part { verdict("SEEN", 0.9, \`\${input.mean} \${input.spread}\`) } else { verdict("NORMAL", 0.8) }`,
})

/** The rule at this place of a change; two changes have no rule in common, and no windows with the one after it. */
export function manyRule(turn: number, index: number): RuleDefinition {
  const lateness_s = 1 + (index % 2) + (turn % 2) * 2
  return {
    ...pattern,
    id: manyRuleId(index),
    version: turn,
    inputs: [
      ...pattern.inputs.map((input) => (input.from === 'window' ? { ...input, lateness_s } : input)),
      {
        name: 'spread',
        from: 'window',
        sensor: numberSensor,
        mode: 'sliding',
        window: { by: 'count', count: 20 + (index % 30) },
        stat: 'stddev',
        ...late,
        lateness_s,
      },
    ],
    parameters: { part: { value: index % parts, name }, turn: { value: turn, name } },
  }
}

/** By name, the version that was last asked for: its hash is worked out once an object. */
const found = new Map<string, RuleDefinition>()

/** The rule of this name and version, if it is one of the many. */
export function findManyRule(ruleId: string, version: number): RuleDefinition | null {
  const known = found.get(ruleId)
  if (known?.version === version) return known
  const index = /^many-(\d+)$/.exec(ruleId)?.[1]
  if (index === undefined) return null
  const rule = manyRule(version, Number(index))
  found.set(ruleId, rule)
  return rule
}

export const desiredRules = ({ turn, manyCount }: Desired): readonly RuleDefinition[] => [
  ...rules,
  ...Array.from({ length: manyCount }, (_, index) => manyRule(turn, index)),
]

export const desiredItems = (desired: Desired): DesiredItem[] =>
  desiredRules(desired).map((body) => ({ kind: 'rule', key: body.id, version: body.version, body }))
