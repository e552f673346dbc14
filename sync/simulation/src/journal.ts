import {
  addTally,
  decodeSegment,
  epochStart,
  heldReadings,
  heldRecords,
  mergeSegments,
  rangeOf,
  rangesOfReadings,
  rangesOfRecords,
  SegmentError,
} from '@jidoka/sync-protocol'
import type { DropReason, Lane, LanePoint, RangeTally, Segment } from '@jidoka/sync-protocol'

/** A segment, or one record line. */
export interface Item {
  readonly firstSeq: number
  readonly lastSeq: number
  readonly bytes: Uint8Array
}

export type ReadResult =
  | {
      readonly kind: 'rows'
      readonly fromSeq: number
      readonly toSeq: number
      readonly items: readonly Item[]
      /** Null where a damaged segment was not noticed, which is a planted bug. */
      readonly after: LanePoint | null
      readonly bytes: number
    }
  | { readonly kind: 'gone'; readonly fromSeq: number; readonly toSeq: number; readonly reason: DropReason }

/** Where a lane goes on when its cloud stands behind it. */
export interface SetBack {
  readonly point: LanePoint
  /** The cloud has nothing of the lane. */
  readonly isBeginning: boolean
}

/** One lane of a simulated journal: what is on disk. It survives a crash; what was only asked for does not. */
export class JournalLane {
  readonly #lane: Lane
  #items: Item[] = []
  lastSeq: number
  /** Of the last receipt that is on disk. */
  point: LanePoint
  /** Sums of ranges, committed together with the receipt; null of one of which rows were gone before they were receipted. */
  ranges: ReadonlyMap<number, RangeTally | null> = new Map()
  /** Last row that has left for the cloud; on disk before it leaves. */
  sentSeq = 0
  #before: { readonly point: LanePoint; readonly ranges: JournalLane['ranges'] } | null = null
  #gone: { fromSeq: number; toSeq: number; reason: DropReason }[] = []

  constructor(lane: Lane, startSeq: number) {
    this.#lane = lane
    this.lastSeq = startSeq - 1
    this.point = epochStart(startSeq)
  }

