import { decodeSegment, SegmentBuilder } from '@jidoka/sync-protocol'
import type { Segment } from '@jidoka/sync-protocol'

/** Numbers of a lane that never had rows here: its edge has told that they are gone. */
export interface Hole {
  readonly fromSeq: number
  readonly toSeq: number
}

/**
 * Readings at the numbers that they had before they were sent closed up: a batch leaves nothing out inside, and a range with dropped rows has holes.
 * @param segments gapless, the first number in place
 * @param holes in order
 */
export function* placedAround(segments: readonly Segment[], holes: readonly Hole[]): Generator<Segment> {
  let nextSeq = segments[0]?.firstSeq ?? 1
  let at = 0
  for (const segment of segments) {
    const builder = new SegmentBuilder()
    let firstSeq = nextSeq
    for (const { tagNo, timeMs, value, quality } of segment.readings()) {
      for (let hole = holes[at]; hole !== undefined && hole.fromSeq <= nextSeq; hole = holes[++at]) {
        if (builder.count > 0) yield decodeSegment(builder.encode(firstSeq, segment.receivedMs))
        builder.reset()
        nextSeq = Math.max(nextSeq, hole.toSeq + 1)
        firstSeq = nextSeq
      }
      builder.push(tagNo, timeMs, value, quality)
      nextSeq++
    }
    if (builder.count > 0) yield decodeSegment(builder.encode(firstSeq, segment.receivedMs))
  }
}
