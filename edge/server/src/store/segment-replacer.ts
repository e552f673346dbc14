import { mayMerge } from '../merging/plan.ts'
import type { LineBounds } from '../merging/plan.ts'
import { meta, setMeta } from './database.ts'
import type { Database } from './database.ts'
import { receiptedSeq } from './epochs.ts'

/** A merged segment that takes the place of its parts. It lies in a file already, or comes as a row. */
export interface SegmentReplacement {
  readonly level: 1 | 2 | 3
  readonly firstSeq: number
  readonly count: number
  readonly receivedMs: number
  readonly fromMs: number
  readonly toMs: number
  /** In order of sequence; together exactly the range. */
  readonly parts: readonly { readonly firstSeq: number; readonly count: number; readonly level: number }[]
  readonly place:
    | { readonly kind: 'row'; readonly body: Uint8Array }
    | { readonly kind: 'file'; readonly file: string; readonly bytes: number }
}

export interface SegmentReplaced {
  /** False: the parts are not what they were, or were sent meanwhile; nothing has changed and the merge is void. */
  readonly replaced: boolean
  /** Files that belong to nothing any more. */
  readonly filesGone: readonly string[]
}

/** Name in `meta` of the highest reading that has left for the cloud. */
const sentReadingsSeq = 'sent_readings_seq'

/** How far the readings lane has left and was confirmed. */
export function lineBounds(database: Database): LineBounds {
  return { receiptedSeq: receiptedSeq(database, 'readings'), sentSeq: Number(meta(database, sentReadingsSeq) ?? '0') }
}

/** Puts merged segments in place. Its methods belong inside the journal's commit. */
export class SegmentReplacer {
  readonly #database: Database
  readonly #statements

  constructor(database: Database) {
    this.#database = database
    this.#statements = {
      parts: database.prepare<{ from: number; to: number }, { firstSeq: number; count: number; file: string | null }>(
        `select first_seq as firstSeq, count, null as file from reading_segments where first_seq between @from and @to
         union all select first_seq, count, file from segment_files where first_seq between @from and @to order by 1`,
      ),
      rowsGone: database.prepare<[number, number]>('delete from reading_segments where first_seq between ? and ?'),
      filesGone: database.prepare<[number, number]>('delete from segment_files where first_seq between ? and ?'),
      row: database.prepare(
        'insert into reading_segments (first_seq, count, received_ms, from_ms, to_ms, body, level) values (?, ?, ?, ?, ?, ?, ?)',
      ),
      file: database.prepare(
        'insert into segment_files (first_seq, count, level, received_ms, from_ms, to_ms, bytes, file) values (?, ?, ?, ?, ?, ?, ?, ?)',
      ),
    }
  }

  replace(merged: SegmentReplacement): SegmentReplaced {
    const { firstSeq, count, receivedMs, fromMs, toMs, level, place } = merged
    const toSeq = firstSeq + count - 1
    const found = this.#statements.parts.all({ from: firstSeq, to: toSeq })
    const isAsPlanned =
      found.length === merged.parts.length &&
      found.every(
        (part, index) => part.firstSeq === merged.parts[index]?.firstSeq && part.count === merged.parts[index].count,
      )
    // A batch may have left between the plan and now.
    if (!isAsPlanned || !mayMerge(firstSeq, toSeq, lineBounds(this.#database)))
      return { replaced: false, filesGone: place.kind === 'file' ? [place.file] : [] }
    this.#statements.rowsGone.run(firstSeq, toSeq)
    this.#statements.filesGone.run(firstSeq, toSeq)
    if (place.kind === 'row') this.#statements.row.run(firstSeq, count, receivedMs, fromMs, toMs, place.body, level)
    else this.#statements.file.run(firstSeq, count, level, receivedMs, fromMs, toMs, place.bytes, place.file)
    return { replaced: true, filesGone: found.flatMap(({ file }) => (file === null ? [] : [file])) }
  }

  /** Readings up to here leave for the cloud. A lower number than before changes nothing. */
  noteSent(upToSeq: number): void {
    if (upToSeq > lineBounds(this.#database).sentSeq) setMeta(this.#database, sentReadingsSeq, String(upToSeq))
  }
}
