import type { Transaction } from '../../../platform/db/database.ts'
import { storableJson, storableMs } from '../../../platform/db/storable.ts'
import type { LaneOfEdge } from '../lane-of-edge.ts'
import { BinaryArray } from './binary-array.ts'
import { booleanKind, numberKind, textKind } from './runs.ts'
import type { Run, RunColumns } from './runs.ts'

/** The sparkline's length (`boardTagSchema.recent`). */
export const recentMax = 60

/** The last value of a tag in a batch and its numbers in order of arrival. */
export interface LastValue {
  tagNo: number
  atMs: number
  /** Of two with one instant the later one stands. */
  seq: number
  value: number | boolean | string
  quality: number
  recent: number[]
}

/** Each tag's last value over the runs of a batch. */
export class LastValues {
  readonly #ofTag = new Map<number, LastValue>()

  add(run: Run, columns: RunColumns): void {
    const { atMs, seq, number, quality } = columns
    let last = run.from
    for (let index = run.from + 1; index < run.to; index++)
      if ((atMs[index] as number) >= (atMs[last] as number)) last = index
    const its = { atMs: atMs[last] as number, seq: seq[last] as number }
    let value = this.#ofTag.get(run.tagNo)
    if (value === undefined) {
      value = { tagNo: run.tagNo, atMs: -Infinity, seq: 0, value: 0, quality: 0, recent: [] }
      this.#ofTag.set(run.tagNo, value)
    }
    if (its.atMs > value.atMs || (its.atMs === value.atMs && its.seq > value.seq)) {
      const found = number[last] as number
      value.atMs = its.atMs
      value.seq = its.seq
      value.quality = quality[last] as number
      value.value =
        run.kind === textKind ? (columns.texts[found] as string) : run.kind === booleanKind ? found === 1 : found
    }
    if (run.kind !== numberKind) return
    for (let index = Math.max(run.from, run.to - recentMax); index < run.to; index++)
      value.recent.push(number[index] as number)
    if (value.recent.length > recentMax) value.recent.splice(0, value.recent.length - recentMax)
  }

  get all(): readonly LastValue[] {
    return [...this.#ofTag.values()]
  }
}

/** An item of `flat` begins at `at` and has `count` elements; slices of one binary parameter are what PostgreSQL takes of lists of lists. */
export function storeLastValues(tx: Transaction, lane: LaneOfEdge, last: readonly LastValue[]): void {
  const tagNos = new BinaryArray('bigint')
  const quality = new BinaryArray('smallint')
  const at = new BinaryArray('timestamptz')
  const recentAt = new BinaryArray('integer')
  const recentCount = new BinaryArray('integer')
  const recent = new BinaryArray('double precision')
  for (const value of last) {
    tagNos.push(value.tagNo)
    quality.push(value.quality)
    at.push(storableMs(value.atMs))
    recentAt.push(recent.length + 1)
    recentCount.push(value.recent.length)
    for (const number of value.recent) recent.push(number)
  }
  tx.send(
    {
      name: 'put-last-values',
      text: `insert into fleet.tag_values as old (tenant_id, edge_id, epoch, tag_no, value, quality, at, received_at, recent)
     select $1, $2, $3, t.tag_no, t.value::jsonb, t.quality, t.at, $4, ($10::float8[])[t.recent_at : t.recent_at + t.recent_count - 1]
     from unnest($5::bigint[], $6::text[], $7::smallint[], $8::timestamptz[], $9::integer[], $11::integer[])
       as t (tag_no, value, quality, at, recent_at, recent_count)
     on conflict (tenant_id, edge_id, epoch, tag_no) do update set
       value = case when excluded.at >= old.at then excluded.value else old.value end,
       quality = case when excluded.at >= old.at then excluded.quality else old.quality end,
       at = greatest(old.at, excluded.at),
       received_at = excluded.received_at,
       recent = case when cardinality(excluded.recent) = ${recentMax} then excluded.recent
         else (old.recent || excluded.recent)[greatest(1, cardinality(old.recent) + cardinality(excluded.recent) - ${recentMax - 1}):] end`,
    },
    [
      tx.tenantId,
      lane.edgeId,
      lane.epoch,
      lane.receivedAt,
      tagNos.take(),
      last.map(({ value }) => storableJson(value)),
      quality.take(),
      at.take(),
      recentAt.take(),
      recent.take(),
      recentCount.take(),
    ],
  )
}
