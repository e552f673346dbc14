const encoder = new TextEncoder()

/** One round of MurmurHash3 (Appleby, public domain): for a given word each state has exactly one successor, so no state is lost. */
export function mixA(state: number, word: number): number {
  const k = Math.imul(word, 0xcc9e2d51)
  const h = state ^ Math.imul((k << 15) | (k >>> 17), 0x1b873593)
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
}

/** The same with the constants of MurmurHash3's second lane of 128 bits, so that the two lanes collide independently. */
export function mixB(state: number, word: number): number {
  const k = Math.imul(word, 0x239b961b)
  const h = state ^ Math.imul((k << 16) | (k >>> 16), 0xab0e9789)
  return (Math.imul((h << 17) | (h >>> 15), 5) + 0x561ccd1b) | 0
}

/** Its finaliser: every bit of the state changes about half of the bits that come out. Needed where results are added up. */
export function finish(state: number): number {
  let h = state
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** The words of UTF-8 bytes, four at a time, the last filled up with zeros, and their length. */
export function wordsOfText(text: string): readonly [number, number] {
  const bytes = encoder.encode(text)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const wholeEnd = bytes.length & ~3
  let a = bytes.length
  let b = ~bytes.length
  for (let at = 0; at < wholeEnd; at += 4) {
    const word = view.getInt32(at, true)
    a = mixA(a, word)
    b = mixB(b, word)
  }
  let tail = 0
  for (let at = wholeEnd; at < bytes.length; at++) tail |= (bytes[at] as number) << ((at - wholeEnd) * 8)
  return [mixA(a, tail), mixB(b, tail)]
}

/**
 * Floats as pairs of words, low first. All machines that this program runs on (x86-64, arm64) are little endian; a test of
 * known digests would fail on any other.
 */
export function wordsOfFloats(column: Float64Array): Int32Array {
  return new Int32Array(column.buffer, column.byteOffset, column.length * 2)
}

export const hex32 = (word: number): string => (word >>> 0).toString(16).padStart(8, '0')
