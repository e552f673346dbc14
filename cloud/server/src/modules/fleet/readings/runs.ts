import type { Segment } from '@jidoka/sync-protocol'
import { rangeOf, rangeRows } from '@jidoka/sync-protocol'
import { valueKinds } from '@jidoka/domain'

export const numberKind = valueKinds.indexOf('number')
export const booleanKind = valueKinds.indexOf('boolean')
export const textKind = valueKinds.indexOf('text')

/** Readings of one tag and one kind within one range of the lane, in order of arrival: `from` to `to` (exclusive) of the columns. */
export interface Run {
  readonly tagNo: number
  /** Index into `valueKinds`. */
  readonly kind: number
  readonly from: number
  readonly to: number
}

/** The readings of a range, sorted by run. The arrays are used again for the next range. */
export interface RunColumns {
  readonly seq: Float64Array
  readonly timeMs: Float64Array
  /**
   * The instant that counts for order and age, as at the edge: the source time, or when the reading came to the edge where the
   * source's clock runs ahead. Such a device would else hide its own later values once it is set right.
   */
  readonly atMs: Float64Array
  /** The number, 0 or 1 of a boolean, the index into `texts` of a text. */
  readonly number: Float64Array
  readonly quality: Uint8Array
  readonly texts: readonly string[]
}

interface Piece {
  readonly segment: Segment
  readonly from: number
  readonly to: number
}

/**
 * Readings by run, range by range: what lies before `fromSeq` is left out. Sorted by counting, so that a reading is touched three times and
 * no array is made for it.
 * @param segments gapless, in order
 */
export function* runsOf(
  segments: readonly Segment[],
  fromSeq: number,
): Generator<{ readonly runs: readonly Run[]; readonly columns: RunColumns }> {
  const sorter = new RunSorter()
  let pieces: Piece[] = []
  let range = -1
  for (const segment of segments) {
    const endSeq = segment.firstSeq + segment.count
    for (let seq = Math.max(segment.firstSeq, fromSeq); seq < endSeq;) {
      if (rangeOf(seq) !== range && pieces.length > 0) {
        yield sorter.sort(pieces)
        pieces = []
      }
      range = rangeOf(seq)
      const untilSeq = Math.min(endSeq, (range + 1) * rangeRows + 1)
      pieces.push({ segment, from: seq - segment.firstSeq, to: untilSeq - segment.firstSeq })
      seq = untilSeq
    }
  }
  if (pieces.length > 0) yield sorter.sort(pieces)
}

class RunSorter {
  /** Tag and kind as one number: tag numbers are 32-bit. */
  readonly #groupOf = new Map<number, number>()
  readonly #tagNos: number[] = []
  readonly #kinds: number[] = []
  #counts = new Uint32Array(1_024)
  #next = new Uint32Array(1_024)
  /** Per reading in order of arrival: its group. */
  #groups = new Uint32Array(0)
  #columns = columnsFor(0)

  sort(pieces: readonly Piece[]): { readonly runs: readonly Run[]; readonly columns: RunColumns } {
    const total = pieces.reduce((sum, piece) => sum + piece.to - piece.from, 0)
    if (this.#groups.length < total) {
      this.#groups = new Uint32Array(total)
      this.#columns = columnsFor(total)
    }
    this.#counts.fill(0)
    let at = 0
    for (const { segment, from, to } of pieces) {
      const groupOfEntry = this.#groupsOf(segment)
      const { entry } = segment
      for (let index = from; index < to; index++) {
        const group = groupOfEntry[entry[index] as number] as number
        this.#groups[at++] = group
        this.#counts[group] = (this.#counts[group] as number) + 1
      }
    }
    const runs: Run[] = []
    let end = 0
    for (let group = 0; group < this.#tagNos.length; group++) {
      const count = this.#counts[group] as number
      this.#next[group] = end
      if (count === 0) continue
      runs.push({
        tagNo: this.#tagNos[group] as number,
        kind: this.#kinds[group] as number,
        from: end,
        to: end + count,
      })
      end += count
    }
    const texts: string[] = []
    at = 0
    for (const piece of pieces) at = this.#place(piece, at, texts)
    return { runs, columns: { ...this.#columns, texts } }
  }

  #groupsOf(segment: Segment): Uint32Array {
    const { entryTagNos, entryKinds } = segment
    const groups = new Uint32Array(entryTagNos.length)
    for (let index = 0; index < groups.length; index++) {
      const tagNo = entryTagNos[index] as number
      const kind = entryKinds[index] as number
      const key = tagNo * valueKinds.length + kind
      let group = this.#groupOf.get(key)
      if (group === undefined) {
        group = this.#tagNos.length
        this.#groupOf.set(key, group)
        this.#tagNos.push(tagNo)
        this.#kinds.push(kind)
        if (group === this.#counts.length) this.#grow()
      }
      groups[index] = group
    }
    return groups
  }

  /** Puts the readings of a piece to their runs. Returns where the next piece begins in order of arrival. */
  #place({ segment, from, to }: Piece, startsAt: number, texts: string[]): number {
    const { seq, timeMs, atMs, number, quality } = this.#columns
    const textsAt = texts.length
    for (const text of segment.texts) texts.push(text)
    let at = startsAt
    for (let index = from; index < to; index++) {
      const group = this.#groups[at++] as number
      const place = this.#next[group] as number
      this.#next[group] = place + 1
      const itsTimeMs = segment.timeMs[index] as number
      const receivedMs = segment.receivedMsAt(index)
      seq[place] = segment.firstSeq + index
      timeMs[place] = itsTimeMs
      atMs[place] = itsTimeMs < receivedMs ? itsTimeMs : receivedMs
      const value = segment.number[index] as number
      number[place] = this.#kinds[group] === textKind ? value + textsAt : value
      quality[place] = segment.quality[index] as number
    }
    return at
  }

  #grow(): void {
    const counts = new Uint32Array(this.#counts.length * 2)
    counts.set(this.#counts)
    this.#counts = counts
    this.#next = new Uint32Array(counts.length)
  }
}

const columnsFor = (length: number): Omit<RunColumns, 'texts'> => ({
  seq: new Float64Array(length),
  timeMs: new Float64Array(length),
  atMs: new Float64Array(length),
  number: new Float64Array(length),
  quality: new Uint8Array(length),
})
