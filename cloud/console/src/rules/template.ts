import type { RuleForm } from './form.ts'
import { newChartForm, newWindowForm } from './window-form.ts'

/** A new rule as it opens: complete but for its name, so that one sees what belongs where and the try-out answers at once. */
export const newRuleForm: RuleForm = {
  id: '',
  nameKo: '',
  nameEn: '',
  enabled: true,
  on: 'reading',
  everyS: '60',
  sensor: 'temperature',
  lines: '',
  equipment: '',
  inputs: [
    {
      row: 0,
      name: 'value',
      from: 'trigger',
      kind: 'number',
      sensor: '',
      field: 'production_count',
      maxAgeS: '60',
      window: newWindowForm,
      chart: newChartForm,
    },
  ],
  parameters: [
    {
      row: 0,
      key: 'high',
      nameKo: '상한',
      nameEn: 'Upper limit',
      kind: 'number',
      value: '80',
      unit: '°C',
      min: '0',
      max: '200',
    },
  ],
  script: `if input.value > params.high {
  verdict("HIGH", 0.95, \`\${input.value} > \${params.high}\`)
} else {
  verdict("NORMAL", 0.95)
}
`,
  normalStatuses: 'NORMAL',
  alarms: [{ row: 0, status: 'HIGH', priority: 'high' }],
  raiseAfterCount: '1',
  returnAfterCount: '1',
  coolDownS: '0',
  confidenceMin: '0',
  examples: [
    { row: 0, input: { value: '90' }, status: 'HIGH' },
    { row: 1, input: { value: '40' }, status: 'NORMAL' },
  ],
}
