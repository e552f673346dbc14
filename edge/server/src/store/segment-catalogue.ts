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

// length(body) and level are answered from the head of a record: the body itself is not read.
const rowColumns =
  'first_seq as firstSeq, count, level, length(body) as bytes, received_ms as receivedMs, from_ms as fromMs, to_ms as toMs, null as file'
const fileColumns =
  'first_seq as firstSeq, count, level, bytes, received_ms as receivedMs, from_ms as fromMs, to_ms as toMs, file'

/** One statement over rows and files each: a merge that commits meanwhile is seen whole or not at all. */
export class SegmentCatalogue {
  readonly #near
  readonly #overlapping
  readonly #receivedFrom
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
    this.#receivedFrom = database.prepare<{ receivedMs: number }, { firstSeq: number | null }>(
      `select min(firstSeq) as firstSeq from (
         select min(first_seq) as firstSeq from reading_segments where received_ms >= @receivedMs
         union all select min(first_seq) from segment_files where received_ms >= @receivedMs)`,
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

  /** Every segment with a source time in the interval, in order of sequence. */
  overlapping(fromMs: number, toMs: number): readonly StoredSegment[] {
    return this.#overlapping.all({ fromMs, toMs })
  }

  /** The first segment whose last commit was at this time or later; null where there is none. */
  receivedFrom(receivedMs: number): StoredSegment | null {
    const firstSeq = this.#receivedFrom.get({ receivedMs })?.firstSeq ?? null
    return firstSeq === null ? null : this.atOrAfter(firstSeq)
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
