import type { DropReason, Lane } from '@jidoka/sync-protocol'
import type { Database } from '../store/database.ts'

export interface Gap {
  readonly fromSeq: number
  readonly toSeq: number
  readonly reason: DropReason
}

interface GapRow {
  readonly from_seq: number
  readonly to_seq: number
  readonly reason: DropReason
}

/**
 * The ranges that a lane no longer holds. A gap holds no row: every number of it is gone. One that touches a neighbour of
 * the same reason is joined with it, so that there are never more gaps than rows kept between them and changes of reason.
 */
export class GapTable {
  readonly #before
  readonly #at
  readonly #insert
  readonly #remove

  constructor(database: Database) {
    const columns = 'select from_seq, to_seq, reason from gaps where lane = ?'
    this.#before = database.prepare<[string, number], GapRow>(
      `${columns} and from_seq < ? order by from_seq desc limit 1`,
    )
    this.#at = database.prepare<[string, number], GapRow>(`${columns} and from_seq = ?`)
    this.#insert = database.prepare(
      'insert into gaps (lane, from_seq, to_seq, count, reason, at_ms) values (?, ?, ?, ?, ?, ?)',
    )
    this.#remove = database.prepare('delete from gaps where lane = ? and from_seq = ?')
  }

  /** Belongs into the commit that deletes the rows. The range must not lie in a gap yet. */
  add(lane: Lane, { fromSeq, toSeq, reason }: Gap, atMs: number): void {
    let [from, to] = [fromSeq, toSeq]
    const before = this.#before.get(lane, fromSeq)
    if (before !== undefined && before.to_seq === fromSeq - 1 && before.reason === reason) {
      from = before.from_seq
      this.#remove.run(lane, before.from_seq)
    }
    const behind = this.#at.get(lane, toSeq + 1)
    if (behind !== undefined && behind.reason === reason) {
      to = behind.to_seq
      this.#remove.run(lane, behind.from_seq)
    }
    this.#insert.run(lane, from, to, to - from + 1, reason, atMs)
  }
}

/** Numbers as ranges without a break; they must come in order. */
export function* rangesOf(
  pieces: Iterable<{ readonly firstSeq: number; readonly lastSeq: number }>,
): Generator<{ readonly fromSeq: number; readonly toSeq: number }> {
  let fromSeq = 0
  let toSeq = -1
  for (const { firstSeq, lastSeq } of pieces) {
    if (firstSeq !== toSeq + 1) {
      if (toSeq >= fromSeq) yield { fromSeq, toSeq }
      fromSeq = firstSeq
    }
    toSeq = lastSeq
  }
  if (toSeq >= fromSeq) yield { fromSeq, toSeq }
}