  /** An image of it. */
  copy(): JournalLane {
    const copy = new JournalLane(this.#lane, 1)
    copy.#items = [...this.#items]
    copy.#gone = [...this.#gone]
    copy.lastSeq = this.lastSeq
    copy.point = this.point
    copy.ranges = this.ranges
    copy.sentSeq = this.sentSeq
    return copy
  }

  /** A new epoch goes on with the numbers: what was receipted before is of another lane of the cloud. */
  beginEpoch(startSeq: number): void {
    this.point = epochStart(startSeq)
    this.sentSeq = startSeq - 1
    this.ranges = new Map()
    this.#before = null
  }

  /**
   * Keeps a receipt and what its rows add to the sums of their ranges, in one commit.
   * @param setBack a point that is not on disk and whose place it takes: rows behind it are in the sums, and may not be in the cloud
   */
  keepReceipt(point: LanePoint, setBack: SetBack | null = null): void {
    if (setBack !== null) this.adopt(setBack)
    const { point: from, ranges } = this
    this.ranges = this.#rangesWith(from, point)
    this.#before = setBack === null ? { point: from, ranges } : null
    this.point = point
  }

  /** The cloud was set back, or stands elsewhere below our point. */
  adopt({ point, isBeginning }: SetBack): void {
    const kept = [...this.ranges].filter(([range]) => !isBeginning && range <= rangeOf(Math.max(1, point.seq)))
    this.ranges = new Map(
      kept.map(([range, tally]) => [range, range === rangeOf(Math.max(1, point.seq)) ? null : tally]),
    )
    this.#before = null
    this.point = point
  }

  /** Up to here rows may go: the store is written in order, so that no power loss takes a receipt and leaves what was removed under it removed. */
  get syncedSeq(): number {
    return Math.min(this.point.seq, this.#before?.point.seq ?? this.point.seq)
  }

  /** A power loss took the last receipt, which was not synced. */
  loseReceipt(): void {
    if (this.#before === null) return
    this.point = this.#before.point
    this.ranges = this.#before.ranges
    this.#before = null
  }

  /** Of a planted bug: rows that were not synced are gone after a power loss. */
  truncate(lastSeq: number): void {
    this.#items = this.#items.filter((item) => item.lastSeq <= lastSeq)
    this.lastSeq = Math.min(this.lastSeq, lastSeq)
  }

  #rangesWith(from: LanePoint, to: LanePoint): JournalLane['ranges'] {
    const rows = to.seq - from.seq
    if (rows <= 0 || to.count === from.count) return this.ranges
    const ranges = new Map(this.ranges)
    const more = to.count - from.count === rows ? this.#talliesOf(from.seq + 1, to.seq) : null
    if (more === null)
      for (let range = rangeOf(from.seq + 1); range <= rangeOf(to.seq); range++) ranges.set(range, null)
    else
      for (const [range, tally] of more) {
        const kept = ranges.get(range)
        ranges.set(range, kept === null ? null : addTally(kept, tally))
      }
    return ranges
  }

  #itemsOf(fromSeq: number, toSeq: number): readonly Item[] {
    return this.#items.filter((item) => item.lastSeq >= fromSeq && item.firstSeq <= toSeq)
  }

  /** Whether all of these rows are there, each in a form that can be read. */
  holdsAll(fromSeq: number, toSeq: number): boolean {
    let nextSeq = fromSeq
    for (const item of this.#itemsOf(fromSeq, toSeq)) {
      if (item.firstSeq > nextSeq || (this.#lane === 'readings' && readable(item) === null)) return false
      nextSeq = item.lastSeq + 1
    }
    return nextSeq > toSeq
  }

  #talliesOf(fromSeq: number, toSeq: number): Map<number, RangeTally> | null {
    const items = this.#itemsOf(fromSeq, toSeq)
    let nextSeq = fromSeq
    for (const { firstSeq, lastSeq } of items) {
      if (firstSeq > nextSeq) return null
      nextSeq = lastSeq + 1
    }
    if (nextSeq <= toSeq) return null
    if (this.#lane === 'records') return rangesOfRecords(fromSeq, items.map(lineOf))
    const segments = items.map(readable)
    return segments.every((segment) => segment !== null) ? rangesOfReadings(segments, fromSeq, toSeq) : null
  }

  get items(): readonly Item[] {
    return this.#items
  }

  append(item: Item): void {
    this.#items.push(item)
    this.lastSeq = item.lastSeq
  }

  /** Takes items away and notes why, in one transaction. */
  remove(items: readonly Item[], reason: DropReason): void {
    const away = new Set(items)
    this.#items = this.#items.filter((item) => !away.has(item))
    for (const { firstSeq, lastSeq } of items) this.#gone.push({ fromSeq: firstSeq, toSeq: lastSeq, reason })
  }

  /**
   * Merges up to `countMax` neighbours into one, as an edge does in the background; nothing across what was sent and is not yet receipted (S14).
   * @param pick which of the places where two can be merged
   * @returns what it made, or null
   */
  merge(countMax: number, pick: (places: number) => number): Item | null {
    const sentSeq = Math.max(this.sentSeq, this.point.seq)
    const side = ({ firstSeq, lastSeq }: Item) =>
      lastSeq <= this.point.seq ? 'receipted' : firstSeq > sentSeq ? 'unsent' : null
    const follows = (item: Item, next: Item | undefined): boolean =>
      next !== undefined && next.firstSeq === item.lastSeq + 1 && side(item) !== null && side(item) === side(next)
    const starts = [...this.#items.keys()].filter((index) =>
      follows(this.#items[index] as Item, this.#items[index + 1]),
    )
    const start = starts[starts.length === 0 ? 0 : pick(starts.length)]
    if (start === undefined) return null
    let end = start + 1
    while (end - start < countMax && follows(this.#items[end - 1] as Item, this.#items[end])) end++
    const parts = this.#items.slice(start, end)
    let bytes: Uint8Array
    try {
      bytes = mergeSegments(parts.map((part) => part.bytes))
    } catch (error) {
      if (error instanceof SegmentError) return null // a damaged one stays for itself
      throw error
    }
    const item = { firstSeq: (parts[0] as Item).firstSeq, lastSeq: (parts.at(-1) as Item).lastSeq, bytes }
    this.#items.splice(start, parts.length, item)
    return item
  }

  /** Flips a bit of a stored segment; its checksum tells when it is read. */
  damage(item: Item, at: number): void {
    const bytes = item.bytes.slice()
    const index = at % bytes.length
    bytes[index] = (bytes[index] ?? 0) ^ 1
    this.#items = this.#items.map((each) => (each === item ? { ...item, bytes } : each))
  }

  /** Rows behind `from`, at least one item, about `bytesMax`; or the range up to the next row that is still there. */
  read(
    from: LanePoint,
    bytesMax: number,
    { single, noticesDamage }: { readonly single: boolean; readonly noticesDamage: boolean },
  ): ReadResult {
    const fromSeq = from.seq + 1
    const start = this.#items.findIndex((item) => item.lastSeq >= fromSeq)
    const first = this.#items[start]
    if (first === undefined || first.firstSeq > fromSeq) return this.#goneFrom(fromSeq)
    const items: Item[] = []
    const segments: Segment[] = []
    let bytes = 0
    for (const item of this.#items.slice(start)) {
      if (
        items.length > 0 &&
        (single || bytes + item.bytes.length > bytesMax || item.firstSeq !== (items.at(-1)?.lastSeq ?? 0) + 1)
      )
        break
      if (this.#lane === 'readings') {
        const segment = readable(item)
        if (segment === null && !noticesDamage) {
          if (items.length > 0) break
          return {
            kind: 'rows',
            fromSeq: item.firstSeq,
            toSeq: item.lastSeq,
            items: [item],
            after: null,
            bytes: item.bytes.length,
          }
        }
        if (segment === null) {
          if (items.length > 0) break
          this.remove([item], 'damaged')
          return { kind: 'gone', fromSeq, toSeq: item.lastSeq, reason: 'damaged' }
        }
        segments.push(segment)
      }
      items.push(item)
      bytes += item.bytes.length
    }
    const toSeq = items.at(-1)?.lastSeq ?? fromSeq
    const after =
      this.#lane === 'readings' ? heldReadings(from, toSeq, segments) : heldRecords(from, toSeq, items.map(lineOf))
    if (after === null) throw new Error('the journal gave rows that do not hang together')
    return { kind: 'rows', fromSeq: first.firstSeq, toSeq, items, after, bytes }
  }

  /** This end's own point at a number, or null when rows up to it are gone. */
  heldAt(from: LanePoint, upToSeq: number): LanePoint | null {
    const items = this.#items.filter((item) => item.lastSeq > from.seq && item.firstSeq <= upToSeq)
    if (this.#lane === 'records')
      return items[0]?.firstSeq === from.seq + 1 || upToSeq === from.seq
        ? heldRecords(from, upToSeq, items.map(lineOf))
        : null
    const segments: Segment[] = []
    for (const item of items) {
      const segment = readable(item)
      if (segment === null) return null
      segments.push(segment)
    }
    return heldReadings(from, upToSeq, segments)
  }

  #goneFrom(fromSeq: number): ReadResult {
    const rangeAt = (seq: number) => this.#gone.find((each) => each.fromSeq <= seq && each.toSeq >= seq)
    const range = rangeAt(fromSeq)
    if (range === undefined) throw new Error(`row ${fromSeq} of ${this.#lane} is neither there nor known as gone`)
    // Neighbours that went for the same reason are told together.
    let { toSeq } = range
    for (let next = rangeAt(toSeq + 1); next?.reason === range.reason; next = rangeAt(toSeq + 1)) toSeq = next.toSeq
    return { kind: 'gone', fromSeq, toSeq, reason: range.reason }
  }
}

export const lineOf = (item: Item): string => new TextDecoder().decode(item.bytes)

/** What the bytes of a segment are, decoded once: they are looked at with each batch, receipt and sum, and never change. */
const decoded = new WeakMap<Uint8Array, Segment | 'damaged'>()

function readable({ bytes }: Item): Segment | null {
  let segment = decoded.get(bytes)
  if (segment === undefined) {
    try {
      segment = decodeSegment(bytes)
    } catch (error) {
      if (!(error instanceof SegmentError)) throw error
      segment = 'damaged'
    }
    decoded.set(bytes, segment)
  }
  return segment === 'damaged' ? null : segment
}
