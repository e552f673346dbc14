import { qualities, valueKinds } from '@jidoka/domain'
import { emptyDigest } from './lane.ts'
import type { Segment } from './segment/segment.ts'

const textKind = valueKinds.indexOf('text')
const encoder = new TextEncoder()

/**
 * Running digest of what a lane holds, in order, whatever the batches or segments it came in. Dropped rows leave their mark
 * by the sequence numbers of the rows around them. Both ends keep one per lane; when they differ, the two hold different data.
 *
 * It finds accidents (a bug, a bad disk, a restored or cloned appliance), not malice: 64 bits and no key, built for tens
 * of millions of readings a second. What proves anything is the signature of the receipt that carries it.
 */
export class RunningDigest {
  #a: number
  #b: number

  /** @param state what `hex()` gave, to go on from there. */
  constructor(state: string = emptyDigest) {
    this.#a = Number.parseInt(state.slice(0, 8), 16) | 0
    this.#b = Number.parseInt(state.slice(8, 16), 16) | 0
  }

  /** Adds the readings of a segment that lie within these sequence numbers, both included. */
  addSegment(
    segment: Segment,
    fromSeq: number = segment.firstSeq,
    toSeq: number = segment.firstSeq + segment.count - 1,
  ): this {
    const { tagNo, kind, quality } = segment
    const times = wordsOf(segment.timeMs)
    const values = wordsOf(segment.number)
    const textWords = segment.texts.map(wordsOfText)
    let a = this.#a
    let b = this.#b
    const end = Math.min(segment.count, toSeq - segment.firstSeq + 1)
    for (let index = Math.max(0, fromSeq - segment.firstSeq); index < end; index++) {
      const seq = segment.firstSeq + index
      const itsKind = kind[index] as number
      let low = values[index * 2] as number
      let high = values[index * 2 + 1] as number
      if (itsKind === textKind) [low, high] = textWords[segment.number[index] as number] as readonly [number, number]
      // Seven words of 32 bits a reading: sequence (its high bits beside kind and quality), tag, time, value.
      const rest = Math.floor(seq / 2 ** 32) * 16 + itsKind * qualities.length + (quality[index] as number)
      a = mixA(
        mixA(
          mixA(
            mixA(mixA(mixA(mixA(a, seq | 0), rest), tagNo[index] as number), times[index * 2] as number),
            times[index * 2 + 1] as number,
          ),
          low,
        ),
        high,
      )
      b = mixB(
        mixB(
          mixB(
            mixB(mixB(mixB(mixB(b, seq | 0), rest), tagNo[index] as number), times[index * 2] as number),
            times[index * 2 + 1] as number,
          ),
          low,
        ),
        high,
      )
    }
    this.#a = a
    this.#b = b
    return this
  }

  /** Adds one line of the records lane, without its line end. */
  addRecordLine(line: string): this {
    const [low, high] = wordsOfText(line)
    this.#a = mixA(mixA(this.#a, low), high)
    this.#b = mixB(mixB(this.#b, low), high)
    return this
  }

  hex(): string {
    return hex32(this.#a) + hex32(this.#b)
  }
}

/** One round of MurmurHash3 (Appleby, public domain): for a given word each state has exactly one successor, so no state is lost. */
function mixA(state: number, word: number): number {
  const k = Math.imul(word, 0xcc9e2d51)
  const h = state ^ Math.imul((k << 15) | (k >>> 17), 0x1b873593)
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
}

/** The same with the constants of MurmurHash3's second lane of 128 bits, so that the two lanes collide independently. */
function mixB(state: number, word: number): number {
  const k = Math.imul(word, 0x239b961b)
  const h = state ^ Math.imul((k << 16) | (k >>> 16), 0xab0e9789)
  return (Math.imul((h << 17) | (h >>> 15), 5) + 0x561ccd1b) | 0
}

/** The words of UTF-8 bytes, four at a time, the last filled up with zeros, and their length. */
function wordsOfText(text: string): readonly [number, number] {
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
function wordsOf(column: Float64Array): Int32Array {
  return new Int32Array(column.buffer, column.byteOffset, column.length * 2)
}

const hex32 = (word: number) => (word >>> 0).toString(16).padStart(8, '0')
