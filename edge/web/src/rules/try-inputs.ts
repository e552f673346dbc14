import type { RuleDefinition, RuleInput } from '@jidoka/domain'

type InputValue = number | boolean | string
type FieldKind = RuleInput['kind']

/** What stands in the fields of the try-out, as typed. */
export type Typed = Readonly<Record<string, string>>

export type FieldMistake = 'needs_number' | 'needs_integer'

/** Reads one field: a value, a mistake, or nothing yet. Text may be empty: a status before the first verdict is. */
export function readField(
  kind: FieldKind,
  text: string,
): { value: InputValue } | { mistake: FieldMistake } | { empty: true } {
  if (kind === 'text') return { value: text }
  if (kind === 'boolean') return { value: text === 'true' }
  if (text.trim() === '') return { empty: true }
  // A decimal comma is what a Korean or German keyboard's number pad may give.
  const value = Number(text.trim().replace(',', '.'))
  if (!Number.isFinite(value)) return { mistake: 'needs_number' }
  if (kind === 'integer' && !Number.isSafeInteger(value)) return { mistake: 'needs_integer' }
  return { value }
}

/** What the fields begin with: the rule's first example; where it has none, blanks. */
export function initialInputs(rule: RuleDefinition): Typed {
  const example = rule.examples[0]?.input ?? {}
  return Object.fromEntries(
    rule.inputs.map((input) => [input.name, String(example[input.name] ?? (input.kind === 'boolean' ? 'false' : ''))]),
  )
}

export const kindOfParameter = (value: InputValue): FieldKind =>
  typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'boolean' : 'text'

export function initialParameters(rule: RuleDefinition): Typed {
  return Object.fromEntries(Object.entries(rule.parameters).map(([name, parameter]) => [name, String(parameter.value)]))
}

/** The rule with the typed limits, and the typed inputs; null while a field is empty or wrong. */
export function readTry(
  rule: RuleDefinition,
  typedInputs: Typed,
  typedParameters: Typed,
): { definition: RuleDefinition; input: Record<string, InputValue> } | null {
  const input: Record<string, InputValue> = {}
  for (const field of rule.inputs) {
    const read = readField(field.kind, typedInputs[field.name] ?? '')
    if (!('value' in read)) return null
    input[field.name] = read.value
  }
  const parameters: RuleDefinition['parameters'] = {}
  for (const [name, parameter] of Object.entries(rule.parameters)) {
    const read = readField(kindOfParameter(parameter.value), typedParameters[name] ?? '')
    if (!('value' in read)) return null
    parameters[name] = { ...parameter, value: read.value }
  }
  return { definition: { ...rule, parameters }, input }
}
