import type { Quality, Reading, Value, ValueKind } from '@jidoka/domain'
import { qualities, valueKinds } from '@jidoka/domain'

/** A decoded segment: one commit of readings in order of arrival. Reading `index` has the sequence number `firstSeq + index`. */
export interface Segment {
  readonly firstSeq: number
  readonly count: number
  /** Wall clock of the edge at the commit, milliseconds since 1970 UTC. */
  readonly receivedMs: number
  /** Per reading. */
  readonly tagNo: Uint32Array
  /** Per reading: source time, whole milliseconds since 1970 UTC. */
  readonly timeMs: Float64Array
  /** Per reading: index into `qualities`. */
  readonly quality: Uint8Array
  /** Per reading: index into `valueKinds`. */
  readonly kind: Uint8Array
  /** Per reading: the number itself, 0 or 1 of a boolean, the index into `texts` of a text. */
  readonly number: Float64Array
  /** The distinct texts. */
  readonly texts: readonly string[]
  /** The distinct tags, in order of first arrival. */
  readonly tagNos: readonly number[]
  value(index: number): Value
  kindAt(index: number): ValueKind
  readings(): Iterable<Reading & { readonly seq: number }>
}

export interface SegmentColumns extends Pick<
  Segment,
  'firstSeq' | 'count' | 'receivedMs' | 'tagNo' | 'timeMs' | 'quality' | 'kind' | 'number' | 'texts' | 'tagNos'
> {}

export class DecodedSegment implements Segment {
  readonly firstSeq: number
  readonly count: number
  readonly receivedMs: number
  readonly tagNo: Uint32Array
  readonly timeMs: Float64Array
  readonly quality: Uint8Array
  readonly kind: Uint8Array
  readonly number: Float64Array
  readonly texts: readonly string[]
  readonly tagNos: readonly number[]

  constructor(columns: SegmentColumns) {
    this.firstSeq = columns.firstSeq
    this.count = columns.count
    this.receivedMs = columns.receivedMs
    this.tagNo = columns.tagNo
    this.timeMs = columns.timeMs
    this.quality = columns.quality
    this.kind = columns.kind
    this.number = columns.number
    this.texts = columns.texts
    this.tagNos = columns.tagNos
  }

  value(index: number): Value {
    const number = this.number[index]
    if (number === undefined)
      throw new RangeError(`the segment has ${this.count} readings and none with the index ${index}`)
    const kind = this.kindAt(index)
    return kind === 'number' ? number : kind === 'boolean' ? number === 1 : (this.texts[number] as string)
  }

  kindAt(index: number): ValueKind {
    return valueKinds[this.kind[index] as number] as ValueKind
  }

  *readings(): Iterable<Reading & { readonly seq: number }> {
    for (let index = 0; index < this.count; index++) {
      yield {
        seq: this.firstSeq + index,
        tagNo: this.tagNo[index] as number,
        timeMs: this.timeMs[index] as number,
        value: this.value(index),
        quality: qualities[this.quality[index] as number] as Quality,
      }
    }
  }
}
