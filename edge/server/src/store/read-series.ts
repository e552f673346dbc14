import type { NumberStats } from '@jidoka/sync-protocol'
import { numberKind } from './opened-segment.ts'
import type { OpenedSegment } from './opened-segment.ts'
import type { SegmentStore } from './segment-store.ts'

/** A tag's numbers over time, thinned: of each stretch its first, least, greatest and last are kept. */
export interface Series {
  readonly timesMs: Float64Array
  readonly values: Float64Array
  /** Readings that the points stand for. */
  readonly readingsCount: number
}

export interface SeriesQuestion {
  readonly tagNo: number
  /** Source times; both included. */
  readonly fromMs: number
  readonly toMs: number
  /** About how many points. So many readings or fewer come as they are. */
  readonly points: number
}

/** Points kept of a stretch. */
const pointsPerStretch = 4
/** More stretches than any screen has pixels: a caller that wants every reading asks for endless points. */
const stretchesMax = 10_000

/**
 * Exact extremes of every stretch, whatever lies in the store: a segment whose readings of the tag lie within one stretch is
 * answered from its statistics, any other from the tag's column.
 * @param isTimeUp asked now and then; when it says so the answer is null
 */
export function readSeries(
  store: SegmentStore,
  { tagNo, fromMs, toMs, points }: SeriesQuestion,
  isTimeUp: () => boolean = () => false,
): Series | null {
  let series = new SeriesBuilder(fromMs, toMs, points)
  let timeIsUp = false
  store.overlapping(
    fromMs,
    toMs,
    () => (series = new SeriesBuilder(fromMs, toMs, points)),
    (opened) => {
      timeIsUp ||= isTimeUp()
      if (!timeIsUp) series.take(opened, tagNo)
    },
  )
  return timeIsUp ? null : series.done()
}

class SeriesBuilder {
  readonly #fromMs: number
  readonly #toMs: number
  readonly #points: number
  readonly #stretchMs: number
  readonly #stretches: (Stretch | undefined)[]
  /** Every reading, while there are no more than points. */
  #all: { timeMs: number; value: number }[] | null = []
  #count = 0

  constructor(fromMs: number, toMs: number, points: number) {
    const stretches = Math.max(1, Math.floor(Math.min(points, stretchesMax * pointsPerStretch) / pointsPerStretch))
    this.#fromMs = fromMs
    this.#toMs = toMs
    this.#points = points
    this.#stretchMs = Math.max(1, (toMs - fromMs + 1) / stretches)
    this.#stretches = Array.from({ length: stretches })
  }

  take(opened: OpenedSegment, tagNo: number): void {
    const stats = opened.stats(tagNo)
    if (stats !== null && (stats.toMs < this.#fromMs || stats.fromMs > this.#toMs || stats.numbers === null)) return
    if (
      stats?.numbers &&
      this.#isWithinOneStretch(stats.fromMs, stats.toMs) &&
      this.#count + stats.numbers.count > this.#points
    ) {
      this.#all = null
      this.#count += stats.numbers.count
      this.#stretchAt(stats.fromMs).addAll(stats.numbers)
      return
    }
    const readings = opened.tag(tagNo)
    if (readings === null) return
    const { timeMs: times, number: numbers, kind } = readings
    for (let index = 0; index < times.length; index++) {
      const timeMs = times[index] as number
      if (timeMs < this.#fromMs || timeMs > this.#toMs || kind[index] !== numberKind) continue
      this.#add(timeMs, numbers[index] as number)
    }
  }

  done(): Series {
    const points = this.#all?.toSorted((left, right) => left.timeMs - right.timeMs) ?? this.#thinned()
    return {
      timesMs: Float64Array.from(points, ({ timeMs }) => timeMs),
      values: Float64Array.from(points, ({ value }) => value),
      readingsCount: this.#count,
    }
  }

  #add(timeMs: number, value: number): void {
    this.#count++
    if (this.#count > this.#points) this.#all = null
    this.#all?.push({ timeMs, value })
    this.#stretchAt(timeMs).add(timeMs, value)
  }

  #thinned(): { timeMs: number; value: number }[] {
    return this.#stretches.flatMap((stretch) => stretch?.points() ?? [])
  }

  #isWithinOneStretch(fromMs: number, toMs: number): boolean {
    return fromMs >= this.#fromMs && toMs <= this.#toMs && this.#stretchNo(fromMs) === this.#stretchNo(toMs)
  }

  #stretchNo(timeMs: number): number {
    return Math.min(this.#stretches.length - 1, Math.floor((timeMs - this.#fromMs) / this.#stretchMs))
  }

  #stretchAt(timeMs: number): Stretch {
    const no = this.#stretchNo(timeMs)
    return (this.#stretches[no] ??= new Stretch())
  }
}

/** What is kept of a stretch. Readings come in order of arrival, in parts; of equal times the first stays first, the last last. */
class Stretch {
  #firstMs = Infinity
  #first = 0
  #minMs = Infinity
  #min = Infinity
  #maxMs = Infinity
  #max = -Infinity
  #lastMs = -Infinity
  #last = 0

  add(timeMs: number, value: number): void {
    if (timeMs < this.#firstMs) [this.#firstMs, this.#first] = [timeMs, value]
    if (value < this.#min || (value === this.#min && timeMs < this.#minMs)) [this.#minMs, this.#min] = [timeMs, value]
    if (value > this.#max || (value === this.#max && timeMs < this.#maxMs)) [this.#maxMs, this.#max] = [timeMs, value]
    if (timeMs >= this.#lastMs) [this.#lastMs, this.#last] = [timeMs, value]
  }

  addAll(stats: NumberStats): void {
    this.add(stats.firstMs, stats.first)
    this.add(stats.minAtMs, stats.min)
    this.add(stats.maxAtMs, stats.max)
    this.add(stats.lastMs, stats.last)
  }

  points(): { timeMs: number; value: number }[] {
    const points = [
      { timeMs: this.#firstMs, value: this.#first },
      { timeMs: this.#minMs, value: this.#min },
      { timeMs: this.#maxMs, value: this.#max },
      { timeMs: this.#lastMs, value: this.#last },
    ]
    const inOrder = points.slice(0, 3).sort((left, right) => left.timeMs - right.timeMs)
    // The last stays last also among readings of one instant.
    return [...inOrder, ...points.slice(3)].filter(
      (point, index, all) =>
        index === 0 || point.timeMs !== all[index - 1]?.timeMs || point.value !== all[index - 1]?.value,
    )
  }
}
