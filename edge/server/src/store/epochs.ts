import { lanes } from '@jidoka/sync-protocol'
import type { Lane } from '@jidoka/sync-protocol'
import type { EpochBegin } from '../ports.ts'
import { meta, setMeta } from './database.ts'
import type { Database } from './database.ts'

/** Names in `meta` of the first numbers of the present epoch; without them it begins with 1. */
const startNames: Readonly<Record<Lane, string>> = {
  records: 'epoch_start_records_seq',
  readings: 'epoch_start_readings_seq',
}

/** First number of each lane in the present epoch. */
export function startSeqs(database: Database): Record<Lane, number> {
  const start = (lane: Lane) => Number(meta(database, startNames[lane]) ?? '1')
  return { records: start('records'), readings: start('readings') }
}

/**
 * Last number of a lane that is receipted. Before the first receipt of an epoch that goes on from an older one it is what lies before the epoch: an
 * earlier one has brought that to the cloud.
 */
export function receiptedSeq(database: Database, lane: Lane): number {
  const upTo = database
    .prepare<[string], { up_to_seq: number }>(
      "select json_extract(body, '$.up_to_seq') as up_to_seq from receipts where lane = ?",
    )
    .get(lane)?.up_to_seq
  return upTo ?? startSeqs(database)[lane] - 1
}

/**
 * Puts a new epoch in the place of the present one. What follows from rows that were sent is of the old epoch and goes; the rows, their numbers and the
 * receipts stay. Belongs into the commit that appends again what the cloud keys by epoch.
 */
export function replaceEpoch(database: Database, { epoch, startSeqs: starts }: EpochBegin, nowMs: number): void {
  const before = startSeqs(database)
  database
    .prepare('insert into epoch_history (epoch, start_readings, start_records, ended_ms) values (?, ?, ?, ?)')
    .run(meta(database, 'epoch') ?? '', before.readings, before.records, nowMs)
  setMeta(database, 'epoch', epoch)
  for (const lane of lanes) setMeta(database, startNames[lane], String(starts[lane]))
  // Rows behind the start have not left under the new name: they may be merged until they do.
  setMeta(database, 'sent_readings_seq', String(starts.readings - 1))
  database.prepare("delete from meta where name in ('counted_records_seq', 'counted_readings_seq')").run()
  database.exec('delete from receipts; delete from range_sums')
}
