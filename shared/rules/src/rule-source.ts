/**
 * The kind of a declared field. In the script: `number` is a float, `integer` an integer (division truncates), `text` a
 * string, `boolean` a bool.
 */
export type FieldKind = 'number' | 'integer' | 'text' | 'boolean'

export interface RuleField {
  readonly name: string
  readonly kind: FieldKind
}

/** Constants of a rule, given when it is compiled. Numbers are floats in the script, as JSON's numbers are. */
export type RuleParameters = Readonly<Record<string, number | string | boolean>>

/** Everything that decides what a rule answers: its text, what it reads, and its constants. */
export interface RuleSource {
  /** Rhai, at most 16 kB of UTF-8. */
  readonly source: string
  /** 1 to 64; the order is the order of a row's cells. */
  readonly fields: readonly RuleField[]
  readonly params?: RuleParameters
}

/** Fields a rule may declare: `FIELDS_MAX` in `crate/src/row.rs`. */
export const fieldsMax = 64
const paramsMax = 256
const nameLengthMax = 128

/** The number of each kind in the module: `Kind` in `crate/src/declarations.rs`. */
export const kindNumbers: Readonly<Record<FieldKind, number>> = { number: 0, integer: 1, text: 2, boolean: 3 }

/** What is wrong with a declaration, or undefined. */
export function declarationMistake(rule: RuleSource): string | undefined {
  if (rule.fields.length > fieldsMax) {
    return `the rule declares ${rule.fields.length} fields; ${fieldsMax} are allowed: split it`
  }
  if (rule.fields.length === 0) return 'the rule declares no field: it would have nothing to judge'
  const names = new Set<string>()
  for (const { name, kind } of rule.fields) {
    if (!isName(name)) return `the field name ${JSON.stringify(name)} must have 1 to ${nameLengthMax} characters`
    if (names.has(name)) return `the field ${JSON.stringify(name)} is declared twice`
    if (!Object.hasOwn(kindNumbers, kind)) return `the field ${JSON.stringify(name)} has no kind that is known: ${kind}`
    names.add(name)
  }
  const params = Object.entries(rule.params ?? {})
  if (params.length > paramsMax) return `the rule has ${params.length} parameters; ${paramsMax} are allowed`
  for (const [name, value] of params) {
    if (!isName(name)) return `the parameter name ${JSON.stringify(name)} must have 1 to ${nameLengthMax} characters`
    if (typeof value === 'number' ? !Number.isFinite(value) : typeof value !== 'string' && typeof value !== 'boolean') {
      return `the parameter ${JSON.stringify(name)} must be a finite number, a text or true or false, not ${String(value)}`
    }
  }
  return undefined
}

function isName(name: unknown): name is string {
  return typeof name === 'string' && name.length > 0 && name.length <= nameLengthMax
}
