import type { AlarmPriority, RuleDefinition, RuleInput, RuleTrigger } from '@jidoka/domain'
import { triggerSensor } from '@jidoka/domain'
import {
  chartFormOf,
  newChartForm,
  newWindowForm,
  windowFormOf,
  type ChartForm,
  type WindowForm,
} from './window-form.ts'

type RuleParameter = RuleDefinition['parameters'][string]

/**
 * A rule as it stands in the form: numbers are what was typed, lists are what was typed, so that nothing half-finished is
 * lost or guessed. `formOfDefinition` and `definitionOfForm` are each other's inverse.
 */
export interface RuleForm {
  readonly id: string
  readonly nameKo: string
  readonly nameEn: string
  readonly enabled: boolean
  readonly on: RuleTrigger['on']
  /** Of the clock. */
  readonly everyS: string
  readonly sensor: string
  /** Codes with commas between; empty means all. */
  readonly lines: string
  readonly equipment: string
  readonly inputs: readonly InputForm[]
  readonly parameters: readonly ParameterForm[]
  readonly script: string
  readonly normalStatuses: string
  readonly alarms: readonly AlarmForm[]
  readonly raiseAfterCount: string
  readonly returnAfterCount: string
  readonly coolDownS: string
  readonly confidenceMin: string
  readonly examples: readonly ExampleForm[]
}

/** `row` tells rows of a list apart while they are edited and moved; it is no part of the rule. */
interface Row {
  readonly row: number
}

export interface InputForm extends Row {
  readonly name: string
  readonly from: RuleInput['from']
  readonly kind: RuleInput['kind']
  readonly sensor: string
  readonly field: MesField
  readonly maxAgeS: string
  readonly window: WindowForm
  readonly chart: ChartForm
}

export const mesFields = ['production_count', 'defect_count', 'order', 'lot', 'product', 'shift'] as const
export type MesField = (typeof mesFields)[number]
export const triggerKinds = ['reading', 'mes', 'timer'] as const satisfies readonly RuleTrigger['on'][]
const inputSources = ['trigger', 'tag', 'mes', 'window', 'chart', 'previous_status'] as const
export const inputKinds = ['number', 'integer', 'text', 'boolean'] as const

export interface ParameterForm extends Row {
  readonly key: string
  readonly nameKo: string
  readonly nameEn: string
  readonly kind: 'number' | 'text' | 'boolean'
  readonly value: string
  readonly unit: string
  readonly min: string
  readonly max: string
}

export interface AlarmForm extends Row {
  readonly status: string
  readonly priority: AlarmPriority
}

export interface ExampleForm extends Row {
  readonly status: string
  /** By the name of the input. */
  readonly input: Readonly<Record<string, string>>
}

/** For a row that is added: a number that no row of the list has. */
export function nextRow(rows: readonly Row[]): number {
  return rows.reduce((highest, { row }) => Math.max(highest, row), -1) + 1
}

/** What changes in a form with its trigger: without a reading that triggers, the inputs that looked at it look at the last one of its sensor. */
export function withTrigger({ inputs, sensor }: RuleForm, on: RuleForm['on']): Pick<RuleForm, 'on' | 'inputs'> {
  if (on === 'reading') return { on, inputs }
  return { on, inputs: inputs.map((input) => (input.from === 'trigger' ? { ...input, from: 'tag', sensor } : input)) }
}

/** Where an input of the form may come from. */
export const sourcesOf = ({ on }: RuleForm): readonly RuleInput['from'][] =>
  on === 'reading' ? inputSources : inputSources.filter((source) => source !== 'trigger')

const list = (codes: readonly string[] | undefined): string => codes?.join(', ') ?? ''
const bound = (value: number | undefined): string => (value === undefined ? '' : String(value))

export function formOfDefinition(rule: Omit<RuleDefinition, 'version'>): RuleForm {
  const { trigger } = rule
  return {
    id: rule.id,
    nameKo: rule.name.ko,
    nameEn: rule.name.en,
    enabled: rule.enabled,
    on: trigger.on,
    everyS: trigger.on === 'timer' ? String(trigger.every_s) : '60',
    sensor: triggerSensor(trigger) ?? '',
    lines: list(trigger.lines),
    equipment: trigger.on === 'mes' ? '' : list(trigger.equipment),
    inputs: rule.inputs.map((input, row) => inputForm(input, row)),
    parameters: Object.entries(rule.parameters).map(([key, parameter], row) => parameterForm(key, parameter, row)),
    script: rule.script,
    normalStatuses: list(rule.normal_statuses),
    alarms: Object.entries(rule.alarms).map(([status, priority], row) => ({ row, status, priority })),
    raiseAfterCount: String(rule.hysteresis.raise_after_count),
    returnAfterCount: String(rule.hysteresis.return_after_count),
    coolDownS: String(rule.cool_down_s),
    confidenceMin: String(rule.confidence_min),
    examples: rule.examples.map(({ input, status }, row) => ({
      row,
      status,
      input: Object.fromEntries(Object.entries(input).map(([name, value]) => [name, String(value)])),
    })),
  }
}

function inputForm(input: RuleInput, row: number): InputForm {
  return {
    row,
    name: input.name,
    from: input.from,
    kind: input.kind,
    sensor: 'sensor' in input ? (input.sensor ?? '') : '',
    field: input.from === 'mes' ? input.field : 'production_count',
    maxAgeS: input.from === 'previous_status' ? '' : String(input.max_age_s),
    window: input.from === 'window' ? windowFormOf(input) : newWindowForm,
    chart: input.from === 'chart' ? chartFormOf(input) : newChartForm,
  }
}

function parameterForm(key: string, parameter: RuleParameter, row: number): ParameterForm {
  const { value } = parameter
  return {
    row,
    key,
    nameKo: parameter.name.ko,
    nameEn: parameter.name.en,
    kind: typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'boolean' : 'text',
    value: String(value),
    unit: parameter.unit ?? '',
    min: bound(parameter.min),
    max: bound(parameter.max),
  }
}
