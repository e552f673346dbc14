import { describeError } from '@jidoka/base'
import { decodeSegment, mergeSegments } from '@jidoka/sync-protocol'
import type { Database } from '../store/database.ts'
import { lineBounds } from '../store/segment-replacer.ts'
import type { SegmentReplacement } from '../store/segment-replacer.ts'
import {
  removeSegmentFile,
  segmentFileBytes,
  SegmentFile,
  segmentFileName,
  sweepSegmentFiles,
  writeSegmentFile,
} from '../store/segment-files.ts'
import { isDamage } from '../store/segment-store.ts'
import type { DamagedSegment } from '../store/segment-store.ts'
import { Candidates } from './candidates.ts'
import { isBacklogLarge, planMerge } from './plan.ts'
import type { Piece } from './plan.ts'

export interface MergeQuestion {
  readonly nowMs: number
  readonly hasCloud: boolean
  readonly isBusy: boolean
}

export interface MergeStep {
  /** To be put in place by the journal; null when nothing is to be merged now. */
  readonly merged: SegmentReplacement | null
  readonly damaged: readonly DamagedSegment[]
  /** More lies in rows than a busy appliance should leave there. */
  readonly isBacklogLarge: boolean
}

/** Plans a merge and builds it, on a connection that only reads. What it writes are files that nobody knows yet. */
export class MergeSteps {
  readonly #database: Database
  readonly #dataFolder: string
  readonly #candidates: Candidates
  readonly #body
  readonly #file
  /** Pieces that could not be merged: set aside meanwhile, or looked at again after the next start. */
  readonly #avoid = new Set<number>()

