import type { Database } from './database.ts'

/** Where a stretch of the readings lane lies: a row of `reading_segments` (levels 0 and 1) or a file. */
export interface StoredSegment {
  readonly firstSeq: number
  readonly count: number
  readonly level: number
  readonly bytes: number
  /** Wall clock of its last commit. */
  readonly receivedMs: number
  /** Source times. */
  readonly fromMs: number
  readonly toMs: number
  /** Relative to the data folder; null of a row. */
  readonly file: string | null
}

/** By the appliance's own clock, which may have leapt; `toMs` is not included. */
export interface ReceivedSpan {
  readonly fromMs: number
  readonly toMs: number
}

/** A clock that was set back for no more segments than these does not hide what came before it did; more, and each look reads as many rows in vain. */
const setBackSegmentsMax = 256
/** How many times that happens in one span; the rest of it is then left out. */
const setBacksMax = 16

// length(body) and level are answered from the head of a record: the body itself is not read.
const rowColumns =
  'first_seq as firstSeq, count, level, length(body) as bytes, received_ms as receivedMs, from_ms as fromMs, to_ms as toMs, null as file'
const fileColumns =
  'first_seq as firstSeq, count, level, bytes, received_ms as receivedMs, from_ms as fromMs, to_ms as toMs, file'

/** One statement over rows and files each: a merge that commits meanwhile is seen whole or not at all. */
export class SegmentCatalogue {
  readonly #near
  readonly #overlapping
  readonly #lastWithin
  readonly #lastBefore
  readonly #nearBefore
  readonly #backwards
  readonly #body
  readonly #fileBytes

