/**
 * A text as detectors read it: one form for what people and keyboards write in many. Full-width letters and digits are plain ones, all dashes
 * one dash, all blanks one blank, Hangul that comes in pieces (as names of files from a Mac do) is put together, and what has no width is
 * left out, so that nobody hides a number behind it.
 */
export interface Folded {
  readonly text: string
  /** Where unit `index` of the folded text begins, and where it ends, in the text that was given. */
  start(index: number): number
  end(index: number): number
}

/** Most texts need no folding; the test is one pass without a copy. */
const plain = /^[\n\r\x20-\x7e\uac00-\ud7a3]*$/
const withoutWidth = /[\p{Cf}\p{Variation_Selector}\u034f\u115f\u1160\u3164\uffa0]/u
const blank = /[\t\u00a0\u2000-\u200a\u202f\u205f\u3000]/
/** The last one is the Hangul letter that is typed for a dash where the keyboard stands on Korean. */
const dash = /[\u02d7\u2010-\u2015\u2043\u2212\u30fc\ufe58\ufe63\uff0d\u3161]/
const dot = /[\u00b7\u2022\u2024\u2219\u22c5\u3002\u30fb\u318d\uff0e\uff65]/

export function fold(given: string): Folded {
  if (plain.test(given)) return { text: given, start: (index) => index, end: (index) => index + 1 }
  const units: string[] = []
  const starts: number[] = []
  const ends: number[] = []
  for (let at = 0; at < given.length;) {
    const syllable = composed(given, at)
    const length = syllable?.length ?? (isHighSurrogate(given, at) ? 2 : 1)
    const folded = syllable?.text ?? foldOne(given.slice(at, at + length))
    for (const unit of folded.split('')) {
      units.push(unit)
      starts.push(at)
      ends.push(at + length)
    }
    at += length
  }
  return {
    text: units.join(''),
    start: (index) => starts[index] ?? given.length,
    end: (index) => ends[index] ?? given.length,
  }
}

function foldOne(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (withoutWidth.test(character)) return ''
  if (blank.test(character)) return ' '
  if (dash.test(character)) return '-'
  if (dot.test(character)) return '.'
  // Full-width forms.
  if (code >= 0xff01 && code <= 0xff5e) return String.fromCharCode(code - 0xfee0)
  // Letters and digits of formulas: bold, double-struck and the like.
  if (code >= 0x1d400 && code <= 0x1d7ff) return character.normalize('NFKC')
  return character
}

const isHighSurrogate = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at)
  return code >= 0xd800 && code <= 0xdbff && at + 1 < text.length
}

const leading = { first: 0x1100, count: 19 }
const vowel = { first: 0x1161, count: 21 }
const trailing = { first: 0x11a7, count: 28 }

/** A syllable that comes as two or three letters (Unicode, 3.12 Conjoining Jamo Behavior). */
function composed(text: string, at: number): { text: string; length: number } | null {
  const index = (offset: number, { first, count }: typeof leading): number => {
    const code = text.charCodeAt(at + offset) - first
    return code >= 0 && code < count ? code : -1
  }
  const [lead, middle] = [index(0, leading), index(1, vowel)]
  if (lead < 0 || middle < 0) return null
  const tail = Math.max(0, index(2, trailing))
  const syllable = 0xac00 + (lead * vowel.count + middle) * trailing.count + tail
  return { text: String.fromCharCode(syllable), length: tail > 0 ? 3 : 2 }
}
