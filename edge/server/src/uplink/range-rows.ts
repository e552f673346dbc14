import { OperationalError } from '@jidoka/base'
import {
  decodeSegment,
  emptyRangeSum,
  encodeReadingsBatch,
  RangeSum,
  rangesOfReadings,
  rangesOfRecords,
  SegmentBuilder,
  SegmentError,
} from '@jidoka/sync-protocol'
import type { BatchSender, Lane, Segment } from '@jidoka/sync-protocol'
import type { JournalReader } from '../ports.ts'

/** Numbers of a lane within one range. */
export interface RangeStretch {
  readonly lane: Lane
  readonly fromSeq: number
  readonly toSeq: number
}

export interface RepairQuestion {
  readonly sender: BatchSender
  readonly fromSeq: number
  readonly toSeq: number
  /** Rows that the cloud has receipted of them: fewer than numbers where some were told as dropped. */
  readonly count: number
}

/** What the journal holds of a stretch, without rows that the cloud was never to have. */
export interface Recount {
  readonly count: number
  readonly sum: string
  /** Numbers whose rows are not held any more. */
  readonly missing: number
}

type Source = Pick<JournalReader, 'segments' | 'recordLines' | 'poisonFrom'>

/** 1 MiB a step bounds the memory. */
const stepBytes = 1024 * 1024

/** Counts a stretch anew from the rows as they lie. */
export function recount(reader: Source, { lane, fromSeq, toSeq }: RangeStretch): Recount {
  let tally: { count: number; sum: string } | null = null
  let poisoned = 0
  const add = (more: ReturnType<typeof rangesOfReadings>): void => {
    for (const { count, sum } of more.values()) tally = tally === null ? { count, sum } : addSums(tally, { count, sum })
  }
  for (const part of stretchesWithoutPoison(reader, { lane, fromSeq, toSeq }, (rows) => (poisoned += rows))) {
    if (lane === 'readings')
      for (const segment of segmentsOf(reader, part)) add(rangesOfReadings([segment], part.fromSeq, part.toSeq))
    else for (const { seq, line } of linesOf(reader, part)) add(rangesOfRecords(seq, [line]))
  }
  const { count, sum } = tally ?? { count: 0, sum: emptyRangeSum }
  return { count, sum, missing: toSeq - fromSeq + 1 - poisoned - count }
}

/**
 * All readings of a stretch as one batch, for a cloud that has lost some of them; null when they are not all held here. Rows behind a hole are
 * closed up to those before it: the cloud was told of the holes, and a batch leaves nothing out inside.
 * @throws OperationalError where texts make them too large for one.
 */
export function repairBatch(
  reader: Source,
  { sender, fromSeq, toSeq, count }: RepairQuestion,
): Uint8Array<ArrayBuffer> | null {
  const builder = new SegmentBuilder()
  for (const segment of segmentsOf(reader, { lane: 'readings', fromSeq, toSeq })) {
    let seq = segment.firstSeq
    for (const { tagNo, timeMs, value, quality } of segment.readings()) {
      if (seq >= fromSeq && seq <= toSeq) builder.push(tagNo, timeMs, value, quality)
      seq++
    }
  }
  if (builder.count !== count) return null
  try {
    return encodeReadingsBatch(sender, [builder.encode(fromSeq, 0)])
  } catch (error) {
    throw new OperationalError(`Readings ${fromSeq} to ${toSeq} do not fit into one batch.`, { cause: error })
  }
}

const addSums = (
  left: { readonly count: number; readonly sum: string },
  right: { readonly count: number; readonly sum: string },
) => ({ count: left.count + right.count, sum: new RangeSum(left.sum).merge(new RangeSum(right.sum)).hex() })

function* stretchesWithoutPoison(
  reader: Source,
  { lane, fromSeq, toSeq }: RangeStretch,
  left: (rows: number) => void,
): Generator<RangeStretch> {
  for (let from = fromSeq; from <= toSeq;) {
    const poison = reader.poisonFrom(lane, from)
    if (poison === null || poison.fromSeq > toSeq) {
      yield { lane, fromSeq: from, toSeq }
      return
    }
    if (poison.fromSeq > from) yield { lane, fromSeq: from, toSeq: poison.fromSeq - 1 }
    left(Math.min(poison.toSeq, toSeq) - Math.max(poison.fromSeq, from) + 1)
    from = poison.toSeq + 1
  }
}

/** Segments that hold some of a stretch; what is damaged is left out. */
function* segmentsOf(reader: Source, { fromSeq, toSeq }: RangeStretch): Generator<Segment> {
  for (let next = fromSeq; next <= toSeq;) {
    const rows = reader.segments(next, stepBytes)
    if (rows.length === 0) return
    for (const row of rows) {
      if (row.firstSeq > toSeq) return
      next = row.firstSeq + row.count
      try {
        yield decodeSegment(row.body)
      } catch (error) {
        if (!(error instanceof SegmentError)) throw error
        continue
      }
      if (next > toSeq) return
    }
  }
}

function* linesOf(
  reader: Source,
  { fromSeq, toSeq }: RangeStretch,
): Generator<{ readonly seq: number; readonly line: string }> {
  for (let next = fromSeq; next <= toSeq;) {
    const rows = reader.recordLines(next, stepBytes)
    const last = rows.at(-1)
    if (last === undefined) return
    for (const row of rows) {
      if (row.seq > toSeq) return
      yield row
    }
    next = last.seq + 1
  }
}
