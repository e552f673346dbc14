import { receiptSchema } from '@jidoka/sync-protocol'
import type { DropReason, Lane } from '@jidoka/sync-protocol'
import type { JournalReader, KeptRangeSum, KeptReceipt, StoredOutage } from '../ports.ts'
import { meta } from './database.ts'
import type { Database } from './database.ts'

/** Rows of one answer, whatever the caller asks for. */
const rowsMax = 1_000

interface OutageBody {
  readonly from_ms: number
  readonly to_ms: number | null
  readonly cause: string
  readonly rows_waiting: number
  readonly drained_ms?: number
  readonly dropped?: Partial<Record<DropReason, number>>
  readonly receipted?: Record<Lane, number>
}

interface ReceiptRow {
  readonly id: number
  readonly body: string
}
const keptReceiptOf = ({ id, body }: ReceiptRow): KeptReceipt => ({
  id,
  receipt: receiptSchema.parse(JSON.parse(body)),
})

/** Where readings with a number lie: in a row, or in a file behind one. The columns of the greatest first number come with it. */
const heldReadings = `
  select first_seq, count, received_ms from reading_segments where first_seq <= @seq and first_seq > @seq - 1048576 and first_seq + count > @seq
  union all select first_seq, count, received_ms from segment_files where first_seq <= @seq and first_seq > @seq - 1048576 and first_seq + count > @seq`

/** What the journal knows of its line to the cloud; each answer is bounded. */
export class LineReader {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** An outage has a record for its beginning, one for its end and one when it was drained, all with the same beginning: the newest says all. */
  outages(limit: number, beforeMs = Number.MAX_SAFE_INTEGER): readonly StoredOutage[] {
    return this.#all<{ line: string }>(
      `select max(seq), line from records where kind = 'outage' group by json_extract(line, '$.body.from_ms')
       having json_extract(line, '$.body.from_ms') < ? order by json_extract(line, '$.body.from_ms') desc limit ?`,
      beforeMs,
      Math.min(limit, rowsMax),
    ).map(outageOf)
  }

  outagesUndrained(limit: number): readonly StoredOutage[] {
    const fromSeq = Number(meta(this.#database, 'drained_from_seq') ?? '1')
    return this.#all<{ line: string }>(
      `select * from (
         select max(seq) as seq, line from records where kind = 'outage' and seq >= ? group by json_extract(line, '$.body.from_ms')
       ) where json_extract(line, '$.body.to_ms') is not null and json_extract(line, '$.body.drained_ms') is null order by seq desc limit ?`,
      fromSeq,
      Math.min(limit, rowsMax),
    )
      .map(outageOf)
      .toReversed()
  }

  receiptHistory({
    lane,
    upToSeq,
    beforeId,
    limit,
  }: Parameters<JournalReader['receiptHistory']>[0]): readonly KeptReceipt[] {
    return this.#all<ReceiptRow>(
      `select id, body from receipt_history where id < ? ${lane === undefined ? '' : 'and lane = ?'} ${upToSeq === undefined ? '' : 'and up_to_seq <= ?'}
       order by id desc limit ?`,
      beforeId ?? Number.MAX_SAFE_INTEGER,
      ...(lane === undefined ? [] : [lane]),
      ...(upToSeq === undefined ? [] : [upToSeq]),
      Math.min(limit, rowsMax),
    ).map(keptReceiptOf)
  }

  receiptsAfter(afterId: number, limit: number): readonly KeptReceipt[] {
    return this.#all<ReceiptRow>(
      'select id, body from receipt_history where id > ? order by id limit ?',
      afterId,
      Math.min(limit, rowsMax),
    ).map(keptReceiptOf)
  }

  rangeSums(lane: Lane, fromRange: number, limit: number): readonly KeptRangeSum[] {
    return this.#all<KeptRangeSum>(
      `select range, from_seq as fromSeq, up_to_seq as upToSeq, count, sum from range_sums where lane = ? and range >= ? order by range limit ?`,
      lane,
      fromRange,
      Math.min(limit, rowsMax),
    )
  }

  poisonFrom(lane: Lane, seq: number): { readonly fromSeq: number; readonly toSeq: number } | null {
    const [first] = this.#all<{ fromSeq: number; toSeq: number }>(
      'select from_seq as fromSeq, to_seq as toSeq from poison where lane = ? and to_seq >= ? order by from_seq limit 1',
      lane,
      seq,
    )
    return first ?? null
  }

  poisonCounts(sinceMs: number): Readonly<Record<Lane, number>> {
    const count = (lane: Lane) =>
      this.#all<{ count: number }>(
        'select count(*) as count from poison where lane = ? and at_ms >= ?',
        lane,
        sinceMs,
      )[0]?.count ?? 0
    return { records: count('records'), readings: count('readings') }
  }

  storedMs(lane: Lane, seq: number): number | null {
    if (lane === 'records')
      return (
        this.#all<{ at_ms: number }>('select at_ms from records where seq >= ? order by seq limit 1', seq)[0]?.at_ms ??
        null
      )
    const holding = this.#database.prepare<[{ seq: number }], { received_ms: number }>(heldReadings).get({ seq })
    const behind = 'where first_seq >= ? order by first_seq limit 1'
    return (
      holding?.received_ms ??
      [
        ...this.#all<{ first_seq: number; received_ms: number }>(
          `select first_seq, received_ms from reading_segments ${behind}`,
          seq,
        ),
        ...this.#all<{ first_seq: number; received_ms: number }>(
          `select first_seq, received_ms from segment_files ${behind}`,
          seq,
        ),
      ].toSorted((left, right) => left.first_seq - right.first_seq)[0]?.received_ms ??
      null
    )
  }

  #all<Row>(sql: string, ...values: readonly (string | number)[]): Row[] {
    return this.#database.prepare<(string | number)[], Row>(sql).all(...values)
  }
}

function outageOf({ line }: { readonly line: string }): StoredOutage {
  const { body } = JSON.parse(line) as { readonly body: OutageBody }
  return {
    fromMs: body.from_ms,
    toMs: body.to_ms,
    cause: body.cause,
    rowsWaiting: body.rows_waiting,
    drainedMs: body.drained_ms ?? null,
    dropped: body.dropped ?? {},
    receipted: body.receipted ?? null,
  }
}
