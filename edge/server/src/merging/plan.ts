import { mergeRules, mergingLimits } from './limits.ts'
import type { MergeRule } from './limits.ts'

/** A stored segment as the planner sees it: a row (levels 0 and 1) or a file (2 and 3). */
export interface Piece {
  readonly firstSeq: number
  readonly count: number
  readonly level: number
  readonly bytes: number
  /** Wall clock of its last commit. */
  readonly receivedMs: number
}

/** Up to where the readings lane has left and was confirmed. What lies between the two may be asked for again as it was sent. */
export interface LineBounds {
  readonly receiptedSeq: number
  readonly sentSeq: number
}

export interface PlanInput extends LineBounds {
  /** In order of sequence. */
  readonly pieces: readonly Piece[]
  readonly hasCloud: boolean
  readonly nowMs: number
  /** Commits are frequent: merging waits unless too much lies in rows. */
  readonly isBusy: boolean
  /** First numbers of pieces that could not be merged before (damaged, too large together). */
  readonly avoid?: ReadonlySet<number>
}

export interface MergePlan {
  readonly fromSeq: number
  readonly toSeq: number
  readonly level: 1 | 2 | 3
  readonly parts: readonly Piece[]
}

export const lastSeqOf = (piece: Pick<Piece, 'firstSeq' | 'count'>): number => piece.firstSeq + piece.count - 1

/** Whether a range lies on one side of what was sent and not yet receipted: only then may it change its shape. */
export const mayMerge = (fromSeq: number, toSeq: number, { receiptedSeq, sentSeq }: LineBounds): boolean =>
  toSeq <= receiptedSeq || fromSeq > Math.max(sentSeq, receiptedSeq)

/** The next merge, or null when nothing is worth one now. Every merge lifts its parts to a higher level, so that there is an end. */
export function planMerge(input: PlanInput): MergePlan | null {
  if (input.isBusy && !isBacklogLarge(input.pieces)) return null
  for (const rule of mergeRules) {
    const parts = firstRun(rule, input)
    const [first, last] = [parts?.[0], parts?.at(-1)]
    if (parts !== null && first !== undefined && last !== undefined)
      return { fromSeq: first.firstSeq, toSeq: lastSeqOf(last), level: rule.level, parts }
  }
  return null
}

export function isBacklogLarge(pieces: readonly Piece[]): boolean {
  let [rows, readings] = [0, 0]
  for (const piece of pieces) {
    if (piece.level > 1) continue
    rows++
    readings += piece.count
  }
  return rows > mergingLimits.backlogRowsMax || readings > mergingLimits.backlogReadingsMax
}

function firstRun(rule: MergeRule, input: PlanInput): readonly Piece[] | null {
  let run = new Run(rule)
  for (const piece of input.pieces) {
    const belongs = isPart(rule, piece, input)
    if (!belongs || !run.continuesWith(piece, input)) {
      const parts = run.whenItEnds(input.nowMs)
      if (parts !== null) return parts
      run = new Run(rule)
    } else if (!run.hasRoomFor(piece)) {
      const parts = run.whole()
      if (parts !== null) return parts
      run = new Run(rule)
    }
    if (!belongs) continue
    run.add(piece)
    if (run.isFull) {
      const parts = run.whole()
      if (parts !== null) return parts
    }
  }
  return run.whenItEnds(input.nowMs)
}

function isPart(rule: MergeRule, piece: Piece, input: PlanInput): boolean {
  const toSeq = lastSeqOf(piece)
  return (
    piece.level <= rule.partLevelMax &&
    piece.count <= rule.partReadingsMax &&
    piece.bytes <= rule.bytesMax &&
    mayMerge(piece.firstSeq, toSeq, input) &&
    // A segment of level 3 is too large for the line: only what the cloud has goes there.
    (rule.level < 3 || !input.hasCloud || toSeq <= input.receiptedSeq) &&
    !input.avoid?.has(piece.firstSeq)
  )
}

/** Consecutive pieces that one rule would merge. */
class Run {
  readonly #rule: MergeRule
  #pieces: Piece[] = []
  #readings = 0
  #bytes = 0

  constructor(rule: MergeRule) {
    this.#rule = rule
  }

  get isFull(): boolean {
    return this.#readings >= this.#rule.readingsFull || this.#pieces.length >= this.#rule.partsMax
  }

  continuesWith(piece: Piece, bounds: LineBounds): boolean {
    const last = this.#pieces.at(-1)
    if (last === undefined) return true
    return (
      lastSeqOf(last) + 1 === piece.firstSeq &&
      // Both may be merged, so that they are either on the same side of the range under way or on the two sides of it.
      lastSeqOf(last) <= bounds.receiptedSeq === lastSeqOf(piece) <= bounds.receiptedSeq
    )
  }

  hasRoomFor(piece: Piece): boolean {
    return (
      this.#readings + piece.count <= this.#rule.readingsMax &&
      this.#bytes + piece.bytes <= this.#rule.bytesMax &&
      this.#pieces.length < this.#rule.partsMax
    )
  }

  add(piece: Piece): void {
    // Rows go into level 3 only where they are stuck between files: at its edges they still have a level 2 to grow into.
    if (this.#pieces.length === 0 && !this.#mayStandAtTheEdge(piece)) return
    this.#pieces.push(piece)
    this.#readings += piece.count
    this.#bytes += piece.bytes
  }

  /** The parts, when there is something to merge. */
  whole(): readonly Piece[] | null {
    const end = this.#pieces.findLastIndex((piece) => this.#mayStandAtTheEdge(piece)) + 1
    const parts = this.#pieces.slice(0, end)
    const [first] = parts
    const isLargeAlone = this.#rule.level === 2 && first !== undefined && first.count >= mergingLimits.aloneReadingsMin
    return parts.length >= 2 || (parts.length === 1 && isLargeAlone) ? parts : null
  }

  /** The parts, when the run goes no further here and they are old, or too large to wait. */
  whenItEnds(nowMs: number): readonly Piece[] | null {
    const [first] = this.#pieces
    if (first === undefined) return null
    const isOld = nowMs - first.receivedMs >= this.#rule.ageMs
    return isOld || first.count >= mergingLimits.aloneReadingsMin ? this.#ended(isOld) : null
  }

  #ended(isOld: boolean): readonly Piece[] | null {
    const parts = this.whole()
    return isOld || parts?.length === 1 ? parts : null
  }

  #mayStandAtTheEdge(piece: Piece): boolean {
    return this.#rule.level < 3 || piece.level === 2
  }
}
