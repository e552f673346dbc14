import type { Quality, Reading, Value, ValueKind } from '@jidoka/domain'
import { qualities, valueKinds } from '@jidoka/domain'
import type { Commit, CommitTable } from './merged/commits.ts'

/** A decoded segment: one commit of readings in order of arrival, or several merged. Reading `index` has the sequence number `firstSeq + index`. */
export interface Segment {
  readonly firstSeq: number
  readonly count: number
  /** Wall clock of the edge at the last commit, milliseconds since 1970 UTC. */
  readonly receivedMs: number
  /** What was committed at once, in order; one of a segment that was not merged. */
  readonly commits: readonly Commit[]
  readonly commitTable: CommitTable
  /** Per entry, what its readings have in common: the tag, and the index into `valueKinds`. Entries are in order of first arrival. */
  readonly entryTagNos: readonly number[]
  readonly entryKinds: readonly number[]
  /** Per reading: index into the entries. */
  readonly entry: Uint16Array | Uint32Array
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
  /** Wall clock at the commit of one reading. */
  receivedMsAt(index: number): number
  value(index: number): Value
  kindAt(index: number): ValueKind
  readings(): Iterable<Reading & { readonly seq: number }>
}

export interface SegmentColumns extends Pick<
  Segment,
  | 'firstSeq'
  | 'count'
  | 'commitTable'
  | 'entryTagNos'
  | 'entryKinds'
  | 'entry'
  | 'timeMs'
  | 'quality'
  | 'number'
  | 'texts'
> {}

export class DecodedSegment implements Segment {
  readonly firstSeq: number
  readonly count: number
  readonly commitTable: CommitTable
  readonly entryTagNos: readonly number[]
  readonly entryKinds: readonly number[]
  readonly entry: Uint16Array | Uint32Array
  readonly timeMs: Float64Array
  readonly quality: Uint8Array
  readonly number: Float64Array
  readonly texts: readonly string[]
  // Merging needs none of the three.
  #tagNo: Uint32Array | null = null
  #kind: Uint8Array | null = null
  #tagNos: readonly number[] | null = null

  constructor(columns: SegmentColumns) {
    this.firstSeq = columns.firstSeq
    this.count = columns.count
    this.commitTable = columns.commitTable
    this.entryTagNos = columns.entryTagNos
    this.entryKinds = columns.entryKinds
    this.entry = columns.entry
    this.timeMs = columns.timeMs
    this.quality = columns.quality
    this.number = columns.number
    this.texts = columns.texts
  }

  get tagNo(): Uint32Array {
    return (this.#tagNo ??= spread(this.entry, this.entryTagNos, new Uint32Array(this.count)))
  }

  get kind(): Uint8Array {
    return (this.#kind ??= spread(this.entry, this.entryKinds, new Uint8Array(this.count)))
  }

  get tagNos(): readonly number[] {
    return (this.#tagNos ??= [...new Set(this.entryTagNos)])
  }

  get receivedMs(): number {
    return this.commitTable.receivedMsOf(this.commitTable.length - 1)
  }

  get commits(): readonly Commit[] {
    return this.commitTable.list
  }

  receivedMsAt(index: number): number {
    return this.commitTable.receivedMsAt(index)
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

function spread<Column extends Uint8Array | Uint32Array>(
  entry: Uint16Array | Uint32Array,
  ofEntry: readonly number[],
  into: Column,
): Column {
  for (let index = 0; index < into.length; index++) into[index] = ofEntry[entry[index] as number] as number
  return into
}
