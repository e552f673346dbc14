import { ruleDefinitionSchema } from '@jidoka/domain'
import type { RuleDefinition } from '@jidoka/domain'
import { numberSensor } from '../publisher/kinds.ts'

/** Every so many readings are HIGH: each is a record, and records are most of what lies in a store. */
export const step = 200

export const name = { ko: '시험', en: 'Test' }

export const windowRuleId = 'windows'

/** The shortest that a rule may have. */
const timerEveryS = 5

/** One lateness is one series of a tag; at 30,000 readings/s longer ones would meet the limit of what windows hold. */
export const late = { lateness_s: 1, max_age_s: 86_400, kind: 'number' } as const
const windowCount = 50

/**
 * What must lie behind a reading, of its own tag, so that a rule with windows sees all that it looks at: readings, and whole
 * seconds with readings (the newest, those of the longest lateness, a closed one, and one that may have been cut off).
 */
export const windowNeed = { readings: windowCount, seconds: 7 } as const

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
  // The other verdicts follow from one reading; what this one says is filled from the journal at each start.
  ruleDefinitionSchema.parse({
    id: windowRuleId,
    version: 1,
    name,
    trigger: { on: 'reading', sensor: numberSensor },
    inputs: [
      { name: 'value', from: 'trigger', kind: 'number', max_age_s: 86_400 },
      { name: 'mean', from: 'window', window: { by: 'time', seconds: 1 }, stat: 'mean', ...late },
      { name: 'spread', from: 'window', window: { by: 'count', count: windowCount }, stat: 'stddev', ...late },
      { name: 'closed', from: 'window', mode: 'tumbling', window: { by: 'time', seconds: 1 }, stat: 'sum', ...late },
    ],
    script:
      'if input.value % 300.0 == 0.0 { verdict("SEEN", 0.9, `${input.mean} ${input.spread} ${input.closed}`) } else { verdict("NORMAL", 0.8) }',
  }),
  // No reading triggers it: its instants are the appliance's own, and one that a kill took is made up for.
  ruleDefinitionSchema.parse({
    id: 'on-the-clock',
    version: 1,
    name,
    trigger: { on: 'timer', every_s: timerEveryS, sensor: numberSensor },
    inputs: [{ name: 'value', from: 'tag', sensor: numberSensor, kind: 'number', max_age_s: 86_400 }],
    script:
      'if input.value % 2.0 == 0.0 { verdict("EVEN", 0.9, `${input.value}`) } else { verdict("ODD", 0.9, `${input.value}`) }',
    normal_statuses: ['EVEN', 'ODD'],
  }),
]

/** Those that each reading triggers: what they say of it is counted. */
export const rulesOfReadings = rules.filter(({ trigger }) => trigger.on === 'reading')
