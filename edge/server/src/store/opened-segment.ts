import { valueKinds } from '@jidoka/domain'
import { decodeSegment, openMerged, readSegmentHeader } from '@jidoka/sync-protocol'
import type {
  ByteSource,
  Commit,
  MergedReader,
  Segment,
  SegmentHeader,
  TagColumn,
  TagStats,
} from '@jidoka/sync-protocol'

export const numberKind = valueKinds.indexOf('number')

/** The head of a merged segment, which says what the rest is, and a little more. */
const headBytes = 128

/**
 * A stored segment of either version, for as long as what it was opened from. Nothing but its head is read before it is asked
 * for. Every method throws SegmentError where it meets damage.
 */
export class OpenedSegment {
  readonly header: SegmentHeader
  readonly #source: ByteSource
  #whole: Segment | null = null
  #merged: MergedReader | null = null

  /** @param isMerged false of a single commit, whose bytes are in memory anyway */
  constructor(source: ByteSource, isMerged: boolean) {
    this.#source = source
    this.header = readSegmentHeader(isMerged ? source.read(0, Math.min(source.bytes, headBytes)) : this.bytes())
  }

  get commits(): readonly Commit[] {
    return this.#columns?.commits ?? this.all().commits
  }

  get tagNos(): readonly number[] {
    return this.#columns?.tagNos ?? this.all().tagNos
  }

  /** Of a merged segment, without its readings being decoded where there are many; null where it has none of the tag, or keeps no statistics. */
  stats(tagNo: number): TagStats | null {
    return this.#columns?.stats(tagNo) ?? null
  }

  /** All readings of a tag in order of arrival; null where there are none. */
  tag(tagNo: number): TagColumn | null {
    const columns = this.#columns
    return columns === null ? columnOf(this.all(), tagNo) : columns.readTag(tagNo)
  }

  /** When a reading was committed, by its sequence number. What it answers with lasts longer than the source. */
  clock(): (seq: number) => number {
    const { firstSeq, receivedMs } = this.header
    const columns = this.#columns
    if (columns === null) return () => receivedMs
    columns.receivedMsOf(firstSeq)
    return (seq) => columns.receivedMsOf(seq)
  }

  all(): Segment {
    return (this.#whole ??= decodeSegment(this.bytes()))
  }

  bytes(): Uint8Array {
    return this.#source.read(0, this.#source.bytes)
  }

  /** Null of a single commit, which is small and read whole. */
  get #columns(): MergedReader | null {
    return this.header.version === 1 ? null : (this.#merged ??= openMerged(this.#source))
  }
}

function columnOf(segment: Segment, tagNo: number): TagColumn | null {
  const indexes: number[] = []
  for (let index = 0; index < segment.count; index++) if (segment.tagNo[index] === tagNo) indexes.push(index)
  if (indexes.length === 0) return null
  const pick = (column: ArrayLike<number>) => (index: number) => column[index] as number
  return {
    tagNo,
    count: indexes.length,
    kind: Uint8Array.from(indexes, pick(segment.kind)),
    seq: Float64Array.from(indexes, (index) => segment.firstSeq + index),
    timeMs: Float64Array.from(indexes, pick(segment.timeMs)),
    number: Float64Array.from(indexes, pick(segment.number)),
    quality: Uint8Array.from(indexes, pick(segment.quality)),
    texts: segment.texts,
  }
}
