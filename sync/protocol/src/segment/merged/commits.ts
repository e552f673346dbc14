import { SegmentError } from '../error.ts'
import { timeMsMax } from '../layout.ts'
import { codeExtrasMax, readCodes, writeCodes } from './codes.ts'
import { GrowingBytes } from './growing-bytes.ts'
import { predict, restore } from './predictors.ts'

/** What was committed at once. */
export interface Commit {
  readonly firstSeq: number
  readonly count: number
  /** Wall clock of the edge at the commit, milliseconds since 1970 UTC. */
  readonly receivedMs: number
}

/** The commits of a segment as columns: of a large one there are hundreds of thousands. */
export class CommitTable {
  readonly firstSeq: number
  readonly length: number
  /** Behind the last reading of each commit, counted from the segment's first. */
  readonly #ends: ArrayLike<number>
  readonly #receivedMs: ArrayLike<number>
  #hit = 0
  #list: readonly Commit[] | null = null

  /** @param ends rising; the last is the count of readings */
  constructor(firstSeq: number, ends: ArrayLike<number>, receivedMs: ArrayLike<number>) {
    this.firstSeq = firstSeq
    this.length = ends.length
    this.#ends = ends
    this.#receivedMs = receivedMs
  }

  static ofOne(firstSeq: number, count: number, receivedMs: number): CommitTable {
    return new CommitTable(firstSeq, [count], [receivedMs])
  }

  get list(): readonly Commit[] {
    this.#list ??= Array.from(this.#ends, (end, index) => {
      const from = index === 0 ? 0 : (this.#ends[index - 1] as number)
      return { firstSeq: this.firstSeq + from, count: end - from, receivedMs: this.#receivedMs[index] as number }
    })
    return this.#list
  }

  endOf(commit: number): number {
    return this.#ends[commit] as number
  }

  receivedMsOf(commit: number): number {
    return this.#receivedMs[commit] as number
  }

  /** The commit that the reading with this index belongs to. Quick for neighbours of the one asked for before. */
  commitAt(index: number): number {
    const ends = this.#ends
    if (!(index >= 0 && index < (ends[this.length - 1] as number)))
      throw new RangeError(`the segment has no reading with the index ${index}`)
    const hit = this.#hit
    const begins = hit === 0 ? 0 : (ends[hit - 1] as number)
    if (index >= begins) {
      if (index < (ends[hit] as number)) return hit
      if (index < (ends[hit + 1] as number)) return (this.#hit = hit + 1)
    }
    let low = 0
    let high = this.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (index < (ends[middle] as number)) high = middle
      else low = middle + 1
    }
    return (this.#hit = low)
  }

  receivedMsAt(index: number): number {
    return this.#receivedMs[this.commitAt(index)] as number
  }
}

/** The planes of the section: codes of the counts, codes of the wall clocks, extras of both. */
export function commitPlanes(commits: CommitTable): Uint8Array[] {
  const { length } = commits
  const counts = new Float64Array(length)
  const clocks = new Float64Array(length)
  for (let index = 0; index < length; index++) {
    counts[index] = commits.endOf(index) - (index === 0 ? 0 : commits.endOf(index - 1))
    clocks[index] = commits.receivedMsOf(index)
  }
  const plane = new GrowingBytes(length * 2)
  const extras = new GrowingBytes(codeExtrasMax(length) * 2)
  predict('delta', counts, length, 0, counts)
  writeCodes(counts, length, plane, extras)
  predict('delta', clocks, length, 0, clocks)
  writeCodes(clocks, length, plane, extras)
  return [plane.written.subarray(0, length), plane.written.subarray(length), extras.written]
}

/** @throws SegmentError */
export function readCommits(raw: Uint8Array, firstSeq: number, count: number, length: number): CommitTable {
  if (raw.length < length * 2) throw new SegmentError('bounds', `there are not ${length} commits in it`)
  const ends = new Float64Array(length)
  const clocks = new Float64Array(length)
  let at = readCodes(raw, 0, length, length * 2, raw.length, ends)
  at = readCodes(raw, length, length, at, raw.length, clocks)
  if (at !== raw.length) throw new SegmentError('shape', 'bytes are left over behind the commits')
  restore('delta', ends, length, 0)
  restore('delta', clocks, length, 0)
  let end = 0
  for (let index = 0; index < length; index++) {
    const its = ends[index] as number
    if (!(its >= 1 && its <= count)) throw new SegmentError('bounds', `commit ${index} claims ${its} readings`)
    end += its
    ends[index] = end
    const receivedMs = clocks[index] as number
    if (!(receivedMs >= 0 && receivedMs <= timeMsMax))
      throw new SegmentError('bounds', `the wall clock of commit ${index} is out of range`)
  }
  if (end !== count) throw new SegmentError('shape', `its commits hold ${end} readings, it claims ${count}`)
  return new CommitTable(firstSeq, ends, clocks)
}
