import { describeError } from '@jidoka/base'
import { decodeSegment, mergeSegments, readSegmentHeader } from '@jidoka/sync-protocol'
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
import { mergeRules } from './limits.ts'
import { isBacklogLarge, planMerge } from './plan.ts'
import type { Piece } from './plan.ts'

export interface MergeQuestion {
  readonly nowMs: number
  readonly hasCloud: boolean
  readonly isBusy: boolean
  /** Merges at which this thread broke down before, as sequence numbers from and to. */
  readonly broken?: readonly (readonly [number, number])[]
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
  readonly #underWay: Float64Array

  /** @param underWay while a merge is built, its first and last number: readable from outside when this thread breaks down; zeros else */
  constructor(database: Database, dataFolder: string, underWay: Float64Array = new Float64Array(2)) {
    this.#underWay = underWay
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

  next({ nowMs, hasCloud, isBusy, broken = [] }: MergeQuestion): MergeStep {
    const { pieces, plan } = this.#database.transaction(() => {
      const bounds = lineBounds(this.#database)
      const found = this.#candidates.read(bounds, hasCloud)
      for (const { firstSeq } of found)
        if (broken.some(([fromSeq, toSeq]) => firstSeq >= fromSeq && firstSeq <= toSeq)) this.#avoid.add(firstSeq)
      return {
        pieces: found,
        plan: planMerge({ ...bounds, pieces: found, hasCloud, nowMs, isBusy, avoid: this.#avoid }),
      }
    })()
    const damaged: DamagedSegment[] = []
    this.#underWay.set([plan?.fromSeq ?? 0, plan?.toSeq ?? 0])
    const merged = plan === null ? null : this.#build(plan.level, plan.parts, damaged)
    this.settled()
    return { merged, damaged, isBacklogLarge: isBacklogLarge(pieces) }
  }

  /** Nothing is built any more, and nothing broke down: also after an error of the disk, behind which the same merge is tried again. */
  settled(): void {
    this.#underWay.fill(0)
  }

  /** The file of a merge that came to nothing, or files whose readings lie in another one now. */
  remove(files: readonly string[]): void {
    for (const file of files) removeSegmentFile(this.#dataFolder, file)
  }

  #build(level: 1 | 2 | 3, pieces: readonly Piece[], damaged: DamagedSegment[]): SegmentReplacement | null {
    const loaded = this.#load(pieces, damaged)
    let parts = loaded === null ? null : this.#withinMemory(level, loaded, damaged)
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

  /** As many parts from the first on as may be unpacked at once. Two that are too large together stay apart. */
  #withinMemory(
    level: 1 | 2 | 3,
    parts: readonly LoadedPart[],
    damaged: DamagedSegment[],
  ): readonly LoadedPart[] | null {
    const { expandedBytesMax = 0 } = mergeRules.find((rule) => rule.level === level) ?? {}
    let expandedBytes = 0
    let count = 0
    try {
      for (const { bytes } of parts) {
        expandedBytes += readSegmentHeader(bytes).expandedBytes
        if (expandedBytes > expandedBytesMax) break
        count++
      }
    } catch (error) {
      if (!isDamage(error)) throw error
      this.#findDamage(parts, damaged)
      return null
    }
    if (count >= Math.min(2, parts.length)) return parts.slice(0, count)
    const [first] = parts
    if (first !== undefined) this.#avoid.add(first.piece.firstSeq)
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
