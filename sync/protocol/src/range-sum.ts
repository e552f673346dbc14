import { qualities, valueKinds } from '@jidoka/domain'
import type { Reading } from '@jidoka/domain'
import { finish, hex32, mixA, mixB, wordsOfFloats, wordsOfText } from './murmur.ts'
import { rangeOf, rangeRows } from './range.ts'
import type { Segment } from './segment/segment.ts'

const textKind = valueKinds.indexOf('text')
const booleanKind = valueKinds.indexOf('boolean')
const numberKind = valueKinds.indexOf('number')
/** Time and value of the reading that `addReading` looks at, and the same as words. */
const oneReading = new Float64Array(2)
const oneReadingsWords = wordsOfFloats(oneReading)

/** The sum of no rows. */
export const emptyRangeSum = '0000000000000000'

/**
 * Sum of the hashes of rows, modulo 2^64, whatever order or shape they are kept in: per tag in the cloud, in segments on the edge. Of a
 * reading it sees tag, kind, quality, time and value; its number it need not see, since the range that it lies in is known and rows that
 * changed places within it still are the same rows. A record is its number and its line. It finds accidents, not malice, as `RunningDigest`.
 */
export class RangeSum {
  #low: number
  #high: number

  /** @param state what `hex()` gave, to go on from there. */
  constructor(state: string = emptyRangeSum) {
    this.#high = Number.parseInt(state.slice(0, 8), 16) >>> 0
    this.#low = Number.parseInt(state.slice(8, 16), 16) >>> 0
  }

  /** Adds the readings of a segment that lie within these sequence numbers, both included. */
  addSegment(
    segment: Segment,
    fromSeq: number = segment.firstSeq,
    toSeq: number = segment.firstSeq + segment.count - 1,
  ): this {
    const { tagNo, kind, quality } = segment
    const times = wordsOfFloats(segment.timeMs)
    const values = wordsOfFloats(segment.number)
    const textWords = segment.texts.map(wordsOfText)
    let low = this.#low
    let high = this.#high
    const end = Math.min(segment.count, toSeq - segment.firstSeq + 1)
    for (let index = Math.max(0, fromSeq - segment.firstSeq); index < end; index++) {
      const itsKind = kind[index] as number
      let valueLow = values[index * 2] as number
      let valueHigh = values[index * 2 + 1] as number
      if (itsKind === textKind)
        [valueLow, valueHigh] = textWords[segment.number[index] as number] as readonly [number, number]
      const first = tagNo[index] as number
      const second = itsKind * qualities.length + (quality[index] as number)
      const timeLow = times[index * 2] as number
      const timeHigh = times[index * 2 + 1] as number
      low += finish(mixA(mixA(mixA(mixA(mixA(mixA(1, first), second), timeLow), timeHigh), valueLow), valueHigh)) >>> 0
      const carry = low >= 0x1_0000_0000 ? 1 : 0
      low -= carry * 0x1_0000_0000
      high =
        (high +
          finish(mixB(mixB(mixB(mixB(mixB(mixB(2, first), second), timeLow), timeHigh), valueLow), valueHigh)) +
          carry) |
        0
    }
    this.#low = low
    this.#high = high >>> 0
    return this
  }

