import { qualities, valueKinds } from '@jidoka/domain'
import { emptyDigest } from './lane.ts'
import { hex32, mixA, mixB, wordsOfFloats, wordsOfText } from './murmur.ts'
import type { Segment } from './segment/segment.ts'

const textKind = valueKinds.indexOf('text')

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
    const times = wordsOfFloats(segment.timeMs)
    const values = wordsOfFloats(segment.number)
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
