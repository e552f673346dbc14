import { describeError } from '@jidoka/base'
import { decodeSegment, segmentLimits, sliceOfSegment } from '@jidoka/sync-protocol'
import type { OpenedSegment } from './opened-segment.ts'
import type { StoredSegment } from './segment-catalogue.ts'
import { isDamage } from './segment-store.ts'
import type { SegmentStore } from './segment-store.ts'

/** A segment as it goes over the line. */
export interface WireSegment {
  readonly firstSeq: number
  readonly count: number
  readonly body: Uint8Array
}

/** Fewer readings a slice would be mostly head, and a long backlog take for ever. */
const sliceReadingsMin = 1_024

/**
 * Stored segments from the one that holds `fromSeq` on, as they lie, until about `bytesMax`; at least one. One that is larger
 * than the line takes, or than `bytesMax` by itself, is cut at places that depend on both alone: a merged segment must not
 * keep a slow line from ever finishing a batch. What is damaged is left out: the caller sees that the numbers do not go on.
 */
export function readWire(store: SegmentStore, fromSeq: number, bytesMax: number): readonly WireSegment[] {
  const taken: WireSegment[] = []
  let bytes = 0
  for (const { segment, body } of store.walk(fromSeq, Infinity, bytesOf)) {
    for (const piece of wirePieces(store, segment, body, fromSeq, bytesMax)) {
      bytes += piece.body.length
      if (taken.length > 0 && bytes > bytesMax) return taken
      taken.push(piece)
    }
    if (bytes >= bytesMax) return taken
  }
  return taken
}

const bytesOf = (opened: OpenedSegment, segment: StoredSegment) => ({ segment, body: opened.bytes() })

function* wirePieces(
  store: SegmentStore,
  segment: StoredSegment,
  body: Uint8Array,
  fromSeq: number,
  bytesMax: number,
): Generator<WireSegment, void, undefined> {
  const { firstSeq, count } = segment
  const fitting = Math.floor((count * bytesMax) / body.length)
  const step = Math.min(segmentLimits.readingsMax, Math.max(sliceReadingsMin, fitting))
  if (count <= step) {
    yield { firstSeq, count, body }
    return
  }
  try {
    const whole = decodeSegment(body)
    // One at a time: the caller seldom takes them all.
    for (let at = firstSeq; at < firstSeq + count; at += step) {
      const toSeq = Math.min(at + step, firstSeq + count) - 1
      if (toSeq >= fromSeq) yield { firstSeq: at, count: toSeq - at + 1, body: sliceOfSegment(whole, at, toSeq) }
    }
  } catch (error) {
    if (!isDamage(error)) throw error
    store.report(segment, describeError(error))
  }
}
