import { readRuleProblems, ruleProblemTexts } from '@jidoka/domain'
import type { Locale, RuleProblem } from '@jidoka/domain'
import { defineMessages, fillMessage } from '../i18n/messages.ts'
import { ruleProblemsKo } from './rule-problems-ko.ts'

export const ruleProblemMessages = defineMessages({ en: ruleProblemTexts, ko: ruleProblemsKo })

/** Around words that are not ours: of the script's parser and interpreter, or of a version that knows other problems. */
const around: Readonly<Record<Locale, { readonly place: string; readonly mistake: string }>> = {
  en: { place: 'Line {line}, column {column}', mistake: 'the script has a mistake' },
  ko: { place: '{line}행 {column}열', mistake: '스크립트에 오류가 있습니다' },
}

/** Words of the engine within sentences. */
const wordsKo: Readonly<Record<string, string>> = {
  'a number': '숫자',
  'an integer': '정수',
  'a text': '글자',
  'an array': '배열',
  'true or false': '참이나 거짓',
  nothing: '빈 값',
  number: '숫자',
  integer: '정수',
  text: '글자',
  boolean: '참이나 거짓',
  '`&&` and `||`': '`&&`와 `||`',
  centre: '중심',
  sigma: '표준편차',
}
/** Which values are such words. All others are the rule's own names, and stay as they are. */
const isWord = new Set(['kind', 'left', 'right', 'what', 'place', 'member'])

/** What the program says of an input that it could not judge by; see `unjudgedBecause` of the appliance. */
const reasonsKo: Readonly<Record<string, string>> = {
  'is missing': '값이 없음',
  'is too old': '값이 너무 오래됨',
  'is of bad quality': '품질 불량',
  'is of another kind than declared': '선언과 다른 종류',
  'has too few readings': '측정값이 모자람',
}
const reason = /^"([^"]+)" (.+)$/

function reasonsIn(reasons: string, locale: Locale): string {
  if (locale === 'en') return reasons
  const said = reasons.split(', ').map((each) => {
    const [, name = '', what = ''] = reason.exec(each) ?? []
    const korean = reasonsKo[what]
    return korean === undefined ? null : `“${name}”: ${korean}`
  })
  return said.includes(null) ? reasons : said.join(', ')
}

/** One problem as a page shows it. */
export interface ShownRuleProblem {
  /** Ours, with its place in front where that is wanted. */
  readonly sentence: string
  /** Words that are not ours, in English; null where the sentence says it all. */
  readonly quoted: string | null
}

/** The problem of a rule as it was stored or reported, in the reader's language. `isOfPlace`: it is of a place in the script, which is shown beside it. */
export function shownRuleProblems(text: string, locale: Locale, isOfPlace = false): ShownRuleProblem[] {
  return readRuleProblems(text).map((problem) => shown(problem, locale, isOfPlace))
}

function shown(problem: RuleProblem, locale: Locale, isOfPlace: boolean): ShownRuleProblem {
  const { line, column } = problem
  const before =
    line === undefined || column === undefined ? '' : `${fillMessage(around[locale].place, locale, { line, column })}: `
  if (problem.code === 'other') {
    const { text = '' } = problem.values
    return { sentence: isOfPlace || before !== '' ? `${before}${around[locale].mistake}` : '', quoted: text }
  }
  const sentence = fillMessage(ruleProblemMessages[locale][problem.code], locale, valuesOf(problem, locale)).trim()
  return { sentence: `${before}${sentence}`, quoted: null }
}

function valuesOf({ values }: RuleProblem, locale: Locale): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      if (name === 'problem') return [name, plainRuleProblem(value, locale)]
      if (name === 'reasons') return [name, reasonsIn(value, locale)]
      return [name, locale === 'ko' && isWord.has(name) ? (wordsKo[value] ?? value) : value]
    }),
  )
}

/** The same as one text. */
export function plainRuleProblem(text: string, locale: Locale): string {
  return shownRuleProblems(text, locale)
    .map(({ sentence, quoted }) => (quoted === null ? sentence : sentence === '' ? quoted : `${sentence} (${quoted})`))
    .join(' ')
}
