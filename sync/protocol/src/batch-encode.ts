import { constants, zstdCompressSync } from 'node:zlib'
import type { BatchHeader, BatchSender } from './batch.ts'
import { malformed, tooLarge } from './batch-error.ts'
import type { DropReason, Lane } from './lane.ts'
import { batchLimits, segmentLimits } from './limits.ts'
import { readSegmentHeader } from './segment/decode.ts'
import { protocolVersion } from './version.ts'

/**
 * Level 3: on readings it is 8 % smaller than 1 for 1.2 x its time; 9 gains 4 % more for 5 x. The edge sends from its main
 * thread, where 256 KB at level 3 take about 2 ms.
 */
const zstdLevel = 3

/**
 * Readings as they lie in the journal: stored segments, merged or not, gapless and in order. Larger merged ones go as slices.
 * @throws BatchError when they leave a gap, are none, or exceed `batchLimits`: the caller reads by those limits.
 * @throws SegmentError when one is no segment; its checksum is the receiver's business.
 */
export function encodeReadingsBatch(sender: BatchSender, segments: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  if (segments.length > batchLimits.segmentsMax)
    throw tooLarge(`${segments.length} segments are more than ${batchLimits.segmentsMax}`)
  let fromSeq = 0
  let nextSeq = 0
  let bodyBytes = 0
  let expandedBytes = 0
  for (const segment of segments) {
    const header = readSegmentHeader(segment)
    if (fromSeq === 0) fromSeq = header.firstSeq
    else if (header.firstSeq !== nextSeq)
      throw malformed(`the segment after ${nextSeq - 1} begins with ${header.firstSeq}`)
    if (header.count > segmentLimits.readingsMax || header.expandedBytes > segmentLimits.expandedBytesMax)
      throw tooLarge(
        `the segment at ${header.firstSeq} holds ${header.count} readings, ${header.expandedBytes} bytes unpacked`,
      )
    nextSeq = header.firstSeq + header.count
    expandedBytes += header.expandedBytes
    bodyBytes += 4 + segment.length
  }
  if (fromSeq === 0) throw malformed('a batch holds at least one segment')
  if (nextSeq - fromSeq > batchLimits.readingsMax)
    throw tooLarge(`${nextSeq - fromSeq} readings are more than ${batchLimits.readingsMax}`)
  if (expandedBytes > batchLimits.segmentsExpandedBytesMax)
    throw tooLarge(`its segments unpack to more than ${batchLimits.segmentsExpandedBytesMax} bytes`)
  const body = new Uint8Array(bodyBytes)
  const view = new DataView(body.buffer)
  let at = 0
  for (const segment of segments) {
    view.setUint32(at, segment.length, true)
    body.set(segment, at + 4)
    at += 4 + segment.length
  }
  return frame(
    sender,
    { lane: 'readings', from_seq: fromSeq, to_seq: nextSeq - 1, count: nextSeq - fromSeq, dropped: null },
    body,
  )
}

/**
 * Records as they lie in the journal: one JSON object `{"seq", "at_ms", "kind", "body"}` a line, gapless from `fromSeq`.
 * @param fromSeq sequence number of the first line
 * @throws BatchError when there is none, one holds a line end, or they exceed `batchLimits`.
 */
export function encodeRecordsBatch(
  sender: BatchSender & { readonly from_seq: number },
  lines: readonly string[],
): Uint8Array<ArrayBuffer> {
  if (lines.length === 0) throw malformed('a batch holds at least one record')
  if (lines.length > batchLimits.recordsMax)
    throw tooLarge(`${lines.length} records are more than ${batchLimits.recordsMax}`)
  for (const line of lines) if (line.includes('\n')) throw malformed('a record holds a line end')
  const { from_seq } = sender
  return frame(
    sender,
    { lane: 'records', from_seq, to_seq: from_seq + lines.length - 1, count: lines.length, dropped: null },
    Buffer.from(lines.join('\n')),
  )
}

/** The news that rows of a lane are gone for good, so that the lane goes on behind them (I2). */
export function encodeDropBatch(
  sender: BatchSender,
  drop: { readonly lane: Lane; readonly fromSeq: number; readonly toSeq: number; readonly reason: DropReason },
): Uint8Array<ArrayBuffer> {
  return frame(
    sender,
    { lane: drop.lane, from_seq: drop.fromSeq, to_seq: drop.toSeq, count: 0, dropped: drop.reason },
    new Uint8Array(0),
  )
}

function frame(
  sender: BatchSender,
  rows: Pick<BatchHeader, 'lane' | 'from_seq' | 'to_seq' | 'count' | 'dropped'>,
  body: Uint8Array,
): Uint8Array<ArrayBuffer> {
  if (body.length > batchLimits.expandedBytesMax)
    throw tooLarge(`${body.length} bytes are more than ${batchLimits.expandedBytesMax}`)
  const packed =
    body.length === 0 ? body : zstdCompressSync(body, { params: { [constants.ZSTD_c_compressionLevel]: zstdLevel } })
  const smaller = packed.length < body.length
  const header: BatchHeader = {
    protocol: protocolVersion,
    edge_id: sender.edge_id,
    epoch: sender.epoch,
    ...rows,
    encoding: smaller ? 'zstd' : 'none',
    expanded_bytes: body.length,
    ...(sender.start_seq === undefined ? {} : { start_seq: sender.start_seq }),
    ...(sender.base === undefined ? {} : { base: sender.base }),
    ...(sender.waiting === undefined ? {} : { waiting: sender.waiting }),
  }
  const head = Buffer.from(JSON.stringify(header))
  const sent = smaller ? packed : body
  const bytes = new Uint8Array(4 + head.length + sent.length)
  if (bytes.length > batchLimits.bytesMax)
    throw tooLarge(`${bytes.length} compressed bytes are more than ${batchLimits.bytesMax}`)
  new DataView(bytes.buffer).setUint32(0, head.length, true)
  bytes.set(head, 4)
  bytes.set(sent, 4 + head.length)
  return bytes
}
