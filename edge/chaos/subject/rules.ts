import { ruleDefinitionSchema } from '@jidoka/domain'
import type { DesiredItem, RuleDefinition } from '@jidoka/domain'
import { numberSensor } from '../publisher/kinds.ts'

/** Every so many readings are HIGH: each is a record, and records are most of what lies in a store. */
export const step = 200

const name = { ko: '시험', en: 'Test' }

/** In force while things break. Their verdicts follow from a reading's own number, so that they can be known without them. */
export const rules: readonly RuleDefinition[] = [
  ruleDefinitionSchema.parse({
    id: 'now-and-then',
    version: 1,
    name,
    trigger: { on: 'reading', sensor: numberSensor },
    inputs: [{ name: 'value', from: 'trigger', kind: 'number', max_age_s: 86_400 }],
    parameters: { step: { value: step, name } },
    script:
      'if input.value % params.step == 0.0 { verdict("HIGH", 0.95, `${input.value} is one of them`) } else { verdict("NORMAL", 0.8) }',
    alarms: { HIGH: 'high' },
  }),
  ruleDefinitionSchema.parse({
    id: 'second-half',
    version: 1,
    name,
    trigger: { on: 'reading', sensor: numberSensor },
    inputs: [
      { name: 'value', from: 'trigger', kind: 'number', max_age_s: 86_400 },
      { name: 'before', from: 'previous_status', kind: 'text' },
    ],
    script:
      'let rest = input.value % 2000.0; if rest >= 1000.0 || (input.before == "UPPER" && rest < 5.0) { verdict("UPPER", 0.9) } else { verdict("LOWER", 0.9) }',
    normal_statuses: ['LOWER', 'UPPER'],
  }),
]

export const ruleItems = (): DesiredItem[] =>
  rules.map((body) => ({ kind: 'rule', key: body.id, version: body.version, body }))
