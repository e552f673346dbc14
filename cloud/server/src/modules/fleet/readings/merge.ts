import { qualities } from '@jidoka/domain'
import { rangeRows } from '@jidoka/sync-protocol'
import type { Transaction } from '../../../platform/db/database.ts'
import { lockRange, noteMerged } from '../ranges-repository.ts'
import type { CountedSpan } from '../ranges-repository.ts'
import { RowWriter } from './row-writer.ts'
import { textKind } from './runs.ts'
import type { Run, RunColumns } from './runs.ts'
import { readingsOf, rowsOfRun, rowTextMax, spreadMsMax } from './segment-row.ts'
import type { StoredRow } from './segment-row.ts'
import { deleteRows, slicesOf, tryLockStoredRows } from './stored-readings.ts'
import { findStream } from './streams.ts'

/** The smallest count of batches for which the rows of a range are written once more: fewer are nearly as good as merged. As in the index `ranges_apart`. */
const batchesApartMin = 4

/**
 * Readings of one step. A transaction of all 65,536 of a range takes half a second on a server, and two on PGlite, where everybody waits for it.
 */
const readingsPerStepMax = 8_192
/** What a reading without a text takes in the database. Texts count as so many more readings, by the bytes that they take there. */
const readingBytes = 8

/**
 * Merges rows of the next tags of a complete range of some edge: those of batches of a second, a row for each tag and batch, become one for
 * each tag. In one transaction; who reads meanwhile sees the rows from before or from after, and waits for nothing.
 * @param passedOver ranges that are let be, as they were told to `begins`
 * @param begins called with the range's name before anything of it is read
 * @returns whether there was anything to do.
 */
export async function mergeNextTags(
  tx: Transaction,
  passedOver: readonly string[],
  begins: (range: string) => void,
): Promise<boolean> {
  if (!(await tryLockStoredRows(tx))) return false
  const [next] = await tx.query<{ edge_id: string; epoch: string; range: number; name: string }>(
    `select r.edge_id, r.epoch, r.range, ${rangeName} as name from fleet.ranges r
     join fleet.cursors c on c.edge_id = r.edge_id and c.epoch = r.epoch and c.lane = r.lane
     join fleet.edges e on e.id = r.edge_id
     where r.lane = 'readings' and r.apart >= ${batchesApartMin}
       and (c.received_seq >= (r.range + 1) * ${rangeRows} or e.epoch is distinct from r.epoch)
       and ${rangeName} <> all($1::text[])
     limit 1`,
    [passedOver],
  )
  if (next === undefined) return false
  begins(next.name)
  const lane = { edgeId: next.edge_id, epoch: next.epoch }
  const kept = await lockRange(tx, lane, next.range)
  const streamId = await findStream(tx, lane)
  if (kept === null || streamId === null) return false
  const tagNos = await tagsApart(tx, streamId, kept, kept.mergedTagNo ?? 0)
  if (tagNos.length > 0) await mergeTags(tx, streamId, kept, tagNos)
  await noteMerged(tx, lane, next.range, tagNos.at(-1) ?? null)
  return true
}

const rangeName = `concat_ws(' ', r.edge_id, r.epoch, r.range)`

/** The next tags with more rows than one, as many as one step takes. Rows from before the counting are let be: they may cross the range. */
async function tagsApart(
  tx: Transaction,
  streamId: number,
  { fromSeq, upToSeq }: CountedSpan,
  behindTagNo: number,
): Promise<number[]> {
  const tags = await tx.query<{ tag_no: number; readings: number }>(
    `select tag_no, sum(count + coalesce(pg_column_size(texts), 0) / ${readingBytes})::bigint as readings from core.reading_segments
     where stream_id = $1 and first_seq between $2 and $3 and tag_no > $4
     group by tag_no having count(*) > 1 order by tag_no limit ${readingsPerStepMax}`,
    [streamId, fromSeq, upToSeq, behindTagNo],
  )
  const tagNos: number[] = []
  let room = readingsPerStepMax
  for (const tag of tags) {
    if (tagNos.length > 0 && tag.readings > room) break
    tagNos.push(tag.tag_no)
    room -= tag.readings
  }
  return tagNos
}

