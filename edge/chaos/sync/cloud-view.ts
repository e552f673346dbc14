import { qualities, qualitySchema } from '@jidoka/domain'
import type { Value } from '@jidoka/domain'
import { RangeSum, receiptSchema } from '@jidoka/sync-protocol'
import type { Lane, LanePoint, RangeTally, Receipt } from '@jidoka/sync-protocol'
import type { Query } from './cloud-store.ts'

/** How often each value of each tag is there. */
export type Readings = ReadonlyMap<string, ReadonlyMap<Value, number>>

/** What the cloud's database says of one edge, asked by anybody's SQL and put together by nothing of the cloud's. */
export interface CloudView {
  readonly lanes: Readonly<Record<Lane, LanePoint>>
  /** As they were kept when the rows came. */
  readonly ranges: Readonly<Record<Lane, ReadonlyMap<number, RangeTally>>>
  /** The rows of core.sensor_events. */
  readonly readings: Readings
  readonly readingsCount: number
  /** Over tag, kind, quality, time and value of those rows. */
  readonly readingsSum: string
  readonly judgmentIds: readonly string[]
  /** State of each alarm, by its id. */
  readonly alarms: readonly { readonly id: string; readonly state: string }[]
  readonly runSeqs: readonly number[]
  readonly dropsCount: number
  readonly receipts: readonly Receipt[]
}

interface LaneRow {
  lane: Lane
  seq: string
  count: string
  digest: string
}

export async function viewCloud(query: Query, edgeId: string, epoch: string): Promise<CloudView> {
  const its = [edgeId, epoch]
  const cursors = await query<LaneRow>(
    'select lane, received_seq::text as seq, rows_total::text as count, digest from fleet.cursors where edge_id = $1 and epoch = $2',
    its,
  )
  const point = (lane: Lane): LanePoint => {
    const row = cursors.find((each) => each.lane === lane)
    return { seq: Number(row?.seq ?? 0), count: Number(row?.count ?? 0), digest: row?.digest ?? '' }
  }
  const tallies = await query<{ lane: Lane; range: string; up_to_seq: string; count: string; sum: string }>(
    `select lane, range::text, up_to_seq::text, count::text, sum from fleet.ranges where edge_id = $1 and epoch = $2`,
    its,
  )
  const ranges = (lane: Lane): ReadonlyMap<number, RangeTally> =>
    new Map(
      tallies
        .filter((each) => each.lane === lane)
        .map(({ range, up_to_seq, count, sum }) => [
          Number(range),
          { count: Number(count), sum, upToSeq: Number(up_to_seq) },
        ]),
    )
  const events = await query<{
    key: string | null
    tag_no: string
    value: number | null
    text: string | null
    quality: number
    ms: number
  }>(
    `select tag_key as key, tag_no::text, value::float8 as value, text_value as text, quality::int4 as quality,
       (extract(epoch from time) * 1000)::float8 as ms from core.sensor_events where edge_id = $1`,
    [edgeId],
  )
  const readings = new Map<string, Map<Value, number>>()
  const sum = new RangeSum()
  for (const { key, tag_no, value, text, quality, ms } of events) {
    const held: Value = text ?? value ?? Number.NaN
    sum.addReading({
      tagNo: Number(tag_no),
      timeMs: Math.round(ms),
      value: held,
      quality: qualitySchema.parse(qualities[quality]),
    })
    const values = readings.get(key ?? `tag ${tag_no}`) ?? new Map<Value, number>()
    values.set(held, (values.get(held) ?? 0) + 1)
    readings.set(key ?? `tag ${tag_no}`, values)
  }
  const judgments = await query<{ id: string }>(
    'select execution_id::text as id from core.judgment_executions where edge_id = $1',
    [edgeId],
  )
  const runs = await query<{ seq: string }>(
    'select seq::text from core.verdict_runs where edge_id = $1 and epoch = $2',
    its,
  )
  const [drops] = await query<{ count: number }>('select count(*)::int4 as count from fleet.drops where edge_id = $1', [
    edgeId,
  ])
  const receipts = await query<{ body: unknown }>(
    'select body from fleet.receipts where edge_id = $1 and epoch = $2',
    its,
  )
  return {
    lanes: { readings: point('readings'), records: point('records') },
    ranges: { readings: ranges('readings'), records: ranges('records') },
    readings,
    readingsCount: events.length,
    readingsSum: sum.hex(),
    judgmentIds: judgments.map(({ id }) => id),
    alarms: await query('select id::text, state from core.alarms where edge_id = $1', [edgeId]),
    runSeqs: runs.map(({ seq }) => Number(seq)),
    dropsCount: drops?.count ?? 0,
    receipts: receipts.map(({ body }) => receiptSchema.parse(body)),
  }
}

/** Readings by the epoch under which they went up, which core.sensor_events does not show. */
export async function viewEpochs(query: Query, edgeId: string): Promise<ReadonlyMap<string, Readings>> {
  const rows = await query<{
    epoch: string
    key: string | null
    tag_no: string
    value: number | null
    text: string | null
  }>(
    `select r.epoch::text, t.key, s.tag_no::text, u.text,
       (case when s.divisor is null then u.number else (s.base + u.number) / s.divisor end)::float8 as value
     from core.reading_segments s
     join fleet.reading_streams r on r.stream_id = s.stream_id
     left join fleet.tags t
       on t.tenant_id = r.tenant_id and t.edge_id = r.edge_id and t.epoch = r.epoch and t.tag_no = s.tag_no
     cross join lateral unnest(
       coalesce(s.dt_wide, s.dt::integer[]),
       coalesce(s.numbers, s.scaled::double precision[], s.scaled_wide::double precision[]), s.texts) as u (dt, number, text)
     where r.edge_id = $1`,
    [edgeId],
  )
  const epochs = new Map<string, Map<string, Map<Value, number>>>()
  for (const { epoch, key, tag_no, value, text } of rows) {
    const readings = epochs.get(epoch) ?? new Map<string, Map<Value, number>>()
    epochs.set(epoch, readings)
    const name = key ?? `tag ${tag_no}`
    const values = readings.get(name) ?? new Map<Value, number>()
    readings.set(name, values)
    const held: Value = text ?? value ?? Number.NaN
    values.set(held, (values.get(held) ?? 0) + 1)
  }
  return epochs
}
