import { constants, zstdDecompressSync } from 'node:zlib'
import { isErrno } from '@jidoka/base'
import { recordSchema } from '@jidoka/domain'
import type { JournalRecord } from '@jidoka/domain'
import { z } from 'zod'
import { batchHeaderSchema } from './batch.ts'
import type { BatchHeader } from './batch.ts'
import { BatchError, malformed, tooLarge } from './batch-error.ts'
import type { DropReason } from './lane.ts'
import { batchLimits, segmentLimits } from './limits.ts'
import type { BatchLimits } from './limits.ts'
import { decodeSegment, readSegmentHeader } from './segment/decode.ts'
import { SegmentError } from './segment/error.ts'
import type { Segment } from './segment/segment.ts'
import { endToUpgrade, isAheadOfUs, protocolVersionSchema } from './version.ts'

export type DecodedBatch =
  | { readonly kind: 'readings'; readonly header: BatchHeader; readonly segments: readonly Segment[] }
  | {
      readonly kind: 'records'
      readonly header: BatchHeader
      readonly records: readonly JournalRecord[]
      readonly lines: readonly string[]
    }
  | { readonly kind: 'dropped'; readonly header: BatchHeader; readonly reason: DropReason }

/** 2^23: a window above 8 MB is not made by any level that the edge uses, and a frame may ask for 128 MB. */
const zstdWindowLogMax = 23

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const versionOnlySchema = z.looseObject({ protocol: protocolVersionSchema })

/**
 * The head of a batch; enough for `decideIntake` before anything is decompressed.
 * @throws BatchError with the refusal to answer with.
 */
export function readBatchHeader(bytes: Uint8Array, limits: BatchLimits = batchLimits): BatchHeader {
  return readHead(bytes, limits).header
}

/**
 * The whole batch, checked: sizes before anything of that size is allocated, checksums, the schema of every record, and
 * that the rows are gapless and those that the header claims.
 * @throws BatchError with the refusal to answer with.
 */
export function decodeBatch(bytes: Uint8Array, limits: BatchLimits = batchLimits): DecodedBatch {
  const { header, bodyAt } = readHead(bytes, limits)
  const body = expand(bytes.subarray(bodyAt), header, limits)
  if (header.dropped !== null) return { kind: 'dropped', header, reason: header.dropped }
  if (header.lane === 'readings') return { kind: 'readings', header, segments: readSegments(body, header, limits) }
  return { kind: 'records', header, ...readRecords(body, header, limits) }
}

function readHead(bytes: Uint8Array, limits: BatchLimits): { header: BatchHeader; bodyAt: number } {
  if (bytes.length > limits.bytesMax) throw tooLarge(`${bytes.length} bytes are more than ${limits.bytesMax}`)
  if (bytes.length < 4) throw malformed('it has no header')
  const headBytes = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true)
  if (headBytes > limits.headerBytesMax || headBytes > bytes.length - 4)
    throw malformed(`it claims a header of ${headBytes} bytes`)
  const bodyAt = 4 + headBytes
  let json: unknown
  try {
    json = JSON.parse(utf8.decode(bytes.subarray(4, bodyAt)))
  } catch (cause) {
    throw malformed('its header is not JSON', cause)
  }
  // The version first: a newer header may have members that this program does not know, and "malformed" would blame the wrong end.
  const version = versionOnlySchema.safeParse(json)
  const upgrade = version.success ? endToUpgrade(version.data.protocol, 'edge') : null
  if (upgrade !== null)
    throw new BatchError({ kind: 'protocol_version', upgrade }, `the ${upgrade} speaks too old a protocol`)
  const parsed = batchHeaderSchema.safeParse(json)
  if (!parsed.success) {
    const detail = `header: ${describe(parsed.error)}`
    // Of an edge that is ahead it is this cloud that is too old; "malformed" would count towards setting its rows aside.
    if (version.success && isAheadOfUs(version.data.protocol))
      throw new BatchError({ kind: 'protocol_version', upgrade: 'cloud' }, detail, { cause: parsed.error })
    throw malformed(detail, parsed.error)
  }
  const header = parsed.data
  if (header.expanded_bytes > limits.expandedBytesMax)
    throw tooLarge(`${header.expanded_bytes} expanded bytes are more than ${limits.expandedBytesMax}`)
  const rowsMax = header.lane === 'readings' ? limits.readingsMax : limits.recordsMax
  if (header.count > rowsMax) throw tooLarge(`${header.count} rows are more than ${rowsMax}`)
  return { header, bodyAt }
}