  /** One reading, from wherever it is kept. */
  addReading({ tagNo, timeMs, value, quality }: Reading): this {
    const kind = typeof value === 'string' ? textKind : typeof value === 'boolean' ? booleanKind : numberKind
    oneReading[0] = timeMs
    oneReading[1] = typeof value === 'string' ? 0 : Number(value)
    const timeLow = oneReadingsWords[0] as number
    const timeHigh = oneReadingsWords[1] as number
    let low = oneReadingsWords[2] as number
    let high = oneReadingsWords[3] as number
    if (typeof value === 'string') [low, high] = wordsOfText(value)
    const second = kind * qualities.length + qualities.indexOf(quality)
    return this.#add(
      mixA(mixA(mixA(mixA(mixA(mixA(1, tagNo), second), timeLow), timeHigh), low), high),
      mixB(mixB(mixB(mixB(mixB(mixB(2, tagNo), second), timeLow), timeHigh), low), high),
    )
  }

  /** Adds one line of the records lane, without its line end. */
  addRecordLine(seq: number, line: string): this {
    const [low, high] = wordsOfText(line)
    const seqHigh = Math.floor(seq / 2 ** 32)
    return this.#add(
      mixA(mixA(mixA(mixA(3, seq | 0), seqHigh), low), high),
      mixB(mixB(mixB(mixB(4, seq | 0), seqHigh), low), high),
    )
  }

  /** The rows of both, which have none in common. */
  merge(other: RangeSum): this {
    return this.#addWords(other.#low, other.#high)
  }

  /** Takes rows out again that are in it: of what a range held before a repair. */
  subtract(other: RangeSum): this {
    // The two's complement of 64 bits in two halves.
    const low = other.#low === 0 ? 0 : 0x1_0000_0000 - other.#low
    return this.#addWords(low, (~other.#high + (other.#low === 0 ? 1 : 0)) >>> 0)
  }

  hex(): string {
    return hex32(this.#high) + hex32(this.#low)
  }

  #add(a: number, b: number): this {
    return this.#addWords(finish(a) >>> 0, finish(b) >>> 0)
  }

  #addWords(low: number, high: number): this {
    const sum = this.#low + low
    this.#low = sum >>> 0
    this.#high = (this.#high + high + (sum >= 0x1_0000_0000 ? 1 : 0)) >>> 0
    return this
  }
}

/** What rows have given to a range, or what is kept of it: how many, their sum in hexadecimal, and the last number. */
export interface RangeTally {
  readonly count: number
  readonly sum: string
  readonly upToSeq: number
}

/** What is kept of a range and what came to it. */
export const addTally = (kept: RangeTally | undefined, more: RangeTally): RangeTally =>
  kept === undefined
    ? more
    : {
        count: kept.count + more.count,
        sum: new RangeSum(kept.sum).merge(new RangeSum(more.sum)).hex(),
        upToSeq: Math.max(kept.upToSeq, more.upToSeq),
      }

/**
 * Readings by the range that they lie in, cut at its edges.
 * @param segments gapless, in order
 * @param fromSeq rows before it are passed over: they have been counted
 * @param toSeq as those behind it, which are yet to be
 */
export function rangesOfReadings(
  segments: Iterable<Segment>,
  fromSeq: number,
  toSeq: number = Number.MAX_SAFE_INTEGER,
): Map<number, RangeTally> {
  const ranges = new Map<number, { sum: RangeSum; count: number; upToSeq: number }>()
  for (const segment of segments) {
    const lastSeq = Math.min(segment.firstSeq + segment.count - 1, toSeq)
    for (let seq = Math.max(segment.firstSeq, fromSeq); seq <= lastSeq;) {
      const range = rangeOf(seq)
      const endSeq = Math.min(lastSeq, (range + 1) * rangeRows)
      const tally = ranges.get(range) ?? { sum: new RangeSum(), count: 0, upToSeq: 0 }
      tally.sum.addSegment(segment, seq, endSeq)
      tally.count += endSeq - seq + 1
      tally.upToSeq = endSeq
      ranges.set(range, tally)
      seq = endSeq + 1
    }
  }
  return tallies(ranges)
}

/** @param fromSeq sequence number of the first line */
export function rangesOfRecords(fromSeq: number, lines: readonly string[]): Map<number, RangeTally> {
  const ranges = new Map<number, { sum: RangeSum; count: number; upToSeq: number }>()
  for (const [index, line] of lines.entries()) {
    const seq = fromSeq + index
    const tally = ranges.get(rangeOf(seq)) ?? { sum: new RangeSum(), count: 0, upToSeq: 0 }
    tally.sum.addRecordLine(seq, line)
    tally.count++
    tally.upToSeq = seq
    ranges.set(rangeOf(seq), tally)
  }
  return tallies(ranges)
}

function tallies(
  ranges: ReadonlyMap<number, { readonly sum: RangeSum; readonly count: number; readonly upToSeq: number }>,
): Map<number, RangeTally> {
  return new Map([...ranges].map(([range, { sum, count, upToSeq }]) => [range, { count, sum: sum.hex(), upToSeq }]))
}
