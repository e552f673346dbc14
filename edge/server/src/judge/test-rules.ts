import type { RuleDefinition } from '@jidoka/domain'
import { hotRule } from '../pipeline/test-support.ts'

/** Over the production counts of LINE-A. */
export const ratio = (): RuleDefinition =>
  hotRule({
    id: 'defects',
    trigger: { on: 'mes', lines: ['LINE-A'] },
    inputs: [
      { name: 'defect_count', from: 'mes', field: 'defect_count', kind: 'number', max_age_s: 3_600 },
      { name: 'production_count', from: 'mes', field: 'production_count', kind: 'number', max_age_s: 3_600 },
    ],
    script:
      'if input.defect_count / input.production_count > 0.05 { #{ status: "HIGH_DEFECT", confidence: 0.95 } } else { #{ status: "NORMAL", confidence: 0.80 } }',
    alarms: { HIGH_DEFECT: 'critical' },
    examples: [],
  })

/** Over two sensors, the second up to 10 s old. */
export const pressure = (): RuleDefinition =>
  hotRule({
    id: 'both',
    inputs: [
      { name: 'value', from: 'trigger', kind: 'number', max_age_s: 60 },
      { name: 'pressure', from: 'tag', sensor: 'pressure', kind: 'number', max_age_s: 10 },
    ],
    script:
      'if input.value > 80.0 && input.pressure > 5.0 { verdict("HIGH", 0.9, `${input.value} at ${input.pressure}`) } else { verdict("NORMAL", 0.9) }',
    examples: [],
  })
