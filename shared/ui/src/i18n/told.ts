import { recognise } from '@jidoka/contract'
import type { Locale } from '@jidoka/domain'
import { toldKo } from '../messages/told-ko.ts'
import { fillMessage } from './messages.ts'

/** Sentences within sentences: a refusal of a batch of a file is three. */
const depthMax = 3

/** Words of the programs that stand in sentences. */
const wordsKo: Readonly<Record<string, string>> = {
  records: '기록',
  readings: '측정값',
  edge: '장비',
  cloud: '클라우드',
}

export interface ToldText {
  readonly text: string
  /** The language that it is in: a sentence that this page does not know stays as its program said it. */
  readonly locale: Locale
}

/** What a program said of itself, in the reader's language. */
export function toldText(text: string, locale: Locale, depth = 0): ToldText {
  if (locale === 'en') return { text, locale }
  const told = recognise(text)
  if (told === null) return { text, locale: 'en' }
  const values = Object.entries(told.values).map(([name, value]) => {
    if (typeof value === 'number') return [name, value] as const
    return [name, wordsKo[value] ?? (depth < depthMax ? toldText(value, locale, depth + 1).text : value)] as const
  })
  return { text: fillMessage(toldKo[told.code], locale, Object.fromEntries(values)), locale }
}
