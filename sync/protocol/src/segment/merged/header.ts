import { crc32 } from 'node:zlib'
import { segmentLimits } from '../../limits.ts'
import { SegmentError } from '../error.ts'
import { segmentMagic, timeMsMax } from '../layout.ts'
import { getUint64 } from '../varint.ts'
import { mergedHeaderBytes, mergedVersion } from './layout.ts'

export interface MergedHeader {
  readonly firstSeq: number
  readonly count: number
  readonly receivedMs: number
  readonly commitCount: number
  readonly columnCount: number
  readonly groupCount: number
  readonly bytes: number
  readonly expandedBytes: number
  readonly rootBytes: number
  readonly fromMs: number
  readonly toMs: number
}

/** @throws SegmentError when it is damaged or beyond the limits */
export function readMergedHeader(bytes: Uint8Array): MergedHeader {
  if (bytes.length < mergedHeaderBytes) throw new SegmentError('magic', `${bytes.length} bytes are too few`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, mergedHeaderBytes)
  if (view.getUint32(0, true) !== segmentMagic) throw new SegmentError('magic', 'it does not begin like one')
  const version = view.getUint16(4, true)
  if (version !== mergedVersion)
    throw new SegmentError('version', `it has version ${version} where ${mergedVersion} is read`)
  if (view.getUint32(68, true) !== crc32(bytes.subarray(0, 68)))
    throw new SegmentError('checksum', 'the checksum of its header does not fit')
  const header = {
    firstSeq: getUint64(view, 8),
    receivedMs: getUint64(view, 16),
    count: view.getUint32(24, true),
    commitCount: view.getUint32(28, true),
    bytes: view.getUint32(32, true),
    expandedBytes: view.getUint32(36, true),
    groupCount: view.getUint32(40, true),
    rootBytes: view.getUint32(44, true),
    fromMs: view.getFloat64(48, true),
    toMs: view.getFloat64(56, true),
    columnCount: view.getUint32(64, true),
  }
  if (view.getUint16(6, true) !== 0) throw new SegmentError('shape', 'its flags are unknown')
  checkBounds(header)
  return header
}

function checkBounds(header: MergedHeader): void {
  const { count, firstSeq, commitCount, columnCount, groupCount, fromMs, toMs } = header
  if (count < 1 || count > segmentLimits.mergedReadingsMax)
    throw new SegmentError('bounds', `it claims ${count} readings`)
  if (firstSeq < 1 || !Number.isSafeInteger(firstSeq + count))
    throw new SegmentError('bounds', 'its sequence number is out of range')
  if (header.receivedMs > timeMsMax) throw new SegmentError('bounds', 'its wall clock is out of range')
  if (commitCount < 1 || commitCount > count || columnCount < 1 || columnCount > count)
    throw new SegmentError(
      'bounds',
      `it claims ${commitCount} commits and ${columnCount} columns for ${count} readings`,
    )
  if (groupCount < 1 || groupCount > columnCount)
    throw new SegmentError('bounds', `it claims ${groupCount} groups for ${columnCount} columns`)
  if (
    header.bytes > segmentLimits.mergedBytesMax ||
    header.expandedBytes > segmentLimits.mergedExpandedBytesMax ||
    header.rootBytes > header.bytes - mergedHeaderBytes ||
    header.rootBytes < 4
  )
    throw new SegmentError('bounds', `its lengths are out of range`)
  if (
    !(fromMs >= -timeMsMax && fromMs <= toMs && toMs <= timeMsMax && Number.isInteger(fromMs) && Number.isInteger(toMs))
  )
    throw new SegmentError('bounds', 'its times are out of range')
}
