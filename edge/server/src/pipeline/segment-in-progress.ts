import type { SegmentBuilder } from '@jidoka/sync-protocol'
import type { JournalWriter } from '../store/journal-writer.ts'
import type { SegmentInProgress } from './intake.ts'

/** Begins the segments of one commit: `flush` writes what the builder holds and goes on behind it. */
export function beginSegment(
  builder: SegmentBuilder,
  writer: JournalWriter,
  firstSeq: number,
  receivedMs: number,
): SegmentInProgress {
  builder.reset()
  const segment: SegmentInProgress = {
    builder,
    firstSeq,
    fromMs: Infinity,
    toMs: -Infinity,
    flush: () => {
      const { count } = builder
      if (count === 0) return
      const body = builder.encode(segment.firstSeq, receivedMs)
      writer.segment(segment.firstSeq, count, receivedMs, segment.fromMs, segment.toMs, body)
      builder.reset()
      segment.firstSeq += count
      segment.fromMs = Infinity
      segment.toMs = -Infinity
    },
  }
  return segment
}
