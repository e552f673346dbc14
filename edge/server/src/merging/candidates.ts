import type { Database } from '../store/database.ts'
import { mergingLimits } from './limits.ts'
import type { LineBounds, Piece } from './plan.ts'

/** Reads what the planner looks at: oldest first, and nothing that lies in the range under way to the cloud. */
export class Candidates {
  readonly #rows
  readonly #files

  constructor(database: Database) {
    this.#rows = database.prepare<LineBounds & { limit: number }, Piece>(
      `select first_seq as firstSeq, count, level, length(body) as bytes, received_ms as receivedMs from reading_segments
       where first_seq + count - 1 <= @receiptedSeq or first_seq > @sentSeq order by first_seq limit @limit`,
    )
    this.#files = database.prepare<{ toSeq: number; limit: number }, Piece>(
      `select first_seq as firstSeq, count, level, bytes, received_ms as receivedMs from segment_files
       where level = 2 and first_seq <= @toSeq and first_seq + count - 1 <= @toSeq order by first_seq limit @limit`,
    )
  }

  /** In order of sequence. Without a cloud every file may be merged, with one those that it has. */
  read(bounds: LineBounds, hasCloud: boolean): readonly Piece[] {
    const limit = mergingLimits.candidatesMax
    const rows = this.#rows.all({ ...bounds, limit })
    const files = this.#files.all({ toSeq: hasCloud ? bounds.receiptedSeq : Number.MAX_SAFE_INTEGER, limit })
    return [...rows, ...files].sort((left, right) => left.firstSeq - right.firstSeq)
  }
}
