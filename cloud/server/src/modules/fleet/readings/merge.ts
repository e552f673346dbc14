import { qualities } from '@jidoka/domain'
import { rangeRows } from '@jidoka/sync-protocol'
import type { Transaction } from '../../../platform/db/database.ts'
import { lockRange, noteMerged } from '../ranges-repository.ts'
import { RowWriter } from './row-writer.ts'
import { textKind } from './runs.ts'
import type { Run, RunColumns } from './runs.ts'
import { readingsOf, rowsOfRun } from './segment-row.ts'
import type { StoredRow } from './segment-row.ts'
import { deleteRowsOfTags, rowsOfTags } from './stored-readings.ts'
import { findStream } from './streams.ts'

/** The smallest count of batches for which the rows of a range are written once more: fewer are nearly as good as merged. As in the index `ranges_apart`. */
const batchesApartMin = 4

/**
 * Readings of one step. A transaction of all 65,536 of a range takes half a second on a server, and two on PGlite, where everybody waits for it.
 */
const readingsPerStepMax = 8_192

/**
 * Merges rows of the next tags of a complete range of some edge: those of batches of a second, a row for each tag and batch, become one for
 * each tag. In one transaction; who reads meanwhile sees the rows from before or from after, and waits for nothing.
 * @returns whether there was anything to do.
 */
export async function mergeNextTags(tx: Transaction): Promise<boolean> {
  // One at a time in the whole database: two would only double the work of the disk.
  const [lock] = await tx.query<{ mine: boolean }>(
    `select pg_try_advisory_xact_lock(hashtext('jidoka.readings'), hashtext('merge')) as mine`,
  )
  if (lock?.mine !== true) return false
  const [next] = await tx.query<{ edge_id: string; epoch: string; range: number }>(
    `select r.edge_id, r.epoch, r.range from fleet.ranges r
     join fleet.cursors c on c.edge_id = r.edge_id and c.epoch = r.epoch and c.lane = r.lane
     join fleet.edges e on e.id = r.edge_id
     where r.lane = 'readings' and r.apart >= ${batchesApartMin}
       and (c.received_seq >= (r.range + 1) * ${rangeRows} or e.epoch is distinct from r.epoch)
     limit 1`,
  )
  if (next === undefined) return false
  const lane = { edgeId: next.edge_id, epoch: next.epoch }
  const kept = await lockRange(tx, lane, next.range)
  const streamId = await findStream(tx, lane)
  const tagNos =
    kept === null || streamId === null ? [] : await tagsApart(tx, streamId, next.range, kept.mergedTagNo ?? 0)
  if (streamId !== null && tagNos.length > 0) await mergeTags(tx, streamId, next.range, tagNos)
  await noteMerged(tx, lane, next.range, tagNos.at(-1) ?? null)
  return true
}

/** The next tags with more rows than one, as many as one step takes. */
async function tagsApart(tx: Transaction, streamId: number, range: number, behindTagNo: number): Promise<number[]> {
  const tags = await tx.query<{ tag_no: number; readings: number }>(
    `select tag_no, sum(count)::bigint as readings from core.reading_segments
     where stream_id = $1 and first_seq between $2 and $3 and tag_no > $4
     group by tag_no having count(*) > 1 order by tag_no limit ${readingsPerStepMax}`,
    [streamId, range * rangeRows + 1, (range + 1) * rangeRows, behindTagNo],
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

async function mergeTags(tx: Transaction, streamId: number, range: number, tagNos: readonly number[]): Promise<void> {
  const rows = await rowsOfTags(tx, streamId, range, tagNos)
  // What cannot be read as it was written stays as it is, for a repair to find.
  const torn = new Set(rows.filter((row) => !isWhole(row)).map((row) => row.tag_no))
  const whole = tagNos.filter((tagNo) => !torn.has(tagNo))
  await deleteRowsOfTags(tx, streamId, range, whole)
  const writer = new RowWriter(tx, streamId)
  for (const { run, columns } of runsOfRows(rows.filter((row) => !torn.has(row.tag_no))))
    for (const row of rowsOfRun(run, columns)) writer.add(row)
  await writer.write()
}

const isWhole = (row: StoredRow): boolean =>
  [row.dt, row.scaled, row.numbers, row.texts, row.qualities].every(
    (list) => list === null || list.length === row.count,
  ) && (row.scaled ?? row.numbers ?? row.texts) !== null

/** @param rows ordered by tag, kind and number */
function* runsOfRows(rows: readonly StoredRow[]): Generator<{ readonly run: Run; readonly columns: RunColumns }> {
  for (let from = 0; from < rows.length;) {
    const { tag_no: tagNo, kind } = rows[from] as StoredRow
    let to = from + 1
    while (rows[to]?.tag_no === tagNo && rows[to]?.kind === kind) to++
    const seq: number[] = []
    const timeMs: number[] = []
    const number: number[] = []
    const quality: number[] = []
    const texts: string[] = []
    for (const row of rows.slice(from, to)) {
      for (const reading of readingsOf(row)) {
        // Where a run becomes two rows, the second is named after the row that its first reading came from.
        seq.push(row.first_seq)
        timeMs.push(reading.timeMs)
        number.push(typeof reading.value === 'string' ? texts.push(reading.value) - 1 : Number(reading.value))
        quality.push(qualities.indexOf(reading.quality))
      }
    }
    const columns: RunColumns = {
      seq: Float64Array.from(seq),
      timeMs: Float64Array.from(timeMs),
      atMs: new Float64Array(0),
      number: Float64Array.from(number),
      quality: Uint8Array.from(quality),
      texts: kind === textKind ? texts : [],
    }
    yield { run: { tagNo, kind, from: 0, to: seq.length }, columns }
    from = to
  }
}
