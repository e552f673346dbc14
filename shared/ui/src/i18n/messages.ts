import type { Locale } from '@jidoka/domain'

/** Names in a message: `{count}`, and `{count|row|rows}` which stands for one of two words. */
type ParameterNames<Text extends string> = Text extends `${string}{${infer Inner}}${infer Rest}`
  ? (Inner extends `${infer Name}|${string}` ? Name : Inner) | ParameterNames<Rest>
  : never

type ParametersOf<Text extends string> = [ParameterNames<Text>] extends [never]
  ? []
  : [parameters: Readonly<Record<ParameterNames<Text>, string | number>>]

/** A table in the second language: every key of the first and none more. */
export type Translation<English> = { readonly [Key in keyof English]: string }

/** Messages of one part of a program in both languages; `English` keeps the literal texts, from which parameters are typed. */
export interface Messages<English extends Readonly<Record<string, string>>> {
  readonly en: English
  readonly ko: Translation<English>
}

/** English must be declared `as const`: its literal texts are where the types of the parameters come from. */
export function defineMessages<const English extends Readonly<Record<string, string>>>(
  tables: Messages<English>,
): Messages<English> {
  return tables
}

export type Translate<English extends Readonly<Record<string, string>>> = <Key extends keyof English & string>(
  key: Key,
  ...parameters: ParametersOf<English[Key]>
) => string

const placeholder = /\{(\w+)(?:\|([^|}]*)\|([^|}]*))?\}/g

/** `fillMessage('{count} {count|row|rows}', 'en', { count: 1200 })` is `1,200 rows`. A parameter that is missing stays visible as its name. */
export function fillMessage(
  text: string,
  locale: Locale,
  parameters: Readonly<Record<string, string | number>> = {},
): string {
  return text.replace(placeholder, (whole, name: string, one: string | undefined, other: string | undefined) => {
    const value = parameters[name]
    if (value === undefined) return whole
    if (one !== undefined && other !== undefined) return value === 1 ? one : other
    return typeof value === 'number' ? value.toLocaleString(locale) : value
  })
}

export function translator<English extends Readonly<Record<string, string>>>(
  messages: Messages<English>,
  locale: Locale,
): Translate<English> {
  const table: Readonly<Record<string, string>> = messages[locale]
  return (key, ...[parameters]) => fillMessage(table[key] ?? key, locale, parameters)
}

function parameterNames(text: string): string {
  return [...new Set([...text.matchAll(placeholder)].map((match) => match[1] ?? ''))]
    .toSorted((one, other) => one.localeCompare(other))
    .join(', ')
}

/**
 * What the types cannot see: a translation that forgets or invents a parameter, or is empty. One sentence a mistake; a
 * test of each table wants none.
 */
export function messageMistakes(messages: Messages<Readonly<Record<string, string>>>): string[] {
  return Object.entries(messages.en).flatMap(([key, english]) => {
    const korean = messages.ko[key] ?? ''
    if (korean.trim() === '' || english.trim() === '') return [`${key}: empty`]
    const [wanted, found] = [parameterNames(english), parameterNames(korean)]
    return wanted === found ? [] : [`${key}: English takes (${wanted}), Korean takes (${found})`]
  })
}
