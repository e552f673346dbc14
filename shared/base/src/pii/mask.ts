import { findEmails } from './emails.ts'
import type { Detected, Finding } from './finding.ts'
import { fold } from './fold.ts'
import { findNames } from './korean-names.ts'
import { findPhones } from './phones.ts'
import { findResidentNumbers } from './resident-numbers.ts'

export interface MaskOptions {
  /** What a date of birth must not lie behind; now when it is left out. */
  readonly today?: Date
  /** The whole text is the content of a field for a person (`worker`, 작업자). */
  readonly isPersonField?: boolean
}

export interface Masked {
  readonly text: string
  /** In the order of the text that was given. */
  readonly findings: readonly Finding[]
}

/** What can be personal at all: an @, seven digits close together, or Hangul. Most lines of a machine's log have none of them. */
const possible = /[@\uff20\u1100-\u1112\uac00-\ud7a3]|(?:[\p{Nd}][^\n\p{Nd}]{0,5}){7}/u

/**
 * Hides what is personal: `a***@x.kr`, `010-****-5678`, `900101-*******`, `홍*동`. Everything else stays as it was, white space and width of
 * letters included. Time grows with the length of the text and with nothing else; callers bound the length.
 */
export function mask(text: string, options: MaskOptions = {}): Masked {
  if (!possible.test(text)) return { text, findings: [] }
  const folded = fold(text)
  const found: Detected[] = []
  const today = options.today ?? new Date()
  for (const detected of [findResidentNumbers(folded.text, today), findEmails(folded.text), findPhones(folded.text)])
    addFree(found, detected)
  addFree(found, findNames(folded.text, { others: [...found], isPersonField: options.isPersonField ?? false }))
  if (found.length === 0) return { text, findings: [] }
  found.sort((left, right) => left.from - right.from)
  let masked = ''
  let at = 0
  for (const { hidden } of found) {
    for (const { from, to, by } of hidden) {
      masked += text.slice(at, folded.start(from)) + by
      at = Math.max(folded.start(from), folded.end(to - 1))
    }
  }
  return {
    text: masked + text.slice(at),
    findings: found.map(({ kind, from, to }) => ({ kind, from: folded.start(from), to: folded.end(to - 1) })),
  }
}

/** What an earlier detector has taken stays its own. Both lists are in the order of the text. */
function addFree(taken: Detected[], found: readonly Detected[]): void {
  const before = taken.toSorted((left, right) => left.from - right.from)
  let index = 0
  let end = 0
  for (const each of found.toSorted((left, right) => left.from - right.from)) {
    while (index < before.length && (before[index]?.to ?? 0) <= each.from) index++
    const next = before[index]
    if (each.from < end || (next !== undefined && next.from < each.to)) continue
    taken.push(each)
    end = each.to
  }
}
