import type { Reading } from '@jidoka/domain'
import { rangeRows, RangeSum } from '@jidoka/sync-protocol'
import type { Transaction } from '../../../platform/db/database.ts'
import { readingsOf, storedRowColumns } from './segment-row.ts'
import type { StoredRow } from './segment-row.ts'

/** All rows of a range as they lie in the database; rows never cross a range. At most 65,536 readings. */
export function rowsOfRange(tx: Transaction, streamId: number, range: number): Promise<StoredRow[]> {
  return tx.query<StoredRow>(
    `select ${storedRowColumns} from core.reading_segments
     where stream_id = $1 and first_seq between $2 and $3 order by tag_no, kind, first_seq`,
    [streamId, range * rangeRows + 1, (range + 1) * rangeRows],
  )
}

/** Of these tags alone. */
export function rowsOfTags(
  tx: Transaction,
  streamId: number,
  range: number,
  tagNos: readonly number[],
): Promise<StoredRow[]> {
  return tx.query<StoredRow>(
    `select ${storedRowColumns} from core.reading_segments
     where stream_id = $1 and first_seq between $2 and $3 and tag_no = any($4::bigint[]) order by tag_no, kind, first_seq`,
    [streamId, range * rangeRows + 1, (range + 1) * rangeRows, tagNos],
  )
}

export function deleteRowsOfTags(
  tx: Transaction,
  streamId: number,
  range: number,
  tagNos: readonly number[],
): Promise<number> {
  return tx.run(
    'delete from core.reading_segments where stream_id = $1 and first_seq between $2 and $3 and tag_no = any($4::bigint[])',
    [streamId, range * rangeRows + 1, (range + 1) * rangeRows, tagNos],
  )
}

export function deleteRowsOfRange(tx: Transaction, streamId: number, range: number): Promise<number> {
  return tx.run('delete from core.reading_segments where stream_id = $1 and first_seq between $2 and $3', [
    streamId,
    range * rangeRows + 1,
    (range + 1) * rangeRows,
  ])
}

/** Counts rows anew, as if nobody had ever counted them. */
export function tallyOf(rows: readonly StoredRow[]): { readonly count: number; readonly sum: string } {
  const sum = new RangeSum()
  let count = 0
  for (const reading of readingsIn(rows)) {
    sum.addReading(reading)
    count++
  }
  return { count, sum: sum.hex() }
}

export function* readingsIn(rows: readonly StoredRow[]): Generator<Reading> {
  for (const row of rows) yield* readingsOf(row)
}
