import { decodeSegment, readSegmentHeader } from '../decode.ts'
import type { Segment } from '../segment.ts'
import { encodeMerged } from './encode.ts'
import { Gatherer } from './gathered.ts'
import type { Gathered } from './gathered.ts'

/**
 * Consecutive segments, merged or not, as one merged segment that has the same readings, places and commits.
 * @throws SegmentError when a part is damaged.
 * @throws RangeError when they are not consecutive, or together beyond `segmentLimits`: the parts stay as they are.
 */
export function mergeSegments(parts: readonly Uint8Array[]): Uint8Array {
  const headers = parts.map((part) => readSegmentHeader(part))
  const [first] = headers
  if (first === undefined) throw new RangeError('nothing to merge: give at least one segment')
  const gatherer = new Gatherer(
    first.firstSeq,
    headers.reduce((sum, { count }) => sum + count, 0),
  )
  for (const part of parts) gatherer.addBytes(part)
  const gathered = gatherer.result()
  const merged = encodeMerged(gathered)
  release(gathered)
  return merged
}

/**
 * A million readings take 22 MB here. Left to the collector they stay resident until the merging thread, which makes little garbage of its
 * own, comes to collect: several merges lie there at once.
 */
function release({ column, timeMs, number, quality }: Gathered): void {
  for (const { buffer } of [column, timeMs, number, quality]) if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}

/**
 * The readings `fromSeq`..`toSeq` of a segment as a merged segment of its own; the commits at its ends are cut.
 * @throws SegmentError when it is damaged.
 * @throws RangeError when it does not hold them all, or texts make the slice too large: ask for fewer.
 */
export function sliceSegment(bytes: Uint8Array, fromSeq: number, toSeq: number): Uint8Array {
  return sliceOfSegment(decodeSegment(bytes), fromSeq, toSeq)
}

/** The same of a decoded one, for who wants several slices. */
export function sliceOfSegment(segment: Segment, fromSeq: number, toSeq: number): Uint8Array {
  const from = fromSeq - segment.firstSeq
  const to = toSeq - segment.firstSeq + 1
  if (!(Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 0 && to > from && to <= segment.count))
    throw new RangeError(
      `${fromSeq}..${toSeq} is not within ${segment.firstSeq}..${segment.firstSeq + segment.count - 1}`,
    )
  const gatherer = new Gatherer(fromSeq, to - from)
  gatherer.addStretch(segment, from, to)
  return encodeMerged(gatherer.result())
}
