import type { Segment } from '@jidoka/sync-protocol'
import type { Transaction } from '../../platform/db/database.ts'
import { RefusalError } from '../../platform/http/problem.ts'
import { partitionedSpan } from '../../platform/partitions/partitions.ts'
import { monthOf } from '../../platform/partitions/periods.ts'
import type { LaneOfEdge } from './lane-of-edge.ts'
import { LastValues, storeLastValues } from './readings/last-values.ts'
import { Rollups, storeRollups } from './readings/rollups.ts'
import { RowWriter } from './readings/row-writer.ts'
import { runsOf } from './readings/runs.ts'
import { rowsOfRun } from './readings/segment-row.ts'

export type { LaneOfEdge }

/**
 * What one batch may write, each thing a row. Above it a batch of some hundred bytes holds the intake for minutes. The edge halves such a batch; a
 * segment by itself is within them for sure (`segmentLimits`). Sums are four times as many: 1 MB of the journal of tags that are read every ten
 * minutes stays below them, and a courier file cannot halve its batches.
 */
const batchWritesMax = { rows: 65_536, rollups: 262_144 } as const

/**
 * Stores readings as arrays, adds to what their ten minutes sum up to, and notes each tag's last value.
 * @param meanwhile work of the caller's for the time in which the database is busy with the last of them
 * @returns the numbers of the tags that had news.
 */
export async function storeReadings(
  tx: Transaction,
  lane: LaneOfEdge & { readonly streamId: number },
  segments: readonly Segment[],
  fromSeq: number,
  meanwhile: () => void,
): Promise<number[]> {
  const { streamId } = lane
  const writer = new RowWriter(tx, streamId)
  const rollups = new Rollups(partitionedSpan(Date.parse(lane.receivedAt)))
  const last = new LastValues()
  // The next range is made ready while the database writes this one: each is busy for about as long as the other.
  let writing = Promise.resolve()
  let rows = 0
  for (const { runs, columns } of runsOf(segments, fromSeq)) {
    for (const run of runs) {
      rollups.add(run, columns)
      last.add(run, columns)
      for (const row of rowsOfRun(run, columns)) {
        if (++rows > batchWritesMax.rows) throw tooMuch('rows of readings', batchWritesMax.rows)
        writer.add(row)
        if (!writer.isFull) continue
        await writing
        await writer.write()
      }
      if (rollups.count > batchWritesMax.rollups) throw tooMuch('sums of ten minutes', batchWritesMax.rollups)
    }
    await writing
    writing = writer.write()
    writing.catch(() => undefined) // thrown where it is awaited; making the next range ready may take longer than failing
  }
  meanwhile()
  await writing
  storeRollups(tx, streamId, rollups.all)
  const values = last.all
  storeLastValues(tx, lane, values)
  return values.map(({ tagNo }) => tagNo)
}

const tooMuch = (what: string, max: number): RefusalError =>
  new RefusalError({ kind: 'too_large', detail: `The batch makes more than ${max} ${what}. Send it in halves.` })

/** Instants of the months that these readings need: the time of each row's earliest reading is within its segment's span. */
export function* instantsOf(segments: readonly Segment[]): Iterable<number> {
  for (const { timeMs } of segments) {
    let [minMs, maxMs] = [Infinity, -Infinity]
    for (let index = 0; index < timeMs.length; index++) {
      const itsMs = timeMs[index] as number
      if (itsMs < minMs) minMs = itsMs
      if (itsMs > maxMs) maxMs = itsMs
    }
    // A month a segment is the rule; looking each reading's up in the calendar took as long as storing it.
    if (monthOf(minMs) === monthOf(maxMs)) yield minMs
    else yield* timeMs
  }
}

export async function linesOfTags(tx: Transaction, lane: LaneOfEdge, tagNos: readonly number[]): Promise<string[]> {
  const rows = await tx.query<{ line: string }>(
    'select distinct line from fleet.tags where edge_id = $1 and epoch = $2 and tag_no = any($3::bigint[])',
    [lane.edgeId, lane.epoch, tagNos],
  )
  return rows.map(({ line }) => line)
}
