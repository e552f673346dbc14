/** As much of JSON Schema as the description of our API uses. */
export interface Schema {
  $ref?: string
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  default?: unknown
  format?: string
  pattern?: string
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  minItems?: number
  maxItems?: number
  items?: Schema
  prefixItems?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: Schema | boolean
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  description?: string
}
export type Components = Readonly<Record<string, Schema>>

/** Deeper is nobody's to read, and a schema may hold itself. */
const depthMax = 8

function resolved(schema: Schema, components: Components): Schema {
  const name = schema.$ref?.split('/').at(-1)
  return name === undefined ? schema : (components[name] ?? {})
}

/** The form of a value, one member a line: `code: string  1..20 characters`. A member with `?` may be left out. */
export function schemaText(schema: Schema, components: Components, depth = 0): string {
  const own = resolved(schema, components)
  if (depth > depthMax) return '...'
  const inner = (each: Schema) => schemaText(each, components, depth + 1)
  if ('const' in own) return JSON.stringify(own.const)
  if (own.enum !== undefined) return own.enum.map((value) => JSON.stringify(value)).join(' | ')
  const choices = own.anyOf ?? own.oneOf
  if (choices !== undefined) return choices.map(inner).join(' | ')
  if (own.allOf !== undefined) return own.allOf.map(inner).join(' & ')
  if (own.properties !== undefined) return objectText(own, components, depth)
  if (own.items !== undefined)
    return `${arrayItem(inner(own.items))}[]${rangeText(own.minItems, own.maxItems, ' items')}`
  if (own.prefixItems !== undefined) return `[${own.prefixItems.map(inner).join(', ')}]`
  if (typeof own.additionalProperties === 'object') return `{ [name]: ${inner(own.additionalProperties)} }`
  return plainText(own)
}

const arrayItem = (text: string): string => (text.includes(' | ') && !text.startsWith('{') ? `(${text})` : text)

function objectText({ properties = {}, required = [] }: Schema, components: Components, depth: number): string {
  const indent = '  '.repeat(depth + 1)
  const lines = Object.entries(properties).map(([name, member]) => {
    const mark = required.includes(name) ? '' : '?'
    return `${indent}${name}${mark}: ${schemaText(member, components, depth + 1)}`
  })
  return lines.length === 0 ? '{}' : `{\n${lines.join('\n')}\n${'  '.repeat(depth)}}`
}

function plainText(schema: Schema): string {
  const type = [schema.type ?? 'any'].flat().join(' | ')
  const format = schema.format === undefined ? '' : ` (${schema.format})`
  const pattern =
    schema.pattern === undefined || schema.format !== undefined ? '' : `  like ${schema.pattern.slice(0, 100)}`
  const length = rangeText(schema.minLength, schema.maxLength, ' characters')
  return `${type}${format}${length}${rangeText(schema.minimum ?? schema.exclusiveMinimum, schema.maximum, '')}${pattern}`
}

function rangeText(min: number | undefined, max: number | undefined, of: string): string {
  // Bounds of what a number can hold say nothing.
  const [from, to] = [min, max].map((bound) =>
    bound !== undefined && Number.isSafeInteger(bound) && Math.abs(bound) < Number.MAX_SAFE_INTEGER ? bound : undefined,
  )
  if (from === undefined && to === undefined) return ''
  return `  ${from ?? ''}..${to ?? ''}${of}`
}

/** Something to begin a request with: what must be there, as small as it may be. */
export function sampleOf(schema: Schema, components: Components, depth = 0): unknown {
  const own = resolved(schema, components)
  if (depth > depthMax) return null
  if ('const' in own) return own.const
  if ('default' in own) return own.default
  if (own.enum !== undefined) return own.enum[0]
  const [choice] = own.anyOf ?? own.oneOf ?? own.allOf ?? []
  if (choice !== undefined) return sampleOf(choice, components, depth + 1)
  const [type] = [own.type].flat()
  if (type === 'object') {
    const needed = Object.entries(own.properties ?? {}).filter(([name]) => own.required?.includes(name))
    return Object.fromEntries(needed.map(([name, member]) => [name, sampleOf(member, components, depth + 1)]))
  }
  if (type === 'array') return []
  if (type === 'number' || type === 'integer') return own.minimum ?? 0
  if (type === 'boolean') return false
  return type === 'null' ? null : own.format === 'uuid' ? '00000000-0000-4000-8000-000000000000' : ''
}
