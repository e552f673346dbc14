import type { Transaction } from '../../../platform/db/database.ts'
import { storableMs, storableText } from '../../../platform/db/storable.ts'
import { BinaryArray } from './binary-array.ts'
import { exactOf } from './segment-row.ts'
import type { SegmentRow } from './segment-row.ts'

/** Characters. A range of long texts would else be a parameter of 64 MB, held here and there. */
const statementTextMax = 4 * 1024 * 1024

/**
 * Collects the rows of one range of a lane, a megabyte of parameters, and inserts them. A list within a row is a slice of one long binary parameter: PostgreSQL has no lists of lists of different
 * lengths, and parsing `{1,2,3}` took two thirds of the time of an insert.
 */
export class RowWriter {
  readonly #tx: Transaction
  readonly #streamId: number
  #rows = 0
  readonly #columns = {
    firstSeq: new BinaryArray('bigint'),
    tagNo: new BinaryArray('bigint'),
    kind: new BinaryArray('smallint'),
    fromAt: new BinaryArray('timestamptz'),
    toAt: new BinaryArray('timestamptz'),
    count: new BinaryArray('integer'),
    stepMs: new BinaryArray('integer'),
    base: new BinaryArray('bigint'),
    divisor: new BinaryArray('integer'),
    dtAt: new BinaryArray('integer'),
    dtWideAt: new BinaryArray('integer'),
    scaledAt: new BinaryArray('integer'),
    scaledWideAt: new BinaryArray('integer'),
    numbersAt: new BinaryArray('integer'),
    qualitiesAt: new BinaryArray('integer'),
  }
  readonly #lists = {
    dt: new BinaryArray('smallint'),
    dtWide: new BinaryArray('integer'),
    scaled: new BinaryArray('smallint'),
    scaledWide: new BinaryArray('integer'),
    numbers: new BinaryArray('double precision'),
    qualities: new BinaryArray('smallint'),
  }
  #texts: (string | null)[] = []
  #exact: (string | null)[] = []
  #textLength = 0
  /** Left out of the statement while no row needs them. */
  #anyTexts = false
  #anyExact = false

  constructor(tx: Transaction, streamId: number) {
    this.#tx = tx
    this.#streamId = streamId
  }

  /** Whoever adds has `write` called once a range is complete: more at once gains no speed and is held twice, here and there. */
  add(row: SegmentRow): void {
    const columns = this.#columns
    const lists = this.#lists
    columns.firstSeq.push(row.firstSeq)
    columns.tagNo.push(row.tagNo)
    columns.kind.push(row.kind)
    columns.fromAt.push(storableMs(row.fromMs))
    columns.toAt.push(storableMs(row.toMs))
    columns.count.push(row.count)
    columns.stepMs.push(row.stepMs)
    columns.base.push(row.base)
    columns.divisor.push(row.divisor)
    columns.dtAt.push(pushList(lists.dt, row.dtWide ? null : row.dt))
    columns.dtWideAt.push(pushList(lists.dtWide, row.dtWide ? row.dt : null))
    columns.scaledAt.push(pushList(lists.scaled, row.scaledWide ? null : row.scaled))
    columns.scaledWideAt.push(pushList(lists.scaledWide, row.scaledWide ? row.scaled : null))
    columns.numbersAt.push(pushList(lists.numbers, row.numbers))
    columns.qualitiesAt.push(pushList(lists.qualities, row.qualities))
    const exact = exactOf(row)
    this.#texts.push(row.texts === null ? null : `{${row.texts.map(quoted).join()}}`)
    this.#exact.push(exact)
    this.#textLength += (this.#texts.at(-1)?.length ?? 0) + (exact?.length ?? 0)
    if (row.texts !== null) this.#anyTexts = true
    if (exact !== null) this.#anyExact = true
    this.#rows++
  }

  /** Whether its texts have come to as much as one statement should carry: to be written before the range is complete. */
  get isFull(): boolean {
    return this.#textLength >= statementTextMax
  }

  /** Inserts what was added since the last time. */
  async write(): Promise<void> {
    if (this.#rows === 0) return
    const columns = this.#columns
    const lists = this.#lists
    const values = [
      this.#tx.tenantId,
      this.#streamId,
      columns.firstSeq.take(),
      columns.tagNo.take(),
      columns.kind.take(),
      columns.fromAt.take(),
      columns.toAt.take(),
      columns.count.take(),
      columns.stepMs.take(),
      columns.base.take(),
      columns.divisor.take(),
      columns.dtAt.take(),
      columns.dtWideAt.take(),
      columns.scaledAt.take(),
      columns.scaledWideAt.take(),
      columns.numbersAt.take(),
      columns.qualitiesAt.take(),
      this.#anyTexts ? this.#texts : null,
      this.#anyExact ? this.#exact : null,
      lists.dt.take(),
      lists.dtWide.take(),
      lists.scaled.take(),
      lists.scaledWide.take(),
      lists.numbers.take(),
      lists.qualities.take(),
    ]
    this.#texts = []
    this.#exact = []
    this.#anyTexts = false
    this.#anyExact = false
    this.#textLength = 0
    this.#rows = 0
    await this.#tx.run(
      {
        name: 'insert-segments',
        text: `insert into core.reading_segments
         (tenant_id, stream_id, first_seq, tag_no, kind, from_at, to_at, count, step_ms, base, divisor, dt, dt_wide, scaled, scaled_wide, numbers, texts, qualities, exact)
       select $1, $2, r.first_seq, r.tag_no, r.kind, r.from_at, r.to_at, r.count, r.step_ms, r.base, r.divisor,
         ($20::smallint[])[r.dt_at : r.dt_at + r.count - 1], ($21::integer[])[r.dt_wide_at : r.dt_wide_at + r.count - 1],
         ($22::smallint[])[r.scaled_at : r.scaled_at + r.count - 1], ($23::integer[])[r.scaled_wide_at : r.scaled_wide_at + r.count - 1],
         ($24::float8[])[r.numbers_at : r.numbers_at + r.count - 1], r.texts::text[],
         ($25::smallint[])[r.qualities_at : r.qualities_at + r.count - 1], r.exact
       from unnest($3::bigint[], $4::bigint[], $5::smallint[], $6::timestamptz[], $7::timestamptz[], $8::integer[], $9::integer[], $10::bigint[], $11::integer[],
           $12::integer[], $13::integer[], $14::integer[], $15::integer[], $16::integer[], $17::integer[], $18::text[], $19::text[])
         as r (first_seq, tag_no, kind, from_at, to_at, count, step_ms, base, divisor,
           dt_at, dt_wide_at, scaled_at, scaled_wide_at, numbers_at, qualities_at, texts, exact)`,
      },
      values,
    )
  }
}

/** Where the list begins in the long one, from 1; null of none, whose slice is null. */
function pushList(into: BinaryArray, list: readonly number[] | null): number | null {
  if (list === null) return null
  const at = into.length + 1
  for (const value of list) into.push(value)
  return at
}

function quoted(text: string): string {
  return `"${storableText(text).replace(/["\\]/g, '\\$&')}"`
}
