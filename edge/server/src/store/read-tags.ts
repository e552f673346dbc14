import { qualities, valueKinds } from '@jidoka/domain'
import type { Quality, Value } from '@jidoka/domain'
import type { TagColumn } from '@jidoka/sync-protocol'
import type { OpenedSegment } from './opened-segment.ts'
import type { StoredSegment } from './segment-catalogue.ts'
import type { SegmentStore } from './segment-store.ts'

export interface TagReading {
  readonly seq: number
  readonly tagNo: number
  /** Source time. */
  readonly timeMs: number
  /** Wall clock of the commit. */
  readonly receivedMs: number
  readonly value: Value
  readonly quality: Quality
}

export interface ReadTagsOptions {
  /** Last sequence number that is wanted. */
  readonly toSeq?: number
  /** Source times; both included. */
  readonly fromMs?: number
  readonly toMs?: number
}

/** More of a segment's tags than this and it is cheaper to read it whole. */
const columnsMax = 12

/**
 * Readings of some tags (null: of all) in order of arrival, from a sequence number on. Merged segments give the columns of
 * these tags alone. Merging may go on meanwhile.
 */
export function* readTagsFrom(
  store: SegmentStore,
  tagNos: readonly number[] | null,
  fromSeq: number,
  options: ReadTagsOptions = {},
): Generator<TagReading, void, undefined> {
  const { toSeq = Infinity, fromMs = -Infinity, toMs = Infinity } = options
  const wanted = tagNos === null ? null : new Set(tagNos)
  const isWanted = (seq: number, timeMs: number) => seq >= fromSeq && seq <= toSeq && timeMs >= fromMs && timeMs <= toMs
  const gather = (opened: OpenedSegment): Iterable<TagReading> =>
    wanted === null || wanted.size > columnsMax
      ? readWhole(opened, wanted, isWanted)
      : readColumns(opened, [...wanted], isWanted)
  const isOfTheTime = (segment: StoredSegment) => segment.fromMs <= toMs && segment.toMs >= fromMs
  for (const readings of store.walk(fromSeq, toSeq, gather, isOfTheTime)) yield* readings
}

/** The first reading that was committed at this time or later; null where there is none yet. */
export function firstSeqAtOrAfter(store: SegmentStore, receivedMs: number): number | null {
  const segment = store.catalogue.receivedFrom(receivedMs)
  if (segment === null) return null
  const read = store.read(segment, (opened) => opened.commits.find((commit) => commit.receivedMs >= receivedMs))
  return typeof read === 'object' ? (read.result?.firstSeq ?? segment.firstSeq) : segment.firstSeq
}

type IsWanted = (seq: number, timeMs: number) => boolean

/** Decodes now, since the file is closed afterwards; makes the readings as they are asked for. */
function readWhole(
  opened: OpenedSegment,
  wanted: ReadonlySet<number> | null,
  isWanted: IsWanted,
): Iterable<TagReading> {
  const segment = opened.all()
  return (function* () {
    for (let index = 0; index < segment.count; index++) {
      const [seq, tagNo, timeMs] = [
        segment.firstSeq + index,
        segment.tagNo[index] as number,
        segment.timeMs[index] as number,
      ]
      if (!isWanted(seq, timeMs) || wanted?.has(tagNo) === false) continue
      yield {
        seq,
        tagNo,
        timeMs,
        receivedMs: segment.receivedMsAt(index),
        value: segment.value(index),
        quality: qualities[segment.quality[index] as number] as Quality,
      }
    }
  })()
}

function readColumns(opened: OpenedSegment, tagNos: readonly number[], isWanted: IsWanted): Iterable<TagReading> {
  const columns = tagNos.flatMap((tagNo) => opened.tag(tagNo) ?? [])
  if (columns.length === 0) return []
  const receivedMsOf = opened.clock()
  return (function* () {
    const at = new Uint32Array(columns.length)
    for (;;) {
      let next: TagColumn | null = null
      let from = -1
      // A dozen columns at most: the least of their heads is found faster than a heap could be kept.
      for (const [column, readings] of columns.entries()) {
        const index = at[column] as number
        if (index >= readings.seq.length) continue
        if (next === null || (readings.seq[index] as number) < (next.seq[at[from] as number] as number))
          [next, from] = [readings, column]
      }
      if (next === null) return
      const index = at[from] as number
      at[from] = index + 1
      const [seq, timeMs] = [next.seq[index] as number, next.timeMs[index] as number]
      if (!isWanted(seq, timeMs)) continue
      yield {
        seq,
        tagNo: next.tagNo,
        timeMs,
        receivedMs: receivedMsOf(seq),
        value: valueOf(next, index),
        quality: qualities[next.quality[index] as number] as Quality,
      }
    }
  })()
}

function valueOf({ kind, number, texts }: TagColumn, index: number): Value {
  const value = number[index] as number
  const itsKind = valueKinds[kind[index] as number]
  return itsKind === 'number' ? value : itsKind === 'boolean' ? value === 1 : (texts[value] as string)
}
