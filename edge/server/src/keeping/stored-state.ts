import type { Lane } from '@jidoka/sync-protocol'
import { journalFile, openForReading } from '../store/database.ts'
import type { Database } from '../store/database.ts'
import { receiptedSeq } from '../store/epochs.ts'
import type { DiskSpace } from './disk-space.ts'
import type { KeepingPolicy } from './policy.ts'
import { roomOf } from './room.ts'
import { recordBytesSql } from './row-bytes.ts'

/** What a forecast needs to know of the journal. */
export interface StoredState {
  readonly readingsSeq: number
  readonly recordsSeq: number
  /** Infinity where there is no cloud. */
  readonly receiptedReadingsSeq: number
  /** As they lie at rest, merged ones for the most part. */
  readonly bytesPerReading: number
  readonly bytesPerRecord: number
  readonly heldReadings: number
  /** When the oldest reading that is held came; null: none. */
  readonly heldSinceMs: number | null
  /** Bytes until the first row goes for space. */
  readonly headroomBytes: number
}

/** Newest rows that stand for the others: enough for a mean, and few enough to be read each minute on the main thread. */
const sampleRows = 1_000

/** Looks at the journal through a connection of its own. */
export class StoredStateReader {
  readonly #database: Database
  readonly #dataFolder: string
  readonly #policy: KeepingPolicy
  readonly #statements

  constructor(dataFolder: string, policy: KeepingPolicy) {
    this.#dataFolder = dataFolder
    this.#policy = policy
    this.#database = openForReading(dataFolder)
    const get = <Row>(sql: string) => this.#database.prepare<[], Row>(sql)
    this.#statements = {
      lanes: get<{ lane: Lane; next_seq: number }>('select lane, next_seq from lanes'),
      files: get<{ bytes: number | null; count: number | null }>(
        'select sum(bytes) as bytes, sum(count) as count from segment_files',
      ),
      rows: get<{ bytes: number | null; count: number | null }>(
        `select sum(bytes) as bytes, sum(count) as count from (
           select length(body) as bytes, count from reading_segments order by first_seq desc limit ${sampleRows})`,
      ),
      records: get<{ bytes: number | null }>(
        `select avg(bytes) as bytes from (
           select ${recordBytesSql('records')} as bytes from records order by seq desc limit ${sampleRows})`,
      ),
      oldest: get<{ first_seq: number; received_ms: number }>(
        `select first_seq, received_ms from (
           select * from (select first_seq, received_ms from segment_files order by first_seq limit 1)
           union all select * from (select first_seq, received_ms from reading_segments order by first_seq limit 1))
         order by first_seq limit 1`,
      ),
      gone: get<{ lane: Lane; reason: string; rows: number }>(
        'select lane, reason, sum(count) as rows from gaps group by lane, reason',
      ),
    }
  }

  read(space: DiskSpace): StoredState {
    const { lanes, files, rows, records, oldest } = this.#statements
    const next = new Map(lanes.all().map((row) => [row.lane, row.next_seq]))
    const readingsSeq = (next.get('readings') ?? 1) - 1
    const [inFiles, inRows] = [files.get(), rows.get()]
    const sampled = (inFiles?.count ?? 0) + (inRows?.count ?? 0)
    const first = oldest.get()
    return {
      readingsSeq,
      recordsSeq: (next.get('records') ?? 1) - 1,
      receiptedReadingsSeq: this.#policy.hasCloud ? receiptedSeq(this.#database, 'readings') : Infinity,
      bytesPerReading: sampled === 0 ? 0 : ((inFiles?.bytes ?? 0) + (inRows?.bytes ?? 0)) / sampled,
      bytesPerRecord: records.get()?.bytes ?? 0,
      heldReadings: first === undefined ? 0 : readingsSeq - first.first_seq + 1,
      heldSinceMs: first?.received_ms ?? null,
      headroomBytes: -roomOf(this.#database, journalFile(this.#dataFolder), space, this.#policy, 0).overBytes,
    }
  }

  /** Rows that are gone, by lane and reason. */
  gone(): readonly { readonly lane: Lane; readonly reason: string; readonly rows: number }[] {
    return this.#statements.gone.all()
  }

  close(): void {
    this.#database.close()
  }
}