  constructor(database: Database, dataFolder: string) {
    this.#database = database
    this.#dataFolder = dataFolder
    this.#candidates = new Candidates(database)
    this.#body = database.prepare<[number, number], { body: Buffer; fromMs: number; toMs: number }>(
      'select body, from_ms as fromMs, to_ms as toMs from reading_segments where first_seq = ? and count = ?',
    )
    this.#file = database.prepare<[number, number], { file: string; fromMs: number; toMs: number }>(
      'select file, from_ms as fromMs, to_ms as toMs from segment_files where first_seq = ? and count = ?',
    )
  }

  /** Removes what a crash left in the folder of segments, and names files that are missing or of another size. Before the first step. */
  sweep(): { readonly removed: readonly string[]; readonly damaged: readonly DamagedSegment[] } {
    const files = this.#database
      .prepare<[], { firstSeq: number; count: number; bytes: number; file: string }>(
        'select first_seq as firstSeq, count, bytes, file from segment_files',
      )
      .all()
    const names = new Set(files.map(({ file }) => file))
    const removed = sweepSegmentFiles(this.#dataFolder, (name) => names.has(name))
    const damaged = files.flatMap(({ firstSeq, count, bytes, file }) => {
      const found = segmentFileBytes(this.#dataFolder, file)
      // Looked up again: it may have been dropped since the list was read.
      if (found === bytes || this.#file.get(firstSeq, count) === undefined) return []
      const why = found === null ? fileMissing : `its file has ${found} bytes in place of ${bytes}`
      return [{ firstSeq, count, file, why }]
    })
    return { removed, damaged }
  }

  next({ nowMs, hasCloud, isBusy }: MergeQuestion): MergeStep {
    const { pieces, plan } = this.#database.transaction(() => {
      const bounds = lineBounds(this.#database)
      const found = this.#candidates.read(bounds, hasCloud)
      return {
        pieces: found,
        plan: planMerge({ ...bounds, pieces: found, hasCloud, nowMs, isBusy, avoid: this.#avoid }),
      }
    })()
    const damaged: DamagedSegment[] = []
    const merged = plan === null ? null : this.#build(plan.level, plan.parts, damaged)
    return { merged, damaged, isBacklogLarge: isBacklogLarge(pieces) }
  }

  /** The file of a merge that came to nothing, or files whose readings lie in another one now. */
  remove(files: readonly string[]): void {
    for (const file of files) removeSegmentFile(this.#dataFolder, file)
  }

  #build(level: 1 | 2 | 3, pieces: readonly Piece[], damaged: DamagedSegment[]): SegmentReplacement | null {
    let parts: readonly LoadedPart[] | null = this.#load(pieces, damaged)
    while (parts !== null && parts.length > 0) {
      try {
        return this.#replacement(level, parts, mergeSegments(parts.map(({ bytes }) => bytes)))
      } catch (error) {
        if (isDamage(error)) {
          this.#findDamage(parts, damaged)
          return null
        }
        // More than one segment may hold, as with a million texts that all differ: half of them then.
        if (!(error instanceof RangeError)) throw error
        const half = parts.slice(0, Math.floor(parts.length / 2))
        if (half.length < 2) {
          for (const { piece } of parts) this.#avoid.add(piece.firstSeq)
          return null
        }
        parts = half
      }
    }
    return null
  }

  #replacement(level: 1 | 2 | 3, parts: readonly LoadedPart[], body: Uint8Array): SegmentReplacement {
    const pieces = parts.map(({ piece }) => piece)
    const firstSeq = pieces[0]?.firstSeq ?? 0
    const count = pieces.reduce((sum, piece) => sum + piece.count, 0)
    const what = {
      level,
      firstSeq,
      count,
      receivedMs: pieces.at(-1)?.receivedMs ?? 0,
      fromMs: parts.reduce((least, { fromMs }) => Math.min(least, fromMs), Infinity),
      toMs: parts.reduce((greatest, { toMs }) => Math.max(greatest, toMs), -Infinity),
      parts: pieces.map((piece) => ({ firstSeq: piece.firstSeq, count: piece.count, level: piece.level })),
    }
    if (level === 1) return { ...what, place: { kind: 'row', body } }
    const file = segmentFileName(firstSeq, count)
    writeSegmentFile(this.#dataFolder, file, body)
    return { ...what, place: { kind: 'file', file, bytes: body.length } }
  }

  /** Null when a part has been dropped meanwhile: the next plan knows. */
  #load(pieces: readonly Piece[], damaged: DamagedSegment[]): LoadedPart[] | null {
    const parts: LoadedPart[] = []
    for (const piece of pieces) {
      const { firstSeq, count } = piece
      try {
        const row = this.#body.get(firstSeq, count)
        if (row !== undefined) {
          parts.push({ piece, bytes: row.body, fromMs: row.fromMs, toMs: row.toMs, file: null })
          continue
        }
        const known = this.#file.get(firstSeq, count)
        if (known === undefined) return null
        const bytes = this.#readFile(known.file)
        if (bytes === null) {
          if (this.#file.get(firstSeq, count) !== undefined)
            this.#damaged({ firstSeq, count, file: known.file, why: fileMissing }, damaged)
          return null
        }
        parts.push({ piece, bytes, fromMs: known.fromMs, toMs: known.toMs, file: known.file })
      } catch (error) {
        if (!isDamage(error)) throw error
        this.#damaged({ firstSeq, count, file: null, why: describeError(error) }, damaged)
        return null
      }
    }
    return parts
  }

  #readFile(name: string): Uint8Array | null {
    const file = SegmentFile.open(this.#dataFolder, name)
    try {
      return file?.read(0, file.bytes) ?? null
    } finally {
      file?.close()
    }
  }

  #findDamage(parts: readonly LoadedPart[], damaged: DamagedSegment[]): void {
    // All of them, should none be to blame alone: the same plan would come for ever.
    for (const { piece } of parts) this.#avoid.add(piece.firstSeq)
    for (const { piece, bytes, file } of parts) {
      try {
        decodeSegment(bytes)
      } catch (error) {
        if (!isDamage(error)) throw error
        this.#damaged({ firstSeq: piece.firstSeq, count: piece.count, file, why: describeError(error) }, damaged)
      }
    }
  }

  #damaged(what: DamagedSegment, damaged: DamagedSegment[]): void {
    this.#avoid.add(what.firstSeq)
    damaged.push(what)
  }
}

const fileMissing = 'its file is missing'

interface LoadedPart {
  readonly piece: Piece
  readonly bytes: Uint8Array
  readonly fromMs: number
  readonly toMs: number
  readonly file: string | null
}
