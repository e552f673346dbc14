import type { Detected, Finding } from './finding.ts'
import { stars } from './finding.ts'
import type { Evidence, Rest, Surroundings, Word } from './name-evidence.ts'
import { evidenceBefore, evidenceBehind, isChained, othersOf, rank, restOf, titleAt } from './name-evidence.ts'
import * as words from './name-words.ts'

/*
 * Names of Koreans. A surname alone proves nothing: 이상 (trouble), 최대 (the most) and 정상 (normal) begin with one. A name is found where a
 * surname and a given name stand together AND something around them says that a person is meant: a title, a label of a form, a team, a
 * particle that only people take, a telephone beside it, or another name before it.
 */

export interface NameOptions {
  /** Telephones and the like that were found in the same text: whoever stands beside one is a person. */
  readonly others: readonly Finding[]
  /** The whole text is the content of a field for a person. */
  readonly isPersonField: boolean
}

type Shape = 'compound' | 'three' | 'two'

interface Candidate {
  readonly shape: Shape
  readonly from: number
  readonly to: number
  /** What hangs on the name within the word. */
  readonly rest: Rest
}

export function findNames(text: string, options: NameOptions): Detected[] {
  const all = wordsOf(text)
  const others = othersOf(options.others)
  const found: Detected[] = []
  let last: Detected | undefined
  for (const [index, word] of all.entries()) {
    const seen: Surroundings = {
      text,
      word,
      previous: all[index - 1],
      next: all[index + 1],
      isAfterLast: last !== undefined && isChained(text, last.to, word.from),
      others,
      isPersonField: options.isPersonField,
    }
    const name = nameInWord(seen) ?? nameInPieces(seen, all, index)
    if (name === undefined) continue
    found.push(name)
    last = name
  }
  return [...found, ...joinedBefore(text, all, found)]
}

/** "김철수와 이영희 대리": the title behind the last name of a list speaks for those before it. */
function joinedBefore(text: string, all: readonly Word[], found: readonly Detected[]): Detected[] {
  const starts = new Set(found.map(({ from }) => from))
  const taken = new Set(found.flatMap(({ from, to }) => [from, to]))
  const joined: Detected[] = []
  for (let index = all.length - 2; index >= 0; index--) {
    const word = all[index]
    const next = all[index + 1]
    if (word === undefined || next === undefined || !starts.has(next.from) || taken.has(word.from)) continue
    if (word.text.length > wordLengthMax || !isChained(text, word.from + 3, next.from)) continue
    const name = word.text.slice(0, 3)
    const isList = word.text.length === 3 || ['와', '과', '랑', '이랑', '하고'].includes(word.text.slice(3))
    if (
      !isList ||
      !isSurname(name.charAt(0), 'three') ||
      !isName(name, { shape: 'three', from: 0, to: 3, rest: 'nothing' }, 'plain', 'none')
    )
      continue
    joined.push(detected(word.from, word.from + 3))
    starts.add(word.from)
  }
  return joined
}

/** A word of Hangul longer than that is no name with its particles. */
const wordLengthMax = 16

function wordsOf(text: string): Word[] {
  return [...text.matchAll(/[\uac00-\ud7a3]+/g)].map(({ 0: found, index }) => ({
    text: found,
    from: index,
    to: index + found.length,
  }))
}

function nameInWord(seen: Surroundings): Detected | undefined {
  const { word } = seen
  if (word.text.length > wordLengthMax || word.text.length < 2) return undefined
  const label = attachedLabel(word.text)
  for (const offset of label === 0 ? [0] : [0, label]) {
    const before = offset > 0 ? 'strong' : evidenceBefore(seen)
    for (const candidate of candidatesOf(word, offset)) {
      const name = word.text.slice(candidate.from, candidate.to)
      if (isName(name, candidate, before, evidenceBehind(seen, candidate.rest)))
        return detected(word.from + candidate.from, word.from + candidate.to)
    }
  }
  return undefined
}

/** "담당자김철수": how long the label is that hangs before the name; 0 for none. */
function attachedLabel(word: string): number {
  for (let length = Math.min(6, word.length - 3); length >= 2; length--)
    if (words.labels.has(word.slice(0, length))) return length
  return 0
}

const shapes: readonly { readonly shape: Shape; readonly surname: number; readonly given: number }[] = [
  { shape: 'compound', surname: 2, given: 2 },
  { shape: 'compound', surname: 2, given: 1 },
  { shape: 'three', surname: 1, given: 2 },
  { shape: 'two', surname: 1, given: 1 },
]