  constructor(database: Database) {
    this.#near = database.prepare<{ seq: number }, StoredSegment>(
      `select * from (select ${rowColumns} from reading_segments where first_seq <= @seq order by first_seq desc limit 1)
       union all select * from (select ${fileColumns} from segment_files where first_seq <= @seq order by first_seq desc limit 1)
       union all select * from (select ${rowColumns} from reading_segments where first_seq > @seq order by first_seq limit 1)
       union all select * from (select ${fileColumns} from segment_files where first_seq > @seq order by first_seq limit 1)`,
    )
    this.#overlapping = database.prepare<{ fromMs: number; toMs: number }, StoredSegment>(
      `select ${rowColumns} from reading_segments where to_ms >= @fromMs and from_ms <= @toMs
       union all select ${fileColumns} from segment_files where to_ms >= @fromMs and from_ms <= @toMs order by 1`,
    )
    const newest = (what: string, from: string) => `select ${what} from ${from} order by first_seq desc limit`
    this.#lastWithin = database.prepare<ReceivedSpan & { seq: number }, { firstSeq: number | null }>(
      `select max(firstSeq) as firstSeq from (
         select * from (${newest('first_seq as firstSeq', 'reading_segments where first_seq <= @seq and received_ms >= @fromMs and received_ms < @toMs')} 1)
         union all select * from (${newest('first_seq', 'segment_files where first_seq <= @seq and received_ms >= @fromMs and received_ms < @toMs')} 1))`,
    )
    this.#lastBefore = database.prepare<{ fromMs: number; seq: number }, { firstSeq: number; endSeq: number }>(
      `select * from (${newest('first_seq as firstSeq, first_seq + count as endSeq', 'reading_segments where first_seq <= @seq and received_ms < @fromMs')} 1)
       union all select * from (${newest('first_seq, first_seq + count', 'segment_files where first_seq <= @seq and received_ms < @fromMs')} 1)
       order by 1 desc`,
    )
    this.#nearBefore = database.prepare<ReceivedSpan & { seq: number }, { firstSeq: number | null }>(
      `select max(firstSeq) as firstSeq from (
         select * from (${newest('first_seq as firstSeq, received_ms as receivedMs', 'reading_segments where first_seq < @seq')} ${setBackSegmentsMax})
         union all select * from (${newest('first_seq, received_ms', 'segment_files where first_seq < @seq')} ${setBackSegmentsMax}))
       where receivedMs >= @fromMs and receivedMs < @toMs`,
    )
    this.#backwards = database.prepare<{ seq: number }, StoredSegment>(
      `select ${rowColumns} from reading_segments where first_seq <= @seq
       union all select ${fileColumns} from segment_files where first_seq <= @seq order by 1 desc`,
    )
    this.#body = database.prepare<[number, number], { body: Buffer }>(
      'select body from reading_segments where first_seq = ? and count = ?',
    )
    this.#fileBytes = database.prepare<[], { bytes: number }>(
      'select coalesce(sum(bytes), 0) as bytes from segment_files',
    )
  }

  /** The segment that holds a sequence number, or the next one behind it; null at the end of the lane. */
  atOrAfter(seq: number): StoredSegment | null {
    let best: StoredSegment | null = null
    for (const segment of this.#near.all({ seq })) {
      if (segment.firstSeq + segment.count > seq && (best === null || segment.firstSeq < best.firstSeq)) best = segment
    }
    return best
  }

  /** Segments from the one that holds a sequence number, or is the last before it, back to the first. Nothing may be written while it is gone through. */
  backwards(seq: number): IterableIterator<StoredSegment> {
    return this.#backwards.iterate({ seq })
  }

  /** Every segment with a source time in the interval, in order of sequence. */
  overlapping(fromMs: number, toMs: number): readonly StoredSegment[] {
    return this.#overlapping.all({ fromMs, toMs })
  }

  /**
   * Where the readings of a span of the appliance's clock begin: the segment behind the last one that is from before it. Found
   * from the end of the span backwards, since clocks leap: a stretch that came while the clock ran ahead would be the first one
   * "from then on" for ever after. Null where no segment ends within the span.
   * @param upToSeq nothing behind this number is looked at
   */
  receivedFrom({ fromMs, toMs }: ReceivedSpan, upToSeq: number = Number.MAX_SAFE_INTEGER): StoredSegment | null {
    let seq = this.#lastWithin.get({ fromMs, toMs, seq: upToSeq })?.firstSeq ?? null
    if (seq === null) return null
    for (let setBacks = 0; ; setBacks++) {
      const before = this.#lastBefore.get({ fromMs, seq })
      if (before === undefined) return this.atOrAfter(1)
      const within = this.#nearBefore.get({ fromMs, toMs, seq: before.firstSeq })?.firstSeq ?? null
      if (within === null || setBacks === setBacksMax) return this.atOrAfter(before.endSeq)
      seq = within
    }
  }

  /** The segment behind the last one that is from before an instant; null where there is none up to this number. */
  behindBefore(fromMs: number, upToSeq: number = Number.MAX_SAFE_INTEGER): StoredSegment | null {
    const beginSeq = this.#lastBefore.get({ fromMs, seq: upToSeq })?.endSeq ?? 1
    return beginSeq > upToSeq ? null : this.atOrAfter(beginSeq)
  }

  /** The last reading of the last segment that ends within the span, and the segment behind it, in which the span may end; null where no segment ends within it. */
  receivedUntil({
    fromMs,
    toMs,
  }: ReceivedSpan): { readonly lastSeq: number; readonly next: StoredSegment | null } | null {
    const firstSeq = this.#lastWithin.get({ fromMs, toMs, seq: Number.MAX_SAFE_INTEGER })?.firstSeq ?? null
    const last = firstSeq === null ? null : this.atOrAfter(firstSeq)
    if (last === null) return null
    const endSeq = last.firstSeq + last.count
    return { lastSeq: endSeq - 1, next: this.atOrAfter(endSeq) }
  }

  /** Bytes of a row; null when it has been merged or dropped meanwhile. */
  body(segment: Pick<StoredSegment, 'firstSeq' | 'count'>): Buffer | null {
    return this.#body.get(segment.firstSeq, segment.count)?.body ?? null
  }

  /** Bytes of all files. */
  fileBytes(): number {
    return this.#fileBytes.get()?.bytes ?? 0
  }
}
