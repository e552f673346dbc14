import { toldSentences } from './told-sentences.ts'
import type { ToldCode } from './told-sentences.ts'

export { cloudSentences } from './told-sentences-cloud.ts'
export { toldSentences } from './told-sentences.ts'
export type { ToldCode } from './told-sentences.ts'

/** A sentence of a program by its code. */
export interface Told {
  readonly code: ToldCode
  /** What stands in its places; whole numbers as such. A text may be a sentence itself. */
  readonly values: Readonly<Record<string, string | number>>
}

interface Template {
  readonly code: ToldCode
  readonly names: readonly string[]
  /** Of those, which take numbers alone. */
  readonly numbers: ReadonlySet<string>
  /** What stands before, between and behind the places. */
  readonly parts: readonly string[]
  readonly length: number
}

/** Those with the most text of their own first: a sentence within another must not be taken for it. */
const templates: readonly Template[] = (Object.entries(toldSentences) as [ToldCode, readonly string[]][])
  .flatMap(([code, texts]) =>
    texts.map((text) => {
      const pieces = text.split(/\{(#?\w+)\}/)
      const parts = pieces.filter((_, index) => index % 2 === 0)
      const places = pieces.filter((_, index) => index % 2 === 1)
      const names = places.map(nameOf)
      const numbers = new Set(places.filter((place) => place.startsWith('#')).map(nameOf))
      return { code, names, numbers, parts, length: parts.join('').length }
    }),
  )
  .toSorted((left, right) => right.length - left.length)

/** Longer ones are no sentences of ours. */
const textLengthMax = 4_000

/** Which sentence a text is, with its values; null of one that is not known: a newer program may have said it. */
export function recognise(text: string): Told | null {
  if (text.length > textLengthMax) return null
  for (const template of templates) {
    const values = valuesIn(text, template)
    if (values !== null) return { code: template.code, values }
  }
  return null
}

function nameOf(place: string): string {
  return place.replace('#', '')
}

function valuesIn(text: string, { names, numbers, parts }: Template): Record<string, string | number> | null {
  const [first = ''] = parts
  const last = parts.at(-1) ?? ''
  if (names.length === 0) return text === first ? {} : null
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length + names.length)
    return null
  const values: Record<string, string | number> = {}
  let at = first.length
  const end = text.length - last.length
  for (const [index, name] of names.entries()) {
    const isLast = index === names.length - 1
    const to = isLast ? end : text.indexOf(parts[index + 1] ?? '', at + 1)
    if (to <= at || to > end) return null
    const value = text.slice(at, to)
    const isNumber = /^\d{1,15}$/.test(value)
    if (!isNumber && numbers.has(name)) return null
    values[name] = isNumber ? Number(value) : value
    at = to + (isLast ? 0 : (parts[index + 1] ?? '').length)
  }
  return values
}
