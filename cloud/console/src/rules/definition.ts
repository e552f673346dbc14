import { ruleDefinitionSchema, type RuleDefinition, type RuleInput } from '@jidoka/domain'
import type { ExampleForm, InputForm, ParameterForm, RuleForm } from './form.ts'
import { chartOf, windowOf } from './window-form.ts'

/**
 * What is wrong with one place of the form. `at` is the place: `name.en`, `parameters.high.value`, `inputs.0.name`,
 * `examples.2.status`; the user interface has a sentence for each kind.
 */
export interface FormProblem {
  readonly at: string
  readonly kind: FormProblemKind
  /** Of `least` and `most`. */
  readonly bound?: number
}
export type FormProblemKind =
  | 'required'
  | 'number'
  | 'least'
  | 'most'
  | 'too_long'
  | 'too_many'
  | 'id'
  | 'status'
  | 'name'
  | 'code'
  | 'twice'
  | 'other'

export type FormOutcome =
  | { readonly ok: true; readonly definition: NewDefinition }
  | { readonly ok: false; readonly problems: readonly FormProblem[] }

/** A rule before the cloud has given it a version. */
export type NewDefinition = Omit<RuleDefinition, 'version'>

const newDefinitionSchema = ruleDefinitionSchema.omit({ version: true })

/** Makes the rule that the form describes, or says all that is wrong with it. */
export function definitionOfForm(form: RuleForm): FormOutcome {
  const problems: FormProblem[] = []
  const read = new Reader(problems)
  const candidate = {
    id: form.id.trim(),
    name: { ko: form.nameKo.trim(), en: form.nameEn.trim() },
    enabled: form.enabled,
    trigger: triggerOf(form, read),
    inputs: form.inputs.map((input, index) => inputOf(input, index, read)),
    parameters: Object.fromEntries(
      form.parameters.map((parameter, index) => [parameter.key.trim(), parameterOf(parameter, index, read)]),
    ),
    script: form.script,
    normal_statuses: listOf(form.normalStatuses),
    alarms: Object.fromEntries(form.alarms.map(({ status, priority }) => [status.trim(), priority])),
    hysteresis: {
      raise_after_count: read.number(form.raiseAfterCount, 'hysteresis.raise_after_count'),
      return_after_count: read.number(form.returnAfterCount, 'hysteresis.return_after_count'),
    },
    cool_down_s: read.number(form.coolDownS, 'cool_down_s'),
    confidence_min: read.number(form.confidenceMin, 'confidence_min'),
    examples: form.examples.map((example, index) => exampleOf(example, index, form.inputs, read)),
  }
  // Two rows with one name would silently become one in the record above.
  read.unique(
    'inputs',
    form.inputs.map(({ name }) => name.trim()),
    'name',
  )
  read.unique(
    'parameters',
    form.parameters.map(({ key }) => key.trim()),
    'key',
  )
  read.unique(
    'alarms',
    form.alarms.map(({ status }) => status.trim()),
    'status',
  )
  read.bounds(form.parameters)

  const parsed = newDefinitionSchema.safeParse(candidate)
  if (!parsed.success) {
    const marked = new Set(problems.map(({ at }) => at))
    for (const issue of parsed.error.issues) {
      const problem = problemOfIssue(issue, form)
      if (!marked.has(problem.at)) problems.push(problem)
      marked.add(problem.at)
    }
  }
  return problems.length === 0 && parsed.success ? { ok: true, definition: parsed.data } : { ok: false, problems }
}

/** What a number that cannot be read becomes: the schema's own complaint about it is dropped, since the place is marked already. */
const unread = Number.NaN

class Reader {
  readonly #problems: FormProblem[]

  constructor(problems: FormProblem[]) {
    this.#problems = problems
  }

  number(text: string, at: string): number {
    const value = parseNumber(text)
    return value ?? this.unreadable(text, at)
  }

  unreadable(text: string, at: string): number {
    this.#problems.push({ at, kind: text.trim() === '' ? 'required' : 'number' })
    return unread
  }

  unique(where: string, names: readonly string[], member: string): void {
    const seen = new Set<string>()
    for (const [index, name] of names.entries()) {
      if (name === '') this.#problems.push({ at: `${where}.${index}.${member}`, kind: 'required' })
      else if (seen.has(name)) this.#problems.push({ at: `${where}.${index}.${member}`, kind: 'twice' })
      seen.add(name)
    }
  }

  /** A limit that somebody set outside of its own bounds; the schema does not compare the three. */
  bounds(parameters: readonly ParameterForm[]): void {
    for (const [index, { kind, value, min, max }] of parameters.entries()) {
      const number = parseNumber(value)
      if (kind !== 'number' || number === null) continue
      const at = `parameters.${index}.value`
      const [least, most] = [parseNumber(min), parseNumber(max)]
      if (least !== null && number < least) this.#problems.push({ at, kind: 'least', bound: least })
      else if (most !== null && number > most) this.#problems.push({ at, kind: 'most', bound: most })
    }
  }
}

/** `80`, `80.5`, `-1e3`; null for what is no finite number. `Number('')` would be 0 and `Number('0x10')` 16. */
export function parseNumber(text: string): number | null {
  const trimmed = text.trim()
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return null
  const value = Number(trimmed)
  return Number.isFinite(value) ? value : null
}

export const listOf = (text: string): string[] =>
  text
    .split(/[,\s]+/u)
    .map((part) => part.trim())
    .filter((part) => part !== '')

