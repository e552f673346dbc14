import { judgeLimits } from '../judge/limits.ts'
import type { OpenedSegment } from '../store/opened-segment.ts'
import type { StoredSegment } from '../store/segment-catalogue.ts'
import type { SegmentStore } from '../store/segment-store.ts'
import { ReceivedClock } from './received-clock.ts'
import type { WindowStart } from './window-reader.ts'

const { clockSetBackMsMax } = judgeLimits

type CommitClock = Pick<OpenedSegment['commits'][number], 'firstSeq' | 'receivedMs'>

/**
 * Where windows begin that reach back so far from the last reading up to a number, such that filling them from there gives what they
 * were when they were filled as the readings came: behind the last commit whose clock showed an earlier time, or where the clock
 * was last set back. What the clock shows at the moment of the call has no part in it.
 *
 * Only what came since is looked at, one segment a step: a month in which the clock ran ahead costs nothing once it was set back.
 */
export function* findWindowStart(
  store: SegmentStore,
  backMs: number,
  upToSeq: number = Number.MAX_SAFE_INTEGER,
): Generator<undefined, WindowStart | null, undefined> {
  const beginning = beginningOf(store, backMs, upToSeq)
  if (beginning === null) return null
  const clock = new ReceivedClock()
  let { fromSeq } = beginning
  let wasBefore = false
  for (const commits of store.walk(beginning.fromSeq, upToSeq, commitClocks)) {
    for (const { firstSeq, receivedMs } of commits) {
      if (firstSeq > upToSeq) break
      if (firstSeq < beginning.fromSeq) continue
      if (clock.goTo(receivedMs) || wasBefore) fromSeq = firstSeq
      wasBefore = receivedMs < beginning.fromMs
    }
    yield
  }
  return clock.isUnknown ? null : { fromSeq, lastMs: clock.lastMs, highestMs: clock.highestMs }
}

interface Beginning {
  /** No reading from before is part of such a window, */
  readonly fromSeq: number
  /** nor one from before a commit whose clock showed less than this. */
  readonly fromMs: number
}

/** As far as the catalogue tells, which knows of each segment what the clock showed at its end. */
function beginningOf(store: SegmentStore, backMs: number, upToSeq: number): Beginning | null {
  let later: { readonly segment: StoredSegment; readonly endMs: number } | null = null
  let fromMs = 0
  for (const segment of store.catalogue.backwards(upToSeq)) {
    if (later === null) {
      const endMs = clockAt(store, segment, upToSeq)
      // By so much a reading may lie ahead of the clock without it having been set back.
      fromMs = endMs - backMs - clockSetBackMsMax
      later = { segment, endMs }
      continue
    }
    const { receivedMs: endMs } = segment
    if (endMs < fromMs) break
    if (endMs - clockSetBackMsMax > later.endMs) {
      const setBackSeq = lastLeapBack(store, later.segment, endMs, upToSeq)
      if (setBackSeq !== null) return { fromSeq: setBackSeq, fromMs }
    }
    later = { segment, endMs }
  }
  return later === null ? null : { fromSeq: later.segment.firstSeq, fromMs }
}

/** What the clock showed when a reading was committed that this segment holds, or that came behind it and is not held. */
function clockAt(store: SegmentStore, segment: StoredSegment, seq: number): number {
  if (segment.firstSeq + segment.count <= seq) return segment.receivedMs
  const read = store.read(segment, (opened) => commitClocks(opened).findLast(({ firstSeq }) => firstSeq <= seq))
  return (typeof read === 'object' ? read.result?.receivedMs : undefined) ?? segment.receivedMs
}

/**
 * The last commit of a segment at which the clock leapt back from one commit to the next; null where it did not. At such a one it was
 * set back whatever came before, which of several small steps cannot be said.
 */
function lastLeapBack(store: SegmentStore, segment: StoredSegment, beforeMs: number, upToSeq: number): number | null {
  const read = store.read(segment, (opened) => {
    let found: number | null = null
    let lastMs = beforeMs
    for (const { firstSeq, receivedMs } of commitClocks(opened)) {
      if (firstSeq > upToSeq) break
      if (receivedMs < lastMs - clockSetBackMsMax) found = firstSeq
      lastMs = receivedMs
    }
    return found
  })
  // One that was merged or damaged meanwhile is no bound: then more is looked at.
  return typeof read === 'object' ? read.result : null
}

/** A single commit says it in its head; its readings need not be decoded. */
function commitClocks(opened: OpenedSegment): readonly CommitClock[] {
  return opened.header.version === 1 ? [opened.header] : opened.commits
}
