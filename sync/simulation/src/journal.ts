import { decodeSegment, heldReadings, heldRecords, laneStart, mergeSegments, SegmentError } from '@jidoka/sync-protocol'
import type { DropReason, Lane, LanePoint, Segment } from '@jidoka/sync-protocol'

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
      readonly after: LanePoint
      readonly bytes: number
    }
  | { readonly kind: 'gone'; readonly fromSeq: number; readonly toSeq: number; readonly reason: DropReason }

/** One lane of a simulated journal: what is on disk. It survives a crash; what was only asked for does not. */
export class JournalLane {
  readonly #lane: Lane
  #items: Item[] = []
  lastSeq = 0
  /** Of the last receipt that is on disk. */
  point: LanePoint = laneStart
  /** Last row that has left for the cloud; on disk before it leaves. */
  sentSeq = 0
  readonly #gone: { fromSeq: number; toSeq: number; reason: DropReason }[] = []

  constructor(lane: Lane) {
    this.#lane = lane
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
  read(from: LanePoint, bytesMax: number): ReadResult {
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
        (bytes + item.bytes.length > bytesMax || item.firstSeq !== (items.at(-1)?.lastSeq ?? 0) + 1)
      )
        break
      if (this.#lane === 'readings') {
        const segment = readable(item)
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
    const range = this.#gone.find((each) => each.fromSeq <= fromSeq && each.toSeq >= fromSeq)
    if (range === undefined) throw new Error(`row ${fromSeq} of ${this.#lane} is neither there nor known as gone`)
    return { kind: 'gone', fromSeq, toSeq: range.toSeq, reason: range.reason }
  }
}

export const lineOf = (item: Item): string => new TextDecoder().decode(item.bytes)

function readable(item: Item): Segment | null {
  try {
    return decodeSegment(item.bytes)
  } catch (error) {
    if (error instanceof SegmentError) return null
    throw error
  }
}
