import type { Reading } from '@jidoka/domain'
import {
  addTally,
  advancePoint,
  laneStart,
  protocolVersion,
  rangeOf,
  RangeSum,
  rangesOfReadings,
  rangesOfRecords,
} from '@jidoka/sync-protocol'
import type {
  DecodedBatch,
  Lane,
  LanePoint,
  LaneRange,
  RangeTally,
  Receipt,
  Refusal,
  RepairAnswer,
} from '@jidoka/sync-protocol'

/** What the loopback cloud holds of one epoch. */
export class Holding {
  epoch: string
  readonly points: Record<Lane, LanePoint> = { records: laneStart, readings: laneStart }
  readonly receipts: Record<Lane, Receipt | null> = { records: null, readings: null }
  readonly starts: Record<Lane, number | null> = { records: null, readings: null }
  /** Points of all receipts, by lane and number. */
  readonly kept = new Map<string, LanePoint>()
  readonly lines: string[] = []
  readings: (Reading & { readonly seq: number })[] = []
  readonly dropped: {
    readonly lane: Lane
    readonly fromSeq: number
    readonly toSeq: number
    readonly reason: string
  }[] = []
  readonly ranges: Record<Lane, Map<number, RangeTally>> = { records: new Map(), readings: new Map() }
  /** Ranges of readings that are counted from a later number than their first. */
  readonly #countedFrom = new Map<number, number>()

  constructor(epoch: string) {
    this.epoch = epoch
  }

  /** Stores what a batch brings behind the point of its lane. Returns the point behind it. */
  take(batch: DecodedBatch): LanePoint {
    const { lane, from_seq: fromSeq } = batch.header
    const before = this.points[lane]
    const point = advancePoint(before, batch)
    this.points[lane] = point
    this.kept.set(`${lane} ${point.seq}`, point)
    if (batch.kind === 'records') {
      const lines = batch.lines.slice(before.seq + 1 - fromSeq)
      this.lines.push(...lines)
      this.#count(lane, rangesOfRecords(before.seq + 1, lines))
    } else if (batch.kind === 'readings') {
      for (const segment of batch.segments) {
        let seq = segment.firstSeq
        for (const reading of segment.readings())
          if (seq++ > before.seq) this.readings.push({ ...reading, seq: seq - 1 })
      }
      this.#count(lane, rangesOfReadings(batch.segments, before.seq + 1))
    } else this.dropped.push({ lane, fromSeq, toSeq: batch.header.to_seq, reason: batch.header.dropped ?? '' })
    return point
  }

  /** As a cloud that began to count in the middle of a range, when it was upgraded. */
  countFrom(fromSeq: number): void {
    const range = rangeOf(fromSeq)
    this.#countedFrom.set(range, fromSeq)
    const kept = this.ranges.readings.get(range)
    if (kept !== undefined) this.ranges.readings.set(range, { ...kept, ...this.#stored(range) })
  }

  laneRanges(lane: Lane, fromRange: number): LaneRange[] {
    return [...this.ranges[lane]]
      .filter(([range]) => range >= fromRange)
      .map(([range, { upToSeq, count, sum }]) => ({
        range,
        ...(lane === 'readings' && this.#countedFrom.has(range) ? { from_seq: this.#countedFrom.get(range) } : {}),
        up_to_seq: upToSeq,
        count,
        sum,
        ...(lane === 'readings' ? { stored: this.#stored(range) } : {}),
      }))
  }

  repair(batch: DecodedBatch): RepairAnswer | Refusal {
    if (batch.kind !== 'readings') return { kind: 'malformed', detail: 'no readings' }
    const range = rangeOf(batch.header.from_seq)
    const kept = this.ranges.readings.get(range)
    const offered = rangesOfReadings(batch.segments, batch.header.from_seq).get(range)
    if (kept === undefined || offered?.sum !== kept.sum || offered.count !== kept.count) return { kind: 'digest' }
    const others = this.readings.filter(({ seq }) => !this.#isCounted(range, seq))
    const replaced = kept.count - (this.readings.length - others.length)
    const again = batch.segments.flatMap((segment) =>
      [...segment.readings()].map((reading, index) => ({ ...reading, seq: segment.firstSeq + index })),
    )
    this.readings = [...others, ...again]
    const { upToSeq, count, sum } = kept
    return { protocol: protocolVersion, range: { range, up_to_seq: upToSeq, count, sum }, replaced }
  }

  #stored(range: number): { readonly count: number; readonly sum: string } {
    const sum = new RangeSum()
    const rows = this.readings.filter(({ seq }) => this.#isCounted(range, seq))
    for (const reading of rows) sum.addReading(reading)
    return { count: rows.length, sum: sum.hex() }
  }

  #isCounted(range: number, seq: number): boolean {
    return rangeOf(seq) === range && seq >= (this.#countedFrom.get(range) ?? 1)
  }

  #count(lane: Lane, tallies: ReadonlyMap<number, RangeTally>): void {
    for (const [range, tally] of tallies) this.ranges[lane].set(range, addTally(this.ranges[lane].get(range), tally))
  }
}
