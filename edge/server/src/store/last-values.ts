import type { Quality, Value } from '@jidoka/domain'
import type { Database } from './database.ts'
import { meta } from './database.ts'
import { readTagsFrom } from './read-tags.ts'
import type { SegmentStore } from './segment-store.ts'

/** The newest reading of a tag by source time. */
export interface LastValue {
  readonly timeMs: number
  readonly receivedMs: number
  readonly value: Value
  readonly quality: Quality
}

/**
 * The instant that counts for order and age. A device whose clock runs ahead would otherwise look fresh until its clock
 * is reached, and would hide its own later readings once it is set right.
 */
export const effectiveMs = (timeMs: number, receivedMs: number): number => Math.min(timeMs, receivedMs)

/** When something was so by its source's clock, and when it came by the appliance's. */
export type Instants = Pick<LastValue, 'timeMs' | 'receivedMs'>

/**
 * Something older than what we have is stored, and does not take its place. Candidates come in the order of their
 * commits: one received before the known one tells that the appliance's clock was set back meanwhile. Then the known
 * one's instants mean nothing any more, and would keep everything out until the clock has reached them.
 */
export function isNewer(candidate: Instants, known: Instants | undefined): boolean {
  return (
    known === undefined ||
    candidate.receivedMs < known.receivedMs ||
    effectiveMs(candidate.timeMs, candidate.receivedMs) >= effectiveMs(known.timeMs, known.receivedMs)
  )
}

/** Name in `meta` of the sequence number up to which the columns of `tags` hold the last values. */
export const lastValuesSeq = 'last_values_seq'

interface TagRow {
  readonly tag_no: number
  readonly last_ms: number | null
  readonly last_received_ms: number | null
  readonly last_value: string | null
  readonly last_quality: Quality | null
}

/**
 * The last value of every tag: those of the checkpoint, and then what the segments behind it say. The writer puts a
 * checkpoint every few seconds, so that the tail is short.
 */
export function loadLastValues(database: Database, store: SegmentStore): Map<number, LastValue> {
  const values = new Map<number, LastValue>()
  for (const row of database
    .prepare<[], TagRow>(
      'select tag_no, last_ms, last_received_ms, last_value, last_quality from tags where last_ms is not null',
    )
    .all()) {
    if (row.last_ms === null || row.last_received_ms === null || row.last_value === null || row.last_quality === null)
      continue
    values.set(row.tag_no, {
      timeMs: row.last_ms,
      receivedMs: row.last_received_ms,
      value: JSON.parse(row.last_value) as Value,
      quality: row.last_quality,
    })
  }
  const checkpointSeq = Number(meta(database, lastValuesSeq) ?? '0')
  for (const reading of readTagsFrom(store, null, checkpointSeq + 1)) {
    if (isNewer(reading, values.get(reading.tagNo))) {
      const { timeMs, receivedMs, value, quality } = reading
      values.set(reading.tagNo, { timeMs, receivedMs, value, quality })
    }
  }
  return values
}
