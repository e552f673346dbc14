import {
  advanceReadings,
  advanceRecords,
  batchLimits,
  decodeSegment,
  encodeReadingsBatch,
  encodeRecordsBatch,
  readSegmentHeader,
  SegmentError,
} from '@jidoka/sync-protocol'
import type { BatchSender, DropReason, Lane, LanePoint, Segment } from '@jidoka/sync-protocol'
import type { JournalReader } from '../ports.ts'

export interface BatchQuestion {
  readonly sender: BatchSender
  readonly lane: Lane
  /** What the cloud has receipted; the batch begins behind it. */
  readonly after: LanePoint
  /** Last row of the lane that is known to be committed. */
  readonly lastSeq: number
  /** About as many bytes as stored. */
  readonly bytesMax: number
}

export type BuiltBatch =
  | {
      readonly kind: 'rows'
      readonly fromSeq: number
      readonly toSeq: number
      /** As stored. */
      readonly storedBytes: number
      readonly body: Uint8Array<ArrayBuffer>
      /** This appliance's own point behind the batch, to hold the cloud's receipt against. */
      readonly point: LanePoint
    }
  | { readonly kind: 'gone'; readonly fromSeq: number; readonly toSeq: number; readonly reason: DropReason }

type Source = Pick<JournalReader, 'segments' | 'recordLines' | 'gapFrom'>

/** Reads the next rows of a lane as they lie and frames them for the line. What cannot be read is told as gone, so that the lane goes on (I2). */
export function buildBatch(reader: Source, question: BatchQuestion): BuiltBatch {
  return question.lane === 'readings' ? buildReadings(reader, question) : buildRecords(reader, question)
}

/** This appliance's own point at a sequence number; null when rows up to there are missing. */
export function pointAt(reader: Source, lane: Lane, after: LanePoint, seq: number): LanePoint | null {
  // 1 MiB a step bounds the memory of a long way.
  const stepBytes = 1024 * 1024
  let point = after
  while (point.seq < seq) {
    const before = point.seq
    if (lane === 'readings') {
      const rows = reader.segments(point.seq + 1, stepBytes)
      if (rows[0] === undefined || rows[0].firstSeq > point.seq + 1) return null
      point = advanceReadings(point, wholeSegments(rows), seq)
    } else {
      const lines = reader.recordLines(point.seq + 1, stepBytes).filter((row) => row.seq <= seq)
      if (lines[0]?.seq !== point.seq + 1) return null
      point = advanceRecords(
        point,
        point.seq + 1,
        lines.map((row) => row.line),
      )
    }
    if (point.seq === before) return null
  }
  return point.seq === seq ? point : null
}

function buildReadings(reader: Source, { sender, after, lastSeq, bytesMax }: BatchQuestion): BuiltBatch {
  const wanted = after.seq + 1
  const rows = reader.segments(wanted, Math.min(bytesMax, batchLimits.expandedBytesMax / 2))
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
    body: encodeReadingsBatch(sender, bodies),
    point,
  }
}

function buildRecords(reader: Source, { sender, after, lastSeq, bytesMax }: BatchQuestion): BuiltBatch {
  const wanted = after.seq + 1
  const rows = reader
    .recordLines(wanted, Math.min(bytesMax, batchLimits.expandedBytesMax / 2))
    .slice(0, batchLimits.recordsMax)
  const first = rows[0]
  if (first === undefined) return gone(reader, 'records', wanted, lastSeq)
  if (first.seq > wanted) return gone(reader, 'records', wanted, first.seq - 1)
  const breakAt = rows.findIndex((row, index) => row.seq !== wanted + index)
  const lines = (breakAt < 0 ? rows : rows.slice(0, breakAt)).map((row) => row.line)
  return {
    kind: 'rows',
    fromSeq: wanted,
    toSeq: wanted + lines.length - 1,
    storedBytes: lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0),
    body: encodeRecordsBatch({ ...sender, from_seq: wanted }, lines),
    point: advanceRecords(after, wanted, lines),
  }
}

/** News of what is not held any more, with the reason that was recorded when it went; what nobody let go of cannot be read. */
function gone(reader: Source, lane: Lane, fromSeq: number, toSeq: number): BuiltBatch {
  const gap = reader.gapFrom(lane, fromSeq)
  if (gap === null || gap.fromSeq > toSeq) return { kind: 'gone', fromSeq, toSeq, reason: 'damaged' }
  return gap.fromSeq > fromSeq
    ? { kind: 'gone', fromSeq, toSeq: gap.fromSeq - 1, reason: 'damaged' }
    : { kind: 'gone', fromSeq, toSeq: Math.min(gap.toSeq, toSeq), reason: gap.reason }
}

/** Segments from the first on, until one is damaged, a gap follows, or the batch is full. */
function wholeSegments(rows: ReturnType<Source['segments']>): Segment[] {
  const segments: Segment[] = []
  let readings = 0
  let expandedBytes = 0
  let nextSeq = rows[0]?.firstSeq
  for (const row of rows.slice(0, batchLimits.segmentsMax)) {
    readings += row.count
    if (row.firstSeq !== nextSeq || readings > batchLimits.readingsMax) break
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
