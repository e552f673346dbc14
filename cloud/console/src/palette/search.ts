/** Initial consonants of the Hangul syllables, in the order of Unicode: the syllables come in blocks of 588 for each. */
const initials = 'ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ'
const firstSyllable = 0xac00
const lastSyllable = 0xd7a3
const syllablesPerInitial = 588

/** `판정 기록` is `ㅍㅈ ㄱㄹ`: people who write Korean search by initial consonants. */
export function initialConsonants(text: string): string {
  return Array.from(text, (letter) => {
    const code = letter.codePointAt(0) ?? 0
    if (code < firstSyllable || code > lastSyllable) return letter
    return initials[Math.floor((code - firstSyllable) / syllablesPerInitial)] ?? letter
  }).join('')
}

/** Decomposed Hangul (from a Mac's file names and keyboards) and capitals must not hide a match. */
const plain = (text: string): string => text.normalize('NFC').toLowerCase()

/** How well one word of the query fits a text: 3 at its start, 2 at the start of a word, 1 inside, 0 not at all. */
function fit(text: string, word: string): number {
  const at = text.indexOf(word)
  if (at === -1) return 0
  if (at === 0) return 3
  return text.split(/[\s/._-]+/u).some((part) => part.startsWith(word)) ? 2 : 1
}

export interface Searchable {
  readonly title: string
  /** Codes, the name in the other language, and what else one might type. */
  readonly words: readonly string[]
}

/** Entries that have every word of the query, the best first; all of them, in their order, for an empty query. */
export function searchEntries<Entry extends Searchable>(entries: readonly Entry[], query: string): Entry[] {
  const words = plain(query).split(/\s+/u).filter(Boolean)
  if (words.length === 0) return [...entries]
  const onlyInitials = (word: string) => Array.from(word).every((letter) => initials.includes(letter))
  const scored = entries.flatMap((entry, index) => {
    const texts = [entry.title, ...entry.words].map(plain)
    let score = 0
    for (const word of words) {
      const fits = texts.map((text, place) => {
        const best = Math.max(fit(text, word), onlyInitials(word) ? fit(initialConsonants(text), word) : 0)
        // The title counts for more than a word beside it.
        return place === 0 ? best * 2 : best
      })
      const best = Math.max(...fits)
      if (best === 0) return []
      score += best
    }
    return [{ entry, index, score }]
  })
  return scored.toSorted((a, b) => b.score - a.score || a.index - b.index).map(({ entry }) => entry)
}
