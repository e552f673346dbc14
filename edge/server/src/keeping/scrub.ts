import type { Database } from '../store/database.ts'
import { isWholeRecord } from '../store/whole-record.ts'
import { faultOfFile } from './check-segment.ts'
import type { Damage } from './set-aside.ts'

export const scrubLimits = {
  /** One file a minute: some 3 MB, which no disk feels. 40,000 files, more than fit on 64 GB, are looked at within a month. */
  everyMs: 60_000,
  /** As many as come in a minute of a busy plant, and 10 ms of work. */
  recordsPerStep: 2_000,
  /** Newest files that are looked at at once after a stop that was not in order: what was being written is among them. */
  newestFiles: 8,
} as const

/** Up to where everything was looked at in this round. */
export interface ScrubPosition {
  readonly readingsSeq: number
  readonly recordsSeq: number
}

export const scrubStart: ScrubPosition = { readingsSeq: 0, recordsSeq: 0 }

export interface ScrubStep {
  readonly damaged: readonly (Damage & { readonly why: string })[]
  readonly next: ScrubPosition
}

interface FileRow {
  readonly first_seq: number
  readonly count: number
  readonly file: string
}

/**
 * Reads what nobody has asked for in a long time, so that damage is found while the cloud or a copy may still have it.
 * Rows of readings are left out: they are checked when they are merged, within hours.
 */
export class Scrub {
  readonly #dataFolder: string
  readonly #statements

  constructor(database: Database, dataFolder: string) {
    this.#dataFolder = dataFolder
    this.#statements = {
      file: database.prepare<[number], FileRow>(
        'select first_seq, count, file from segment_files where first_seq > ? order by first_seq limit 1',
      ),
      newest: database.prepare<[number], FileRow>(
        'select first_seq, count, file from segment_files order by first_seq desc limit ?',
      ),
      isNamed: database.prepare<[number, string], { found: number }>(
        'select 1 as found from segment_files where first_seq = ? and file = ?',
      ),
      records: database.prepare<[number, number], { seq: number; line: string; crc: number | null }>(
        'select seq, line, crc from records where seq > ? order by seq limit ?',
      ),
    }
  }

  /** One file and some records; behind the last of them it begins anew. */
  step({ readingsSeq, recordsSeq }: ScrubPosition): ScrubStep {
    const file = this.#statements.file.get(readingsSeq)
    const records = this.#statements.records.all(recordsSeq, scrubLimits.recordsPerStep)
    return {
      damaged: [
        ...(file === undefined ? [] : this.#check(file)),
        ...records
          .filter((record) => !isWholeRecord(record))
          .map(({ seq }) => ({ lane: 'records' as const, firstSeq: seq, why: 'its checksum does not fit' })),
      ],
      next: {
        readingsSeq: file?.first_seq ?? 0,
        recordsSeq: records.length < scrubLimits.recordsPerStep ? 0 : (records.at(-1)?.seq ?? 0),
      },
    }
  }

  newest(): ScrubStep['damaged'] {
    return this.#statements.newest.all(scrubLimits.newestFiles).flatMap((row) => this.#check(row))
  }

  #check({ first_seq: firstSeq, count, file }: FileRow): ScrubStep['damaged'] {
    const why = faultOfFile(this.#dataFolder, file, { firstSeq, count })
    // Merged into another or dropped since it was looked up: then it may rightly be missing.
    if (why === null || this.#statements.isNamed.get(firstSeq, file) === undefined) return []
    return [{ lane: 'readings', firstSeq, why }]
  }
}
