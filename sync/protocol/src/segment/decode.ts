import { decodeCommit, readCommitHeader } from './commit-decode.ts'
import { segmentVersion } from './layout.ts'
import { decodeMerged } from './merged/decode.ts'
import { readMergedHeader } from './merged/header.ts'
import { mergedVersion } from './merged/layout.ts'
import type { Segment } from './segment.ts'
import { versionOf } from './version.ts'

export interface SegmentHeader {
  /** 1: one commit. 2: merged. */
  readonly version: number
  readonly firstSeq: number
  readonly count: number
  /** Wall clock of the edge at the commit, at the last one of a merged segment; milliseconds since 1970 UTC. */
  readonly receivedMs: number
  /** Length of the whole segment. */
  readonly bytes: number
  /** What it takes unpacked; equals `bytes` where nothing is packed. */
  readonly expandedBytes: number
  /** Earliest and latest source time; only merged segments say them. */
  readonly fromMs?: number
  readonly toMs?: number
}

/**
 * What a segment says of itself, without its readings being looked at: cheap enough for every segment of a scan.
 * @param bytes the whole, or of a merged one its first 72 bytes at least
 * @throws SegmentError
 */
export function readSegmentHeader(bytes: Uint8Array): SegmentHeader {
  if (versionOf(bytes) === mergedVersion) {
    const { firstSeq, count, receivedMs, expandedBytes, fromMs, toMs, ...header } = readMergedHeader(bytes)
    return { version: mergedVersion, firstSeq, count, receivedMs, bytes: header.bytes, expandedBytes, fromMs, toMs }
  }
  const header = readCommitHeader(bytes)
  return { version: segmentVersion, ...header, bytes: bytes.length, expandedBytes: bytes.length }
}

/**
 * Exact inverse of SegmentBuilder.encode and of mergeSegments. Safe on hostile bytes: nothing is allocated beyond `segmentLimits`.
 * @throws SegmentError
 */
export function decodeSegment(bytes: Uint8Array): Segment {
  return versionOf(bytes) === mergedVersion ? decodeMerged(bytes) : decodeCommit(bytes)
}