function* candidatesOf(word: Word, offset: number): Generator<Candidate> {
  for (const { shape, surname, given } of shapes) {
    const to = offset + surname + given
    if (to > word.text.length || !isSurname(word.text.slice(offset, offset + surname), shape)) continue
    const rest = restOf(word.text.slice(to))
    if (rest !== null) yield { shape, from: offset, to, rest }
  }
}

const isSurname = (text: string, shape: Shape): boolean =>
  shape === 'compound'
    ? words.compoundSurnames.has(text)
    : words.commonSurnames.has(text) || (shape === 'three' && words.rareSurnames.has(text))

function isName(name: string, { shape, rest }: Candidate, before: Evidence, behind: Evidence): boolean {
  const best = Math.max(rank[before], rank[behind])
  if (best === rank.none) return false
  const given = name.slice(shape === 'compound' ? 2 : 1)
  // "김대리": a surname with a title. "이담당".
  if (isTitleOrLabel(given) || isTitleOrLabel(name)) return false
  // Said of people only, or the field for a name on a form.
  const isPerson = behind === 'strong' || before === 'sure'
  if (shape === 'compound') return isPerson || isOfNameSyllables(given)
  if (shape === 'three') {
    if (isPerson) return before === 'sure' || isNamelike(name, given)
    return looksGiven(given) && !isPlainWord(name, best === rank.strong ? words.thingEnds : words.nounEnds)
  }
  // Two syllables are a word far more often than a name.
  const hangsFree = rest !== 'particle' && rest !== 'role'
  return hangsFree && best >= rank.strong && words.lastSyllables.has(given) && !words.plainPairs.has(name)
}

const isOfNameSyllables = (given: string): boolean =>
  Array.from(given).every((each) => words.lastSyllables.has(each) || words.firstSyllables.has(each))

const isTitleOrLabel = (text: string): boolean =>
  words.honorifics.has(text) || words.roles.has(text) || words.labels.has(text)

const looksGiven = (given: string): boolean =>
  words.firstSyllables.has(given.charAt(0)) && words.lastSyllables.has(given.charAt(1))

/** Before a title: half of a usual given name is enough; a team (설비팀 과장) and what people are called by what they do (신청자님) is none. */
function isNamelike(name: string, given: string): boolean {
  if (looksGiven(given))
    return !(words.plainPairs.has(name.slice(0, 2)) && /[팀반과부조실소사직자원인객장]$/.test(name))
  const isHalf = words.firstSyllables.has(given.charAt(0)) || words.lastSyllables.has(given.charAt(1))
  return isHalf && !/[팀반과부조실소사직자원인객장품생]$/.test(name)
}

function isPlainWord(name: string, ends: ReadonlySet<string>): boolean {
  return words.plainTriples.has(name) || (words.plainPairs.has(name.slice(0, 2)) && ends.has(name.charAt(2)))
}

/** "김 철수 과장", "성명: 홍 길 동": a surname that stands by itself. */
function nameInPieces(seen: Surroundings, all: readonly Word[], index: number): Detected | undefined {
  const { text, word, next } = seen
  const isCompound = words.compoundSurnames.has(word.text)
  if (!isCompound && !(word.text.length === 1 && words.commonSurnames.has(word.text))) return undefined
  if (next === undefined || !/^[ ]{1,2}$/.test(text.slice(word.to, next.from))) return undefined
  const before = evidenceBefore(seen)
  const afterNext = all[index + 2]
  if (next.text.length === 1 && afterNext?.text.length === 1 && rank[before] >= rank.strong) {
    if (/^[ ]{1,2}$/.test(text.slice(next.to, afterNext.from)) && looksGiven(next.text + afterNext.text))
      return { ...detected(word.from, afterNext.to), hidden: [stars(next.from, next.to)] }
    return undefined
  }
  const given = next.text.slice(0, 2)
  const rest = restOf(next.text.slice(2))
  if (given.length < 2 || rest === null || !looksGiven(given) || words.plainPairs.has(given)) return undefined
  if (isTitleOrLabel(given)) return undefined
  const behind =
    rest === 'honorific' ||
    (rest === 'nothing' &&
      afterNext !== undefined &&
      /^[ ]{1,2}$/.test(text.slice(next.to, afterNext.from)) &&
      titleAt(afterNext.text) === 'honorific')
  const isSaid = rank[before] >= rank.strong || (behind && (isCompound || !words.alsoWords.has(word.text)))
  if (!isSaid) return undefined
  return { ...detected(word.from, next.from + 2), hidden: [stars(next.from, next.from + 1)] }
}

/** 홍*동, 김*, 남**수. */
function detected(from: number, to: number): Detected {
  const hidden = to - from === 2 ? stars(from + 1, to) : stars(from + 1, to - 1)
  return { kind: 'name', from, to, hidden: [hidden] }
}