async function mergeTags(
  tx: Transaction,
  streamId: number,
  span: CountedSpan,
  tagNos: readonly number[],
): Promise<void> {
  const writer = new RowWriter(tx, streamId)
  for await (const rows of slicesOf(tx, streamId, span, tagNos)) {
    // What cannot be read as it was written stays as it is, for a repair to find.
    const torn = new Set(rows.filter((row) => !isWhole(row)).map((row) => row.tag_no))
    const slice = { fromSeq: rows[0]?.first_seq ?? 0, upToSeq: rows.at(-1)?.first_seq ?? 0 }
    await deleteRows(
      tx,
      streamId,
      slice,
      tagNos.filter((tagNo) => !torn.has(tagNo)),
    )
    for (const group of groupsOf(rows.filter((row) => !torn.has(row.tag_no)))) {
      const { run, columns } = runOfRows(group)
      for (const row of rowsOfRun(run, columns)) writer.add(row)
    }
    await writer.write()
  }
}

const isWhole = (row: StoredRow): boolean =>
  [row.dt, row.scaled, row.numbers, row.texts, row.qualities].every(
    (list) => list === null || list.length === row.count,
  ) && (row.scaled ?? row.numbers ?? row.texts) !== null

interface Measured {
  readonly row: StoredRow
  readonly fromMs: number
  readonly toMs: number
  readonly textLength: number
}

/**
 * Rows that become one: of one tag and kind, near enough in time, and no longer than a row may be. No row is torn into two, which would both be
 * named by its number.
 */
function* groupsOf(rows: readonly StoredRow[]): Generator<StoredRow[]> {
  const ofTag = Map.groupBy(rows, ({ tag_no, kind }) => `${tag_no} ${kind}`)
  for (const its of ofTag.values()) {
    let group: StoredRow[] = []
    let [fromMs, toMs, textLength] = [0, 0, 0]
    for (const next of its.map(measured).toSorted((left, right) => left.fromMs - right.fromMs)) {
      const fits = Math.max(toMs, next.toMs) - fromMs <= spreadMsMax && textLength + next.textLength <= rowTextMax
      if (group.length > 0 && !fits) {
        yield inOrder(group)
        group = []
      }
      if (group.length === 0) [fromMs, toMs, textLength] = [next.fromMs, next.toMs, 0]
      group.push(next.row)
      toMs = Math.max(toMs, next.toMs)
      textLength += next.textLength
    }
    yield inOrder(group)
  }
}

const inOrder = (group: readonly StoredRow[]): StoredRow[] =>
  group.toSorted((left, right) => left.first_seq - right.first_seq)

function measured(row: StoredRow): Measured {
  let [fromMs, toMs, textLength] = [Infinity, -Infinity, 0]
  for (const { timeMs, value } of readingsOf(row)) {
    fromMs = Math.min(fromMs, timeMs)
    toMs = Math.max(toMs, timeMs)
    if (typeof value === 'string') textLength += value.length
  }
  return { row, fromMs, toMs, textLength }
}

/** @param rows of one tag and kind, in order of their numbers */
function runOfRows(rows: readonly StoredRow[]): { readonly run: Run; readonly columns: Omit<RunColumns, 'atMs'> } {
  const { tag_no: tagNo, kind } = rows[0] as StoredRow
  const seq: number[] = []
  const timeMs: number[] = []
  const number: number[] = []
  const quality: number[] = []
  const texts: string[] = []
  for (const row of rows) {
    for (const reading of readingsOf(row)) {
      seq.push(row.first_seq)
      timeMs.push(reading.timeMs)
      number.push(typeof reading.value === 'string' ? texts.push(reading.value) - 1 : Number(reading.value))
      quality.push(qualities.indexOf(reading.quality))
    }
  }
  return {
    run: { tagNo, kind, from: 0, to: seq.length },
    columns: {
      seq: Float64Array.from(seq),
      timeMs: Float64Array.from(timeMs),
      number: Float64Array.from(number),
      quality: Uint8Array.from(quality),
      texts: kind === textKind ? texts : [],
    },
  }
}
