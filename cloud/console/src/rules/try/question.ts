import { inputValue, parseNumber } from '../definition.ts'
import type { InputForm, RuleForm } from '../form.ts'
import type { InputValues } from './protocol.ts'
import type { TryQuestion } from './try-client.ts'

/** Values that can be read. One that cannot is left out, and the engine says by name what is missing. */
function valuesOf(inputs: readonly InputForm[], typed: Readonly<Record<string, string>>): InputValues {
  const values: Record<string, number | boolean | string> = {}
  for (const { name, kind, from } of inputs) {
    // The standing status before the first verdict is "", so that nothing typed means just that.
    const text = typed[name.trim()] ?? (from === 'previous_status' ? '' : undefined)
    const value = text === undefined || (text === '' && kind !== 'text') ? null : inputValue(text, kind)
    if (value !== null) values[name.trim()] = value
  }
  return values
}

/**
 * What is asked of the engine for a form that may still be unfinished elsewhere; null while a parameter has no value that
 * can be read, since every answer would be about another rule.
 */
export function questionOfForm(form: RuleForm, typed: Readonly<Record<string, string>>): TryQuestion | null {
  const params: Record<string, number | boolean | string> = {}
  for (const { key, kind, value } of form.parameters) {
    const read = kind === 'number' ? parseNumber(value) : kind === 'boolean' ? value === 'true' : value
    if (read === null) return null
    params[key.trim()] = read
  }
  return {
    rule: { source: form.script, fields: form.inputs.map(({ name, kind }) => ({ name: name.trim(), kind })), params },
    input: valuesOf(form.inputs, typed),
    examples: form.examples.map(({ input, status }) => ({
      input: valuesOf(form.inputs, input),
      status: status.trim(),
    })),
  }
}