function expand(body: Uint8Array, header: BatchHeader, limits: BatchLimits): Uint8Array {
  let expanded = body
  if (header.encoding === 'zstd') {
    try {
      expanded = zstdDecompressSync(body, {
        maxOutputLength: Math.min(header.expanded_bytes, limits.expandedBytesMax) + 1,
        params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLogMax },
      })
    } catch (cause) {
      if (isErrno(cause, 'ERR_BUFFER_TOO_LARGE'))
        throw tooLarge(`its body expands beyond the ${header.expanded_bytes} bytes that it claims`, cause)
      throw malformed('its body is not zstd', cause)
    }
  }
  if (expanded.length !== header.expanded_bytes)
    throw malformed(`its body has ${expanded.length} bytes where it claims ${header.expanded_bytes}`)
  return expanded
}

function readSegments(body: Uint8Array, header: BatchHeader, limits: BatchLimits): Segment[] {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const segments: Segment[] = []
  let nextSeq = header.from_seq
  let expandedBytes = 0
  for (let at = 0; at < body.length;) {
    if (segments.length === limits.segmentsMax) throw tooLarge(`it has more than ${limits.segmentsMax} segments`)
    if (at + 4 > body.length) throw malformed('its last segment is cut off')
    const length = view.getUint32(at, true)
    const end = at + 4 + length
    if (end > body.length) throw malformed('its last segment is cut off')
    const bytes = body.subarray(at + 4, end)
    try {
      const { firstSeq, count, ...its } = readSegmentHeader(bytes)
      expandedBytes += its.expandedBytes
      if (count > segmentLimits.readingsMax || its.expandedBytes > segmentLimits.expandedBytesMax)
        throw tooLarge(`the segment at ${firstSeq} holds ${count} readings, ${its.expandedBytes} bytes unpacked`)
      if (expandedBytes > limits.segmentsExpandedBytesMax)
        throw tooLarge(`its segments unpack to more than ${limits.segmentsExpandedBytesMax} bytes`)
      if (firstSeq !== nextSeq || firstSeq + count - 1 > header.to_seq)
        throw malformed(
          `a segment holds ${firstSeq}..${firstSeq + count - 1} where ${nextSeq}..${header.to_seq} is left`,
        )
      segments.push(decodeSegment(bytes))
      nextSeq += count
    } catch (cause) {
      if (cause instanceof SegmentError) throw malformed(`the segment at ${nextSeq}: ${cause.message}`, cause)
      throw cause
    }
    at = end
  }
  if (nextSeq !== header.to_seq + 1)
    throw malformed(`its segments end with ${nextSeq - 1} where it claims ${header.to_seq}`)
  return segments
}

function readRecords(
  body: Uint8Array,
  header: BatchHeader,
  limits: BatchLimits,
): { records: JournalRecord[]; lines: string[] } {
  let text: string
  try {
    text = utf8.decode(body)
  } catch (cause) {
    throw malformed('its records are not UTF-8', cause)
  }
  // The count of lines is known, so that a body of line ends alone cannot become sixteen million strings.
  const lines = text.split('\n', header.count + 1)
  if (lines.length !== header.count)
    throw malformed(
      `it has ${lines.length > header.count ? 'more' : 'fewer'} lines than the ${header.count} that it claims`,
    )
  const records = lines.map((line, index) => {
    const seq = header.from_seq + index
    if (line.length > limits.recordLineBytesMax) throw tooLarge(`record ${seq} has ${line.length} characters`)
    let json: unknown
    try {
      json = JSON.parse(line)
    } catch (cause) {
      throw malformed(`record ${seq} is not JSON`, cause)
    }
    const parsed = recordSchema.safeParse(json)
    if (!parsed.success) throw malformed(`record ${seq}: ${describe(parsed.error)}`, parsed.error)
    if (parsed.data.seq !== seq) throw malformed(`record ${seq} says that it is ${parsed.data.seq}`)
    return parsed.data
  })
  return { records, lines }
}

/** The first few mistakes by path and message; zod's messages name what was expected, not what was found. */
function describe(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map((issue) => `${issue.path.join('.') || 'it'}: ${issue.message}`)
    .join('; ')
    .slice(0, 500)
}
