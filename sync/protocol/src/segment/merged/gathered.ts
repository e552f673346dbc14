import { segmentLimits } from '../../limits.ts'
import { readCommitColumns } from '../commit-decode.ts'
import { SegmentError } from '../error.ts'
import { kindText } from '../layout.ts'
import type { Segment } from '../segment.ts'
import { versionOf } from '../version.ts'
import { bufferSource } from './byte-source.ts'
import { CommitTable } from './commits.ts'
import { mergedVersion } from './layout.ts'
import { ColumnarReader } from './reader.ts'

/** A column: the readings of one tag and kind. */
export interface GatheredColumn {
  readonly tagNo: number
  readonly kind: number
  count: number
}

/** Readings of consecutive segments in order of arrival, each with its column. */
export interface Gathered {
  readonly firstSeq: number
  readonly count: number
  /** Some may have no reading: a slice knows the tags of the whole. */
  readonly columns: readonly GatheredColumn[]
  /** Per reading: index into `columns`. */
  readonly column: Uint32Array
  readonly timeMs: Float64Array
  /** The number, 0 or 1, or the index into `texts`. */
  readonly number: Float64Array
  readonly quality: Uint8Array
  readonly texts: readonly string[]
  readonly commits: CommitTable
}

/** No column has this number: a segment has at most as many columns as readings. */
const noColumn = 0xffff_ffff

/** Takes segments in order and lays their readings behind one another. */
export class Gatherer {
  readonly #firstSeq: number
  readonly #column: Uint32Array
  readonly #timeMs: Float64Array
  readonly #number: Float64Array
  readonly #quality: Uint8Array
  readonly #columns: GatheredColumn[] = []
  readonly #columnOf = new Map<number, number>()
  readonly #texts: string[] = []
  readonly #textOf = new Map<string, number>()
  readonly #commitEnds: number[] = []
  readonly #commitClocks: number[] = []
  #entry = new Uint16Array(0)
  #at = 0

  /** @param count of all readings to come, at most */
  constructor(firstSeq: number, count: number) {
    if (count > segmentLimits.mergedReadingsMax)
      throw new RangeError(`${count} readings are more than ${segmentLimits.mergedReadingsMax} that a segment may hold`)
    this.#firstSeq = firstSeq
    this.#column = new Uint32Array(count)
    this.#timeMs = new Float64Array(count)
    this.#number = new Float64Array(count)
    this.#quality = new Uint8Array(count)
  }

  /**
   * @throws SegmentError when it is damaged
   * @throws RangeError when it does not follow what came before
   */
  addBytes(bytes: Uint8Array): void {
    if (versionOf(bytes) === mergedVersion) this.addMerged(new ColumnarReader(bufferSource(bytes)))
    else this.#addCommit(bytes)
  }

  addMerged(reader: ColumnarReader): void {
    const { firstSeq, count, commitTable } = reader
    const at = this.#place(firstSeq, count)
    const column = this.#column.fill(noColumn, at, at + count)
    for (const its of reader.columns()) {
      const columnNo = this.#columnNo(its.tagNo, its.kind, its.count)
      const textNos = its.texts.map((text) => this.#textNo(text))
      const isText = its.kind === kindText
      for (let index = 0; index < its.count; index++) {
        const place = at + (its.places[index] as number)
        // As many readings as places, none of them twice: every place gets one.
        if (column[place] !== noColumn) throw new SegmentError('shape', `two readings have the place ${place - at}`)
        const value = its.number[index] as number
        column[place] = columnNo
        this.#timeMs[place] = its.timeMs[index] as number
        this.#number[place] = isText ? (textNos[value] as number) : value
        this.#quality[place] = its.quality[index] as number
      }
    }
    this.#addCommits(commitTable, 0, count)
    this.#at += count
  }

  /** Readings `from`..`to` by index, `to` not included. */
  addStretch(segment: Segment, from: number, to: number): void {
    const at = this.#place(segment.firstSeq + from, to - from)
    this.#number.set(segment.number.subarray(from, to), at)
    this.#timeMs.set(segment.timeMs.subarray(from, to), at)
    this.#quality.set(segment.quality.subarray(from, to), at)
    this.#addEntries(segment, segment.entry.subarray(from, to), at)
    this.#addCommits(segment.commitTable, from, to)
    this.#at += to - from
  }

  result(): Gathered {
    return {
      firstSeq: this.#firstSeq,
      count: this.#at,
      columns: this.#columns,
      column: this.#column,
      timeMs: this.#timeMs,
      number: this.#number,
      quality: this.#quality,
      texts: this.#texts,
      commits: new CommitTable(this.#firstSeq, this.#commitEnds, this.#commitClocks),
    }
  }

  /** Straight into place: a commit has few readings, and columns of its own would cost more than they. */
  #addCommit(bytes: Uint8Array): void {
    const at = this.#at
    const content = readCommitColumns(bytes, (count) => {
      if (this.#entry.length < count) this.#entry = new Uint16Array(count * 2)
      return {
        entry: this.#entry,
        timeMs: this.#timeMs.subarray(at, at + count),
        number: this.#number.subarray(at, at + count),
        quality: this.#quality.subarray(at, at + count),
      }
    })
    const { firstSeq, count, receivedMs } = content
    this.#place(firstSeq, count)
    this.#addEntries(content, this.#entry.subarray(0, count), at)
    this.#at += count
    this.#commitEnds.push(this.#at)
    this.#commitClocks.push(receivedMs)
  }

  #addEntries(
    { entryTagNos, entryKinds, texts }: Pick<Segment, 'entryTagNos' | 'entryKinds' | 'texts'>,
    entry: Uint16Array | Uint32Array,
    at: number,
  ): void {
    const columnNos = entryTagNos.map((tagNo, index) => this.#columnNo(tagNo, entryKinds[index] as number, 0))
    const textNos = texts.map((text) => this.#textNo(text))
    for (let index = 0; index < entry.length; index++) {
      const columnNo = columnNos[entry[index] as number] as number
      const column = this.#columns[columnNo] as GatheredColumn
      column.count++
      this.#column[at + index] = columnNo
      if (column.kind === kindText) this.#number[at + index] = textNos[this.#number[at + index] as number] as number
    }
  }

  #addCommits(commits: CommitTable, from: number, to: number): void {
    const last = commits.commitAt(to - 1)
    for (let commit = commits.commitAt(from); commit <= last; commit++) {
      this.#commitEnds.push(this.#at + Math.min(commits.endOf(commit), to) - from)
      this.#commitClocks.push(commits.receivedMsOf(commit))
    }
  }

  /** Where readings that begin with a sequence number go. */
  #place(firstSeq: number, count: number): number {
    if (firstSeq !== this.#firstSeq + this.#at || this.#at + count > this.#column.length)
      throw new RangeError(`readings from ${firstSeq} on do not follow those before ${this.#firstSeq + this.#at}`)
    return this.#at
  }

  #columnNo(tagNo: number, kind: number, count: number): number {
    const key = tagNo * 4 + kind
    const known = this.#columnOf.get(key)
    if (known !== undefined) {
      ;(this.#columns[known] as GatheredColumn).count += count
      return known
    }
    const columnNo = this.#columns.length
    this.#columnOf.set(key, columnNo)
    this.#columns.push({ tagNo, kind, count })
    return columnNo
  }

  #textNo(text: string): number {
    const known = this.#textOf.get(text)
    if (known !== undefined) return known
    const textNo = this.#texts.length
    this.#textOf.set(text, textNo)
    this.#texts.push(text)
    return textNo
  }
}
