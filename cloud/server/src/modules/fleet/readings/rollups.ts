import type { Transaction } from '../../../platform/db/database.ts'
import { storableMs } from '../../../platform/db/storable.ts'
import { BinaryArray } from './binary-array.ts'
import { textKind } from './runs.ts'
import type { Run, RunColumns } from './runs.ts'

/** See the table: a shorter one costs as much as the readings that it sums up. */
const bucketMs = 600_000

export interface Rollup {
  readonly tagNo: number
  readonly bucketMs: number
  count: number
  sum: number
  min: number
  max: number
  last: number
  lastMs: number
}

/**
 * What the numbers and booleans of a batch add to the ten minutes that they belong to. Nothing outside of `span`: such instants come from a broken
 * clock, and could make a row of each reading.
 */
export class Rollups {
  readonly #span: { readonly fromMs: number; readonly toMs: number }
  readonly #ofTag = new Map<number, Map<number, Rollup>>()

  count = 0

  constructor(span: { readonly fromMs: number; readonly toMs: number }) {
    this.#span = span
  }

  add(run: Run, columns: RunColumns): void {
    if (run.kind === textKind) return
    const { timeMs, number } = columns
    let ofTag = this.#ofTag.get(run.tagNo)
    if (ofTag === undefined) this.#ofTag.set(run.tagNo, (ofTag = new Map<number, Rollup>()))
    let rollup: Rollup | undefined
    for (let index = run.from; index < run.to; index++) {
      const itsMs = timeMs[index] as number
      const value = number[index] as number
      // Neighbours are nearly always of one bucket.
      if (rollup === undefined || itsMs < rollup.bucketMs || itsMs >= rollup.bucketMs + bucketMs) {
        const startMs = Math.floor(itsMs / bucketMs) * bucketMs
        if (startMs < this.#span.fromMs || startMs >= this.#span.toMs) {
          rollup = undefined
          continue
        }
        rollup = ofTag.get(startMs)
        if (rollup === undefined) {
          rollup = {
            tagNo: run.tagNo,
            bucketMs: startMs,
            count: 0,
            sum: 0,
            min: value,
            max: value,
            last: value,
            lastMs: itsMs,
          }
          ofTag.set(startMs, rollup)
          this.count++
        }
      }
      rollup.count++
      rollup.sum += value
      if (value < rollup.min) rollup.min = value
      if (value > rollup.max) rollup.max = value
      if (itsMs >= rollup.lastMs) {
        rollup.lastMs = itsMs
        rollup.last = value
      }
    }
  }

  get all(): readonly Rollup[] {
    return [...this.#ofTag.values()].flatMap((ofTag) => [...ofTag.values()])
  }
}

/** Adds them to what is there. A batch is committed once (I2), so that nothing is counted twice. */
export function storeRollups(tx: Transaction, streamId: number, rollups: readonly Rollup[]): void {
  if (rollups.length === 0) return
  const tagNos = new BinaryArray('bigint')
  const buckets = new BinaryArray('timestamptz')
  const counts = new BinaryArray('bigint')
  const sums = new BinaryArray('double precision')
  const mins = new BinaryArray('double precision')
  const maxs = new BinaryArray('double precision')
  const lasts = new BinaryArray('double precision')
  const lastAts = new BinaryArray('timestamptz')
  for (const rollup of rollups) {
    tagNos.push(rollup.tagNo)
    buckets.push(rollup.bucketMs)
    counts.push(rollup.count)
    sums.push(finite(rollup.sum))
    mins.push(rollup.min)
    maxs.push(rollup.max)
    lasts.push(rollup.last)
    lastAts.push(storableMs(rollup.lastMs))
  }
  tx.send(
    {
      name: 'add-to-rollups',
      text: `insert into core.reading_rollups as old (tenant_id, stream_id, tag_no, bucket_at, count, sum, min, max, last, last_at)
     select $1, $2, * from unnest($3::bigint[], $4::timestamptz[], $5::bigint[], $6::float8[], $7::float8[], $8::float8[], $9::float8[], $10::timestamptz[])
     on conflict (stream_id, tag_no, bucket_at) do update set
       count = old.count + excluded.count,
       -- Sums near the end of what a float holds are not added: an overflow is an error, which would stop the lane.
       sum = case when greatest(abs(old.sum), abs(excluded.sum)) <= 8e307 then old.sum + excluded.sum
         when abs(old.sum) > abs(excluded.sum) then old.sum else excluded.sum end,
       min = least(old.min, excluded.min),
       max = greatest(old.max, excluded.max),
       last = case when excluded.last_at >= old.last_at then excluded.last else old.last end,
       last_at = greatest(old.last_at, excluded.last_at)`,
    },
    [
      tx.tenantId,
      streamId,
      tagNos.take(),
      buckets.take(),
      counts.take(),
      sums.take(),
      mins.take(),
      maxs.take(),
      lasts.take(),
      lastAts.take(),
    ],
  )
}

const finite = (sum: number): number => Math.min(Math.max(sum, -1.7e308), 1.7e308)
