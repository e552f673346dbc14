import type { NewRecord } from '@jidoka/domain'
import type { Lane } from '@jidoka/sync-protocol'
import type { Database } from '../store/database.ts'
import { removeSegmentFile } from '../store/segment-files.ts'
import { isWholeRecord } from '../store/whole-record.ts'
import { faultOfBody, faultOfFile } from './check-segment.ts'
import { keepDamagedBytes, keepDamagedFile } from './damaged-folder.ts'
import { GapTable } from './gaps.ts'

/** What somebody who reads has found. The journal looks for itself before it sets anything aside. */
export interface Damage {
  readonly lane: Lane
  /** Of the segment or record that is damaged. */
  readonly firstSeq: number
}

interface SegmentRow {
  readonly count: number
  readonly body: Buffer
}
interface FileRow {
  readonly count: number
  readonly file: string
}
interface RecordRow {
  readonly line: string
  readonly crc: number | null
}

/** Takes what is damaged out of the journal, in the commit around it: its range becomes a gap, and the rest goes on. */
export class SetAside {
  readonly #dataFolder: string
  readonly #gaps: GapTable
  readonly #statements
  /** Files whose row may be gone; each is removed once no row names it. */
  #leftFiles: string[] = []

  constructor(database: Database, dataFolder: string) {
    this.#dataFolder = dataFolder
    this.#gaps = new GapTable(database)
    this.#statements = {
      segment: database.prepare<[number], SegmentRow>('select count, body from reading_segments where first_seq = ?'),
      file: database.prepare<[number], FileRow>('select count, file from segment_files where first_seq = ?'),
      record: database.prepare<[number], RecordRow>('select line, crc from records where seq = ?'),
      isNamed: database.prepare<[string], { found: number }>('select 1 as found from segment_files where file = ?'),
      segmentGone: database.prepare('delete from reading_segments where first_seq = ?'),
      fileGone: database.prepare('delete from segment_files where first_seq = ?'),
      recordGone: database.prepare('delete from records where seq = ?'),
      judgmentGone: database.prepare('delete from judgments where seq = ?'),
    }
  }

  /** False when it is whole after all, or gone. */
  carryOut({ lane, firstSeq }: Damage, nowMs: number, tell: (record: NewRecord) => void): boolean {
    const count = lane === 'records' ? this.#record(firstSeq) : (this.#segment(firstSeq) ?? this.#file(firstSeq))
    if (count === null) return false
    const toSeq = firstSeq + count - 1
    this.#gaps.add(lane, { fromSeq: firstSeq, toSeq, reason: 'damaged' }, nowMs)
    tell({ at_ms: nowMs, kind: 'drop', body: { lane, from_seq: firstSeq, to_seq: toSeq, reason: 'damaged', count } })
    return true
  }

  /** After the commit, or later: a commit that failed has kept its rows, and they keep their files. */
  finish(): void {
    for (const file of this.#leftFiles.splice(0))
      if (this.#statements.isNamed.get(file) === undefined) removeSegmentFile(this.#dataFolder, file)
  }

  #segment(firstSeq: number): number | null {
    const row = this.#statements.segment.get(firstSeq)
    if (row === undefined || faultOfBody(row.body, { firstSeq, count: row.count }) === null) return null
    keepDamagedBytes(this.#dataFolder, `segment-${firstSeq}-${row.count}.seg`, row.body)
    this.#statements.segmentGone.run(firstSeq)
    return row.count
  }

  #file(firstSeq: number): number | null {
    const row = this.#statements.file.get(firstSeq)
    if (row === undefined || faultOfFile(this.#dataFolder, row.file, { firstSeq, count: row.count }) === null)
      return null
    keepDamagedFile(this.#dataFolder, row.file, `segment-${firstSeq}-${row.count}.seg`)
    this.#statements.fileGone.run(firstSeq)
    this.#leftFiles.push(row.file)
    return row.count
  }

  #record(seq: number): number | null {
    const row = this.#statements.record.get(seq)
    if (row === undefined || isWholeRecord(row)) return null
    keepDamagedBytes(this.#dataFolder, `record-${seq}.json`, Buffer.from(row.line))
    this.#statements.recordGone.run(seq)
    this.#statements.judgmentGone.run(seq)
    return 1
  }
}
