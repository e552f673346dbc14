import {
  advanceReadings,
  advanceRecords,
  batchLimits,
  decodeSegment,
  encodeReadingsBatch,
  encodeRecordsBatch,
  rangesOfReadings,
  rangesOfRecords,
  readSegmentHeader,
  SegmentError,
  sliceOfSegment,
} from '@jidoka/sync-protocol'
import type { BatchSender, DropReason, Lane, LanePoint, RangeTally, Segment } from '@jidoka/sync-protocol'
import type { JournalReader } from '../ports.ts'
import { cloudLineLimits } from './limits.ts'
import { waitingBeside } from './waiting.ts'
import type { WaitingQuestion } from './waiting.ts'

export interface BatchQuestion {
  readonly sender: BatchSender
  readonly lane: Lane
  /** What the cloud has receipted; the batch begins behind it. */
  readonly after: LanePoint
  /** Last row of the lane that is known to be committed. */
  readonly lastSeq: number
  /** About as many bytes as stored. */
  readonly bytesMax: number
  /** One segment or one record, to find the row that the cloud cannot read. */
  readonly single?: boolean
  /** For the header, towards a cloud that knows it. */
  readonly waiting?: WaitingQuestion
}

export type BuiltBatch =
  | {
      readonly kind: 'rows'
      readonly fromSeq: number
      readonly toSeq: number
      /** As stored. */
      readonly storedBytes: number
      /** It cannot be cut further. */
      readonly single: boolean
      readonly body: Uint8Array<ArrayBuffer>
      /** This appliance's own point behind the batch, to hold the cloud's receipt against. */
      readonly point: LanePoint
      /** What the rows behind `after` give to the sums of their ranges. */
      readonly tallies: ReadonlyMap<number, RangeTally>
    }
  | { readonly kind: 'gone'; readonly fromSeq: number; readonly toSeq: number; readonly reason: DropReason }

type Source = Pick<JournalReader, 'segments' | 'recordLines' | 'gapFrom' | 'poisonFrom' | 'storedMs'>
/** What `pointAt` looks at. */
type Rows = Omit<Source, 'gapFrom' | 'storedMs'>

/** Reads the next rows of a lane as they lie and frames them for the line. What cannot be read is told as gone, so that the lane goes on (I2). */
export function buildBatch(reader: Source, question: BatchQuestion): BuiltBatch {
  const { lane, after } = question
  const fromSeq = after.seq + 1
  // Rows that the cloud could not read are held, and never sent again.
  const poison = reader.poisonFrom(lane, fromSeq)
  if (poison !== null && poison.fromSeq <= fromSeq)
    return { kind: 'gone', fromSeq, toSeq: poison.toSeq, reason: 'poison' }
  const endSeq = poison === null ? Infinity : poison.fromSeq - 1
  const built = lane === 'readings' ? buildReadings(reader, question, endSeq) : buildRecords(reader, question, endSeq)
  return built.kind === 'gone' ? { ...built, toSeq: Math.min(built.toSeq, endSeq) } : built
}

/** This appliance's own point at a sequence number; null when rows up to there are missing. Rows that the cloud was never to have do not count. */
export function pointAt(reader: Rows, lane: Lane, after: LanePoint, seq: number): LanePoint | null {
  let point = after
  while (point.seq < seq) {
    const before = point.seq
    const poison = reader.poisonFrom(lane, point.seq + 1)
    if (poison !== null && poison.fromSeq <= point.seq + 1) point = { ...point, seq: Math.min(poison.toSeq, seq) }
    else point = stepOf(reader, lane, point, Math.min(seq, (poison?.fromSeq ?? Infinity) - 1)) ?? point
    if (point.seq === before) return null
  }
  return point.seq === seq ? point : null
}

/** A step of the way to `seq`; null when the row behind the point is missing. */
function stepOf(reader: Rows, lane: Lane, point: LanePoint, seq: number): LanePoint | null {
  // 1 MiB a step bounds the memory of a long way.
  const stepBytes = 1024 * 1024
  if (lane === 'readings') {
    const rows = reader.segments(point.seq + 1, stepBytes)
    if (rows[0] === undefined || rows[0].firstSeq > point.seq + 1) return null
    return advanceReadings(point, wholeSegments(rows), seq)
  }
  const lines = reader.recordLines(point.seq + 1, stepBytes).filter((row) => row.seq <= seq)
  if (lines[0]?.seq !== point.seq + 1) return null
  return advanceRecords(
    point,
    point.seq + 1,
    lines.map((row) => row.line),
  )
}

