import type { Finding } from './finding.ts'
import * as words from './name-words.ts'

// What around a word says that it is the name of a person.

export interface Word {
  readonly text: string
  readonly from: number
  readonly to: number
}

/** What says that a person is meant, from the strongest. `sure`: whatever stands there is a name. */
export type Evidence = 'sure' | 'strong' | 'plain' | 'none'

export const rank: Record<Evidence, number> = { none: 0, plain: 1, strong: 2, sure: 3 }

/** What hangs on a name within its word. */
export type Rest = 'nothing' | 'honorific' | 'role' | 'person_particle' | 'particle' | 'deed'

export interface Surroundings {
  readonly text: string
  readonly word: Word
  readonly previous: Word | undefined
  readonly next: Word | undefined
  /** The name before it is so near that both stand in one list. */
  readonly isAfterLast: boolean
  readonly others: Others
  readonly isPersonField: boolean
}

/** Where findings of other kinds begin and end. */
export interface Others {
  readonly starts: ReadonlySet<number>
  readonly ends: ReadonlySet<number>
}

export const othersOf = (findings: readonly Finding[]): Others => ({
  starts: new Set(findings.map(({ from }) => from)),
  ends: new Set(findings.map(({ to }) => to)),
})

/** Null for what hangs on no name. */
export function restOf(rest: string): Rest | null {
  if (rest === '') return 'nothing'
  if (words.personParticles.has(rest)) return 'person_particle'
  const title = titleAt(rest)
  if (title !== null) return title
  if (words.particles.has(rest)) return 'particle'
  return words.personsDeeds.has(rest) ? 'deed' : null
}

/** Whether a text begins with a title, with nothing but 님 and a particle behind it. */
export function titleAt(text: string): 'honorific' | 'role' | null {
  for (const title of words.titles) {
    if (!text.startsWith(title)) continue
    const rest = text.slice(title.length)
    const behind = rest.startsWith('님') ? rest.slice(1) : rest
    if (behind === '' || isParticle(behind))
      return words.honorifics.has(title) || rest.startsWith('님') ? 'honorific' : 'role'
  }
  return null
}

const isParticle = (text: string): boolean => words.particles.has(text) || words.personParticles.has(text)

export function evidenceBefore({ text, word, previous, isAfterLast, others, isPersonField }: Surroundings): Evidence {
  const head = text.slice(Math.max(0, word.from - 28), word.from)
  if (isPersonField && word.from <= 1) return 'sure'
  if (isAfterLast) return 'plain'
  const between = previous === undefined ? '' : text.slice(previous.to, word.from)
  if (previous !== undefined) {
    const label = labelIn(previous.text)
    // A colon, a bracket, the line of a table, a key of JSON.
    if (label !== null && /^["']?\s{0,2}[:=(|[\]~>]\s{0,2}["']?\s{0,2}$/.test(between))
      return words.sureLabels.has(label) ? 'sure' : 'strong'
    if (label !== null && /^[ ]{1,3}$/.test(between)) return words.sureLabels.has(label) ? 'strong' : 'plain'
    if (/^[ ]{1,2}$/.test(between) && isTeam(text, previous)) return 'plain'
    if (/^[ ]{1,2}$/.test(between) && /^(?:저는|제가|나는)$/.test(previous.text)) return 'plain'
  }
  if (words.englishLabel.test(head)) return /[:=(]\s{0,2}["']?$/.test(head) ? 'strong' : 'plain'
  return isBehindOther(text, word.from, others) ? 'plain' : 'none'
}

/** The label that a word is, or ends with ("현장담당자"), its particle left out ("작업자는"); null for none. */
function labelIn(word: string): string | null {
  for (const end of ['', '은', '는', '이', '가', '인', '로', '에', '명', '님', '으로']) {
    if (!word.endsWith(end)) continue
    const stem = word.slice(0, word.length - end.length)
    for (let length = Math.min(6, stem.length); length >= 2; length--)
      if (words.labels.has(stem.slice(-length))) return stem.slice(-length)
  }
  return null
}

function isTeam(text: string, { text: word, from, to }: Word): boolean {
  // "3조", "A조": what stands before the syllable is not Hangul.
  if (word === '조' || word === '팀' || word === '반') return /[0-9A-Za-z]/.test(text.charAt(from - 1))
  return (
    words.teamEnds.test(text.slice(Math.max(0, to - 8), to)) &&
    word.length >= 2 &&
    !/^(?:결과|효과|통과|초과|경과|성과|학과|부과|외과|내과|치과|동반|기반|일반|후반|전반|위반|운반)$/.test(word)
  )
}

export function evidenceBehind({ text, word, next, others }: Surroundings, rest: Rest): Evidence {
  if (rest === 'honorific') return 'strong'
  if (rest === 'role' || rest === 'person_particle' || rest === 'deed') return 'plain'
  if (rest === 'nothing' && next !== undefined) {
    const between = text.slice(word.to, next.from)
    if (/^(?:[ ]{1,2}|[ ]?[(/][ ]?)$/.test(between)) {
      const title = titleAt(next.text)
      if (title !== null) return title === 'honorific' ? 'strong' : 'plain'
      if (words.personsDeeds.has(deedOf(next.text)) && between.startsWith(' ')) return 'plain'
    }
  }
  return isBeforeOther(text, word.to, others) ? 'plain' : 'none'
}

/** "퇴근했습니다" and "퇴근함" are 퇴근. */
const deedOf = (word: string): string => word.replace(/(?:했습니다|했음|하였습니다|하였음|합니다|했다|함|한|중)$/, '')

/** Signs that may stand between a name and a telephone, an address or a resident number. */
const besideMax = 3
const beside = /^[ :,/(<)\-|["']*$/

function isBehindOther(text: string, at: number, { ends }: Others): boolean {
  for (let distance = 0; distance <= besideMax; distance++)
    if (ends.has(at - distance)) return beside.test(text.slice(at - distance, at))
  return false
}

function isBeforeOther(text: string, at: number, { starts }: Others): boolean {
  for (let distance = 0; distance <= besideMax; distance++)
    if (starts.has(at + distance)) return beside.test(text.slice(at, at + distance))
  return false
}

/** "김철수, 이영희", "김철수 과장과 이영희": what may stand between two names of a list. */
export function isChained(text: string, from: number, to: number): boolean {
  const between = text.slice(from, to)
  if (between.length > 10) return false
  const tail = /^(?: ?[\uac00-\ud7a3]{1,5})?/.exec(between)?.[0].trim() ?? ''
  const joined = /^(?:[ ]?[,.·/&+][ ]?|[ ])$/
  if (tail === '') return /^[ ]?[,./&+][ ]?$/.test(between)
  if (['와', '과', '랑', '이랑', '하고', '및'].includes(tail))
    return joined.test(between.slice(between.indexOf(tail) + tail.length))
  const title = titleAt(tail.replace(/(?:과|와|이랑|랑)$/, ''))
  return (
    title !== null &&
    /^ ?[,/&]? ?$/.test(between.slice(between.indexOf(tail) + tail.length)) &&
    /[,/&]|[과와랑]/.test(between)
  )
}
