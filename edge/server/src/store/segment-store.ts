import { describeError, isErrno } from '@jidoka/base'
import { bufferSource, SegmentError } from '@jidoka/sync-protocol'
import type { ByteSource } from '@jidoka/sync-protocol'
import type { Database } from './database.ts'
import { OpenedSegment } from './opened-segment.ts'
import { SegmentCatalogue } from './segment-catalogue.ts'
import type { StoredSegment } from './segment-catalogue.ts'
import { SegmentFile } from './segment-files.ts'

/** A stretch of the readings lane that cannot be read any more. */
export interface DamagedSegment {
  readonly firstSeq: number
  readonly count: number
  /** The file's path relative to the data folder; null of a row. */
  readonly file: string | null
  readonly why: string
}

/** What became of a look into a segment. `gone`: merged into another, or dropped, since it was looked up. */
export type SegmentRead<Result> = { readonly result: Result } | 'gone' | 'damaged'

/** A merge that commits during a query takes files away that the query has still to read: it then begins anew. More often than this means that something else is wrong. */
const attemptsMax = 5

/** Reads readings wherever they lie, in rows or files. What is damaged is left out and reported, and never ends a query. */
export class SegmentStore {
  readonly catalogue: SegmentCatalogue
  readonly #database: Database
  readonly #dataFolder: string
  readonly #onDamaged: (damaged: DamagedSegment) => void

  constructor(database: Database, dataFolder: string, onDamaged: (damaged: DamagedSegment) => void = () => {}) {
    this.catalogue = new SegmentCatalogue(database)
    this.#database = database
    this.#dataFolder = dataFolder
    this.#onDamaged = onDamaged
  }

  /** Opens a segment, lets `use` look at it, and closes it. */
  read<Result>(segment: StoredSegment, use: (opened: OpenedSegment) => Result): SegmentRead<Result> {
    let file: SegmentFile | null = null
    try {
      const source =
        segment.file === null ? this.#body(segment) : (file = SegmentFile.open(this.#dataFolder, segment.file))
      if (source === null) return 'gone'
      const opened = new OpenedSegment(source, segment.level > 0)
      const { firstSeq, count } = opened.header
      if (firstSeq !== segment.firstSeq || count !== segment.count)
        return this.#damaged(segment, `it holds ${count} readings from ${firstSeq} on, which is another segment`)
      return { result: use(opened) }
    } catch (error) {
      if (isDamage(error)) return this.#damaged(segment, describeError(error))
      throw error
    } finally {
      file?.close()
    }
  }

  /**
   * What `use` finds in the segments from the one that holds `fromSeq` to the one that holds `toSeq`, in order. A merge on the
   * way changes nothing: each step looks up where the next number lies now.
   * @param isWanted segments that it says no to are not opened
   */
  *walk<Result>(
    fromSeq: number,
    toSeq: number,
    use: (opened: OpenedSegment, segment: StoredSegment) => Result,
    isWanted: (segment: StoredSegment) => boolean = () => true,
  ): Generator<Result, void, undefined> {
    let missing: StoredSegment | null = null
    for (let seq = fromSeq; seq <= toSeq;) {
      const segment = this.catalogue.atOrAfter(seq)
      if (segment === null || segment.firstSeq > toSeq) return
      if (!isWanted(segment)) {
        seq = segment.firstSeq + segment.count
        continue
      }
      const read = this.read(segment, (opened) => use(opened, segment))
      if (read === 'gone') {
        if (missing?.firstSeq !== segment.firstSeq || missing.count !== segment.count) {
          missing = segment
          continue
        }
        this.#damaged(segment, 'its file is missing')
      }
      seq = segment.firstSeq + segment.count
      if (typeof read === 'object') yield read.result
    }
  }

  /**
   * Calls `use` for every segment with a source time in the interval, in order of sequence, over one state of the journal.
   * `begin` is called before, and again when a merge on the way makes it begin anew.
   */
  overlapping(
    fromMs: number,
    toMs: number,
    begin: () => void,
    use: (opened: OpenedSegment, segment: StoredSegment) => void,
  ): void {
    for (let attempt = 1; ; attempt++) {
      begin()
      if (this.#database.transaction(() => this.#pass(fromMs, toMs, use, attempt === attemptsMax))()) return
    }
  }

  /** False when a file had gone. The last attempt takes it for missing. */
  #pass(
    fromMs: number,
    toMs: number,
    use: (opened: OpenedSegment, segment: StoredSegment) => void,
    isLast: boolean,
  ): boolean {
    for (const segment of this.catalogue.overlapping(fromMs, toMs)) {
      if (this.read(segment, (opened) => use(opened, segment)) !== 'gone') continue
      if (!isLast) return false
      this.#damaged(segment, 'its file is missing')
    }
    return true
  }

  /** Tells whoever looks after damage. */
  report({ firstSeq, count, file }: StoredSegment, why: string): void {
    this.#onDamaged({ firstSeq, count, file, why })
  }

  #body(segment: StoredSegment): ByteSource | null {
    const body = this.catalogue.body(segment)
    return body === null ? null : bufferSource(body)
  }

  #damaged(segment: StoredSegment, why: string): 'damaged' {
    this.report(segment, why)
    return 'damaged'
  }
}

/** A checksum that does not fit, a disk that cannot read its sector, a page of the database that is none. */
export const isDamage = (error: unknown): boolean =>
  error instanceof SegmentError ||
  isErrno(error, 'EIO') ||
  (error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_CORRUPT'))
