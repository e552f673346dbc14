import type { BatchHeader, Lane, RangeTally } from '@jidoka/sync-protocol'
import { addTally, rangeOf, rangeRows } from '@jidoka/sync-protocol'
import type { Transaction } from '../../platform/db/database.ts'
import type { LaneOfEdge } from './lane-of-edge.ts'
import type { LaneName } from './lane-repository.ts'
import type { Hole } from './readings/placed.ts'

export interface KeptRange extends RangeTally {
  readonly range: number
  readonly fromSeq: number
}

/** The numbers of a range that are counted in its sum. Rows before them may lie in it all the same, and are nobody's to compare. */
export type CountedSpan = Pick<KeptRange, 'fromSeq' | 'upToSeq'>

interface RangeRow {
  range: number
  from_seq: number
  up_to_seq: number
  count: number
  sum: string
}

const kept = ({ range, from_seq, up_to_seq, count, sum }: RangeRow): KeptRange => ({
  range,
  fromSeq: from_seq,
  upToSeq: up_to_seq,
  count,
  sum,
})

/** What is kept of the ranges of these numbers, by range, locked. The lane's cursor must be locked. */
export async function lockRanges(
  tx: Transaction,
  { edgeId, epoch, lane }: LaneName,
  { from_seq, to_seq }: Pick<BatchHeader, 'from_seq' | 'to_seq'>,
): Promise<Map<number, KeptRange>> {
  const rows = await tx.query<RangeRow>(
    {
      name: 'ranges-of-batch',
      text: 'select range, from_seq, up_to_seq, count, sum from fleet.ranges where edge_id = $1 and epoch = $2 and lane = $3 and range between $4 and $5 for update',
    },
    [edgeId, epoch, lane, rangeOf(from_seq), rangeOf(to_seq)],
  )
  return new Map(rows.map((row) => [row.range, kept(row)]))
}

/**
 * Adds what a batch brought to the sums of its ranges. The lane's cursor must be locked.
 * @param before of `lockRanges`
 * @param fromSeq first number of the batch that is new
 */
export function addToRanges(
  tx: Transaction,
  lane: LaneName,
  before: ReadonlyMap<number, KeptRange>,
  fromSeq: number,
  tallies: ReadonlyMap<number, RangeTally>,
): void {
  if (tallies.size === 0) return
  const rows = [...tallies].map(([range, tally]) => ({
    range,
    fromSeq: before.get(range)?.fromSeq ?? Math.max(range * rangeRows + 1, fromSeq),
    ...addTally(before.get(range), tally),
  }))
  tx.send(
    {
      name: 'add-to-ranges',
      text: `insert into fleet.ranges as old (tenant_id, edge_id, epoch, lane, range, from_seq, up_to_seq, count, sum, apart)
     select $1, $2, $3, $4, r.*, 1 from unnest($5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[]) as r
     on conflict (tenant_id, edge_id, epoch, lane, range) do update set
       up_to_seq = excluded.up_to_seq, count = excluded.count, sum = excluded.sum, apart = coalesce(old.apart, 1) + 1`,
    },
    [
      tx.tenantId,
      lane.edgeId,
      lane.epoch,
      lane.lane,
      rows.map(({ range }) => range),
      rows.map((row) => row.fromSeq),
      rows.map(({ upToSeq }) => upToSeq),
      rows.map(({ count }) => count),
      rows.map(({ sum }) => sum),
    ],
  )
}

/** Consecutive ranges from one on. */
export async function listRanges(
  tx: Transaction,
  lane: Pick<LaneOfEdge, 'edgeId' | 'epoch'>,
  name: Lane,
  from: number,
  max: number,
): Promise<KeptRange[]> {
  const rows = await tx.query<RangeRow>(
    `select range, from_seq, up_to_seq, count, sum from fleet.ranges
     where edge_id = $1 and epoch = $2 and lane = $3 and range >= $4 order by range limit $5`,
    [lane.edgeId, lane.epoch, name, from, max],
  )
  return rows.map(kept)
}

/** Numbers of a span of readings that the lane itself has told as gone, in order; what records tell of was here before. */
export async function listHoles(
  tx: Transaction,
  { edgeId, epoch }: Pick<LaneOfEdge, 'edgeId' | 'epoch'>,
  { fromSeq, upToSeq }: CountedSpan,
): Promise<Hole[]> {
  const rows = await tx.query<{ from_seq: number; to_seq: number }>(
    `select greatest(from_seq, $3) as from_seq, least(to_seq, $4) as to_seq from fleet.drops
     where edge_id = $1 and epoch = $2 and lane = 'readings' and source_seq is null and from_seq <= $4 and to_seq >= $3 order by from_seq`,
    [edgeId, epoch, fromSeq, upToSeq],
  )
  return rows.map(({ from_seq, to_seq }) => ({ fromSeq: from_seq, toSeq: to_seq }))
}

/** A range of readings, locked: a repair and the merging of its rows go one after the other. */
export async function lockRange(
  tx: Transaction,
  lane: Pick<LaneOfEdge, 'edgeId' | 'epoch'>,
  range: number,
): Promise<(KeptRange & { readonly mergedTagNo: number | null }) | null> {
  const [row] = await tx.query<RangeRow & { merged_tag_no: number | null }>(
    `select range, from_seq, up_to_seq, count, sum, merged_tag_no from fleet.ranges
     where edge_id = $1 and epoch = $2 and lane = 'readings' and range = $3 for update`,
    [lane.edgeId, lane.epoch, range],
  )
  return row === undefined ? null : { ...kept(row), mergedTagNo: row.merged_tag_no }
}

/** Its rows of tags up to one are as few as they can be; of all tags when it is null. */
export async function noteMerged(
  tx: Transaction,
  lane: Pick<LaneOfEdge, 'edgeId' | 'epoch'>,
  range: number,
  upToTagNo: number | null,
): Promise<void> {
  await tx.run(
    `update fleet.ranges set merged_tag_no = $4, apart = case when $4::bigint is null then null else apart end
     where edge_id = $1 and epoch = $2 and lane = 'readings' and range = $3`,
    [lane.edgeId, lane.epoch, range, upToTagNo],
  )
}
