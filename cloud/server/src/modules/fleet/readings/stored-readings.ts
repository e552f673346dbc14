import type { Reading } from '@jidoka/domain'
import { RangeSum } from '@jidoka/sync-protocol'
import type { Transaction } from '../../../platform/db/database.ts'
import type { CountedSpan } from '../ranges-repository.ts'
import { readingsOf, storedRowColumns } from './segment-row.ts'
import type { StoredRow } from './segment-row.ts'

/** What is read of the stored rows at once: a range of numbers in one go. 65,536 long texts would be 64 MB, several times over. */
const sliceBytesMax = 4 * 1024 * 1024

/** A reading's number, time and quality, as they are read. */
const readingBytes = 40

/**
 * Who reads a range in several statements holds this `shared`, who writes its rows anew holds it alone: a reading would else be seen twice or not
 * at all. Taken before the lock of a range.
 */
export async function lockStoredRows(tx: Transaction, how: 'shared' | 'alone'): Promise<void> {
  await tx.query(
    `select pg_advisory_xact_lock${how === 'shared' ? '_shared' : ''}(hashtext('jidoka.readings'), hashtext('merge'))`,
  )
}

/** As `alone`, for who would rather come again. One at a time in the whole database: two would only double the work of the disk. */
export async function tryLockStoredRows(tx: Transaction): Promise<boolean> {
  const [lock] = await tx.query<{ mine: boolean }>(
    `select pg_try_advisory_xact_lock(hashtext('jidoka.readings'), hashtext('merge')) as mine`,
  )
  return lock?.mine === true
}

/**
 * The rows of a span as they lie in the database, slice by slice of a few megabytes, in the order of their numbers. Rows lie within the span of
 * a range or outside of it. The stored rows must be locked.
 * @param tagNos of these tags alone
 */
export async function* slicesOf(
  tx: Transaction,
  streamId: number,
  { fromSeq, upToSeq }: CountedSpan,
  tagNos: readonly number[] | null = null,
): AsyncGenerator<StoredRow[]> {
  const found = await tx.query<{ first_seq: number; bytes: number }>(
    `select first_seq, sum(count::bigint * ${readingBytes} + coalesce(octet_length(texts::text), 0) + coalesce(octet_length(exact), 0))::bigint as bytes
     from core.reading_segments where ${within} group by first_seq order by first_seq`,
    [streamId, fromSeq, upToSeq, tagNos],
  )
  for (let at = 0; at < found.length;) {
    const from = at
    let bytes = 0
    do bytes += found[at++]?.bytes as number
    while (at < found.length && bytes + (found[at]?.bytes as number) <= sliceBytesMax)
    yield await tx.query<StoredRow>(
      `select ${storedRowColumns} from core.reading_segments where ${within} order by first_seq, from_at`,
      [streamId, found[from]?.first_seq, found[at - 1]?.first_seq, tagNos],
    )
  }
}

const within = 'stream_id = $1 and first_seq between $2 and $3 and ($4::bigint[] is null or tag_no = any($4::bigint[]))'

export function deleteRows(
  tx: Transaction,
  streamId: number,
  { fromSeq, upToSeq }: CountedSpan,
  tagNos: readonly number[] | null = null,
): Promise<number> {
  return tx.run(`delete from core.reading_segments where ${within}`, [streamId, fromSeq, upToSeq, tagNos])
}

/** Counts the rows of a span anew, as if nobody had ever counted them. */
export async function tallyOfSpan(
  tx: Transaction,
  streamId: number,
  span: CountedSpan,
): Promise<{ readonly count: number; readonly sum: string }> {
  const sum = new RangeSum()
  let count = 0
  for await (const rows of slicesOf(tx, streamId, span)) count += addRows(sum, rows)
  return { count, sum: sum.hex() }
}

/** Adds the readings of rows to a sum; returns how many. */
export function addRows(sum: RangeSum, rows: readonly StoredRow[]): number {
  let count = 0
  for (const reading of readingsIn(rows)) {
    sum.addReading(reading)
    count++
  }
  return count
}

export function* readingsIn(rows: readonly StoredRow[]): Generator<Reading> {
  for (const row of rows) yield* readingsOf(row)
}
