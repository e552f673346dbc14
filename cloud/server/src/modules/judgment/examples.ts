import type { executeRequestSchema, putRuleSchema } from '@jidoka/contract'
import type { z } from 'zod'

/** Of bodies that nobody would guess, in the description of the API: sent one after the other, they do something. */
export const putRuleExample: z.input<typeof putRuleSchema> = {
  based_on_version: 0,
  definition: {
    id: 'oven-temperature',
    name: { ko: '오븐 온도', en: 'Oven temperature' },
    trigger: { on: 'reading', sensor: 'temperature' },
    inputs: [{ name: 'value', from: 'trigger', kind: 'number' }],
    parameters: { high: { value: 90, name: { ko: '상한', en: 'High limit' }, unit: '°C' } },
    script: 'if input.value > params.high { verdict("HIGH", 0.95) } else { verdict("NORMAL", 0.9) }',
    alarms: { HIGH: 'high' },
    examples: [
      { input: { value: 95 }, status: 'HIGH' },
      { input: { value: 20 }, status: 'NORMAL' },
    ],
  },
}

export const executeExample: z.input<typeof executeRequestSchema> = {
  workflow_id: 'oven-temperature',
  input: { value: 93.5 },
}
