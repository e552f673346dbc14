/** What a JSON schema of the API document looks like, as far as samples are made of it. */
interface Schema {
  readonly type?: string | readonly string[]
  readonly format?: string
  readonly pattern?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maxLength?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
}

export interface SampleValues {
  readonly uuids: readonly string[]
  readonly words: readonly string[]
}

/** As many of an object: each value of each member comes up, not each of all pairs. */
const samplesMax = 120

/** Values that fit a schema, made of names that stand in rows where it takes one. Never empty. */
export function samplesOf(schema: Schema, values: SampleValues): unknown[] {
  if (schema.const !== undefined) return [schema.const]
  if (schema.enum !== undefined) return [...schema.enum]
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) return interleaved(choices.map((choice) => samplesOf(choice, values)))
  const type = typeof schema.type === 'string' ? schema.type : schema.type?.[0]
  switch (type) {
    case 'string':
      return textsOf(schema, values)
    case 'integer':
    case 'number':
      return [Math.max(schema.minimum ?? 0, (schema.exclusiveMinimum ?? -1) + 1)]
    case 'boolean':
      return [true]
    case 'array':
      return samplesOf(schema.items ?? {}, values).map((item) => [item])
    case 'object':
      return objectsOf(schema, values)
    default:
      return ['x']
  }
}

function textsOf({ format, pattern, maxLength = Infinity }: Schema, { uuids, words }: SampleValues): string[] {
  if (format === 'uuid') return [...uuids]
  if (format === 'date-time') return ['2026-11-21T00:00:00Z']
  const fits = pattern === undefined ? () => true : (text: string) => new RegExp(pattern, 'u').test(text)
  const found = [...words, ...uuids].filter((text) => text.length <= maxLength && fits(text))
  return found.length === 0 ? ['x'] : found
}

function objectsOf({ properties = {}, additionalProperties }: Schema, values: SampleValues): unknown[] {
  const members = Object.entries(properties).map(([name, schema]) => [name, samplesOf(schema, values)] as const)
  const count = Math.min(samplesMax, Math.max(1, ...members.map(([, samples]) => samples.length)))
  const further = typeof additionalProperties === 'object' ? samplesOf(additionalProperties, values) : []
  return Array.from({ length: count }, (_, index) => ({
    ...(further.length === 0 ? {} : { value: further[index % further.length] }),
    ...Object.fromEntries(members.map(([name, samples]) => [name, samples[index % samples.length]])),
  }))
}

/** One of each in turn, so that no choice waits behind all of another. */
function interleaved(lists: readonly unknown[][]): unknown[] {
  const longest = Math.max(...lists.map((list) => list.length))
  return Array.from({ length: longest }, (_, index) => lists.map((list) => list[index % list.length])).flat()
}