function triggerOf(form: RuleForm, read: Reader) {
  const lines = listOf(form.lines)
  const onLines = lines.length === 0 ? {} : { lines }
  if (form.on === 'mes') return { on: 'mes' as const, ...onLines }
  const equipment = listOf(form.equipment)
  const sensor = form.sensor.trim()
  const of = { ...onLines, ...(equipment.length === 0 ? {} : { equipment }) }
  if (form.on === 'reading') return { on: 'reading' as const, sensor, ...of }
  // Without a sensor it judges whole lines.
  return {
    on: 'timer' as const,
    every_s: read.number(form.everyS, 'trigger.every_s'),
    ...(sensor === '' ? {} : { sensor }),
    ...of,
  }
}

function inputOf(input: InputForm, index: number, read: Reader): RuleInput {
  const at = `inputs.${index}`
  const readNumber = (text: string, place: string) => read.number(text, place)
  const name = input.name.trim()
  if (input.from === 'previous_status') return { name, from: 'previous_status', kind: 'text' }
  const rest = { name, kind: input.kind, max_age_s: read.number(input.maxAgeS, `${at}.max_age_s`) }
  if (input.from === 'tag') return { ...rest, from: 'tag', sensor: input.sensor.trim() }
  if (input.from === 'mes') return { ...rest, from: 'mes', field: input.field }
  if (input.from === 'trigger') return { ...rest, from: 'trigger' }
  // Without a sensor it is the triggering one.
  const ofSensor = input.sensor.trim() === '' ? {} : { sensor: input.sensor.trim() }
  return input.from === 'window'
    ? { ...rest, ...ofSensor, from: 'window', kind: 'number', ...windowOf(input.window, at, readNumber) }
    : { ...rest, ...ofSensor, from: 'chart', kind: 'integer', ...chartOf(input.chart, at, readNumber) }
}

function parameterOf(parameter: ParameterForm, index: number, read: Reader) {
  const { kind, value, unit, min, max } = parameter
  const at = `parameters.${index}`
  const optional = (text: string, member: 'min' | 'max') =>
    kind !== 'number' || text.trim() === '' ? {} : { [member]: read.number(text, `${at}.${member}`) }
  return {
    value: kind === 'number' ? read.number(value, `${at}.value`) : kind === 'boolean' ? value === 'true' : value,
    name: { ko: parameter.nameKo.trim(), en: parameter.nameEn.trim() },
    ...(unit.trim() === '' ? {} : { unit: unit.trim() }),
    ...optional(min, 'min'),
    ...optional(max, 'max'),
  }
}

/** The typed value of an input by its kind; null when it is none. An empty text is a text. */
export function inputValue(text: string, kind: RuleInput['kind']): number | boolean | string | null {
  if (kind === 'text') return text
  if (kind === 'boolean') return text === 'true' ? true : text === 'false' ? false : null
  const value = parseNumber(text)
  return value !== null && kind === 'integer' && !Number.isSafeInteger(value) ? null : value
}

/** Values for inputs that have been renamed or taken away meanwhile are left behind. */
function exampleOf(example: ExampleForm, index: number, inputs: readonly InputForm[], read: Reader) {
  const input: Record<string, number | boolean | string> = {}
  for (const { name, kind } of inputs) {
    const text = example.input[name.trim()] ?? ''
    input[name.trim()] = inputValue(text, kind) ?? read.unreadable(text, `examples.${index}.input.${name.trim()}`)
  }
  return { input, status: example.status.trim() }
}

interface Issue {
  readonly code?: string | undefined
  readonly path: readonly PropertyKey[]
  readonly origin?: string
  readonly minimum?: number | bigint
  readonly maximum?: number | bigint
}

/** Issues of a record's member name it by its key; the form's places count rows. */
function placeOfIssue(path: readonly PropertyKey[], form: RuleForm): string {
  const [root, key, ...rest] = path.map(String)
  if (root === 'parameters' && key !== undefined) {
    const index = form.parameters.findIndex((parameter) => parameter.key.trim() === key)
    return ['parameters', index, ...(rest.length === 0 ? ['key'] : rest)].join('.')
  }
  if (root === 'alarms' && key !== undefined) {
    return `alarms.${form.alarms.findIndex(({ status }) => status.trim() === key)}.status`
  }
  if (root === 'normal_statuses') return 'normal_statuses'
  if (root === 'trigger' && (key === 'lines' || key === 'equipment')) return `trigger.${key}`
  return path.map(String).join('.')
}

function problemOfIssue(issue: Issue, form: RuleForm): FormProblem {
  const at = placeOfIssue(issue.path, form)
  const member = at.split('.').at(-1) ?? ''
  if (issue.code === 'too_small') {
    return issue.origin === 'number' ? { at, kind: 'least', bound: Number(issue.minimum) } : { at, kind: 'required' }
  }
  if (issue.code === 'too_big') {
    if (issue.origin === 'number') return { at, kind: 'most', bound: Number(issue.maximum) }
    return { at, kind: issue.origin === 'array' ? 'too_many' : 'too_long' }
  }
  if (issue.code === 'invalid_type') return { at, kind: 'number' }
  const patterns: Readonly<Record<string, FormProblemKind>> = {
    id: 'id',
    status: 'status',
    normal_statuses: 'status',
    name: 'name',
    key: 'name',
    sensor: 'code',
    lines: 'code',
    equipment: 'code',
  }
  return { at, kind: patterns[member] ?? 'other' }
}