function buildReadings(reader: Source, question: BatchQuestion, endSeq: number): BuiltBatch {
  const { after, lastSeq, bytesMax, single = false } = question
  const wanted = after.seq + 1
  const held = reader.segments(wanted, Math.min(bytesMax, batchLimits.expandedBytesMax / 2))
  const rows = cutAt(single ? held.slice(0, 1) : held, wanted, endSeq)
  const first = rows[0]
  if (first === undefined) return gone(reader, 'readings', wanted, lastSeq)
  if (first.firstSeq > wanted) return gone(reader, 'readings', wanted, first.firstSeq - 1)
  const segments = wholeSegments(rows)
  if (segments.length === 0)
    return { kind: 'gone', fromSeq: wanted, toSeq: first.firstSeq + first.count - 1, reason: 'damaged' }
  const bodies = rows.slice(0, segments.length).map((row) => row.body)
  const point = advanceReadings(after, segments)
  return {
    kind: 'rows',
    fromSeq: first.firstSeq,
    toSeq: point.seq,
    storedBytes: bodies.reduce((sum, body) => sum + body.length, 0),
    single,
    body: encodeReadingsBatch(senderOf(reader, question, point.seq), bodies),
    point,
    tallies: rangesOfReadings(segments, wanted),
  }
}

function buildRecords(reader: Source, question: BatchQuestion, endSeq: number): BuiltBatch {
  const { after, lastSeq, bytesMax, single = false } = question
  const wanted = after.seq + 1
  const rows = reader
    .recordLines(wanted, single ? 1 : Math.min(bytesMax, batchLimits.expandedBytesMax / 2))
    .slice(0, single ? 1 : batchLimits.recordsMax)
    .filter((row) => row.seq <= endSeq)
  const first = rows[0]
  if (first === undefined) return gone(reader, 'records', wanted, lastSeq)
  if (first.seq > wanted) return gone(reader, 'records', wanted, first.seq - 1)
  const breakAt = rows.findIndex((row, index) => row.seq !== wanted + index)
  const lines = (breakAt < 0 ? rows : rows.slice(0, breakAt)).map((row) => row.line)
  const toSeq = wanted + lines.length - 1
  return {
    kind: 'rows',
    fromSeq: wanted,
    toSeq,
    storedBytes: lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0),
    single: lines.length === 1,
    body: encodeRecordsBatch({ ...senderOf(reader, question, toSeq), from_seq: wanted }, lines),
    point: advanceRecords(after, wanted, lines),
    tallies: rangesOfRecords(wanted, lines),
  }
}

const senderOf = (reader: Source, { sender, lane, waiting }: BatchQuestion, toSeq: number): BatchSender =>
  waiting === undefined ? sender : { ...sender, waiting: waitingBeside(reader, waiting, { lane, toSeq }) }

/** News of what is not held any more, with the reason that was recorded when it went; what nobody let go of cannot be read. */
function gone(reader: Source, lane: Lane, fromSeq: number, toSeq: number): BuiltBatch {
  const gap = reader.gapFrom(lane, fromSeq)
  if (gap === null || gap.fromSeq > toSeq) return { kind: 'gone', fromSeq, toSeq, reason: 'damaged' }
  return gap.fromSeq > fromSeq
    ? { kind: 'gone', fromSeq, toSeq: gap.fromSeq - 1, reason: 'damaged' }
    : { kind: 'gone', fromSeq, toSeq: Math.min(gap.toSeq, toSeq), reason: gap.reason }
}

/** Segments up to a row that must not be among them. */
function cutAt(rows: ReturnType<Source['segments']>, wanted: number, endSeq: number): ReturnType<Source['segments']> {
  return rows
    .filter(({ firstSeq }) => firstSeq <= endSeq)
    .map((row) => {
      if (row.firstSeq + row.count - 1 <= endSeq) return row
      try {
        const firstSeq = Math.max(row.firstSeq, wanted)
        return {
          firstSeq,
          count: endSeq - firstSeq + 1,
          body: sliceOfSegment(decodeSegment(row.body), firstSeq, endSeq),
        }
      } catch (error) {
        if (error instanceof SegmentError) return row // found again below, where it is told as gone
        throw error
      }
    })
}

/** Segments from the first on, until one is damaged, a gap follows, or the batch is full. */
function wholeSegments(rows: ReturnType<Source['segments']>): Segment[] {
  const segments: Segment[] = []
  let readings = 0
  let expandedBytes = 0
  let nextSeq = rows[0]?.firstSeq
  for (const row of rows.slice(0, batchLimits.segmentsMax)) {
    readings += row.count
    if (row.firstSeq !== nextSeq || readings > cloudLineLimits.batchReadingsMax) break
    try {
      expandedBytes += readSegmentHeader(row.body).expandedBytes
      if (expandedBytes > batchLimits.segmentsExpandedBytesMax) break
      segments.push(decodeSegment(row.body))
    } catch (error) {
      if (error instanceof SegmentError) break // found again as the first of the next batch, which tells it as gone
      throw error
    }
    nextSeq = row.firstSeq + row.count
  }
  return segments
}
