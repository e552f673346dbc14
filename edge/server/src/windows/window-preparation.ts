import { Series } from './series.ts'
import type { Budget, SeriesNeed } from './series.ts'
import { takeReading } from './take-reading.ts'
import type { WindowReader, WindowStart } from './window-reader.ts'

/** A series that will be wanted. */
export interface SeriesPlan {
  readonly tagNo: number
  readonly latenessMs: number
  readonly need: SeriesNeed
  /** How far back in the journal its readings lie at most. */
  readonly backMs: number
}

/** Filled up to the number before `nextSeq`. */
export interface PreparedSeries {
  readonly series: Series
  readonly backMs: number
  readonly nextSeq: number
}

/** Tags that are read together, each with its series. */
interface Chunk {
  readonly backMs: number
  readonly series: ReadonlyMap<number, readonly SeriesPlan[]>
}

/** The chunk that is being filled. */
interface UnderWay {
  readonly chunk: ReadonlyMap<number, readonly Series[]>
  readonly plans: Chunk
  readonly readings: Iterator<ReadReading>
  nextSeq: number
}

/** Readings between two looks at the clock: some 0.2 ms. */
const readingsPerLook = 128
/** A merged segment of a million readings is then unpacked in parts of some 32,000 readings, 10 to 20 ms each. */
const chunksPerPlant = 32

/**
 * Fills the windows of rules that are about to be put in force from the journal, a slice at a time, so that publishers are served
 * in between. Nobody looks at these windows meanwhile, and what comes meanwhile is read from the journal at the end: the
 * windows are then what filling them in one go would have made of them.
 */
export class WindowPreparation {
  readonly #chunks: Chunk[]
  readonly #budget: Budget
  readonly #prepared = new Map<string, PreparedSeries>()
  /** Where windows begin that reach back so far. A beginning stays one for as long as the clock is not set back, and then nothing is prepared. */
  readonly #starts = new Map<number, WindowStart | null>()
  /** For the first chunk. */
  #search: ReturnType<WindowReader['findStart']> | null = null
  #under: UnderWay | null = null

  /** @param tagsCount all tags of the plant: the more there are, the fewer readings of a segment are of one of them */
  constructor(plans: readonly SeriesPlan[], tagsCount: number, readingsMax: number) {
    this.#budget = { readings: 0, readingsMax }
    this.#chunks = chunksOf(plans, Math.max(1, Math.ceil(tagsCount / chunksPerPlant)))
  }

  /** How many are held. */
  get readings(): number {
    return this.#budget.readings
  }

  /** Goes on until the time is up; true when nothing is left to do. */
  slice(reader: WindowReader, isTimeUp: () => boolean): boolean {
    for (let readings = 1; ; readings++) {
      if (this.#under === null && this.#chunks.length === 0) return true
      const under = this.#under ?? this.#begin(reader)
      if (under === null) {
        if (isTimeUp()) return false
        continue
      }
      const { value: reading, done } = under.readings.next()
      if (done === true) this.#finish()
      else if (!this.#take(reading)) return true
      if ((done === true || readings % readingsPerLook === 0) && isTimeUp()) return false
    }
  }

  /** The series that was prepared for this; null where there is none. It is given away once. */
  give(tagNo: number, latenessMs: number): PreparedSeries | null {
    const key = seriesKey(tagNo, latenessMs)
    const prepared = this.#prepared.get(key) ?? null
    this.#prepared.delete(key)
    return prepared
  }

  /** The next chunk; null while it is looked where it begins, and for one of which the journal holds nothing, which is passed over. */
  #begin(reader: WindowReader): UnderWay | null {
    const [plans] = this.#chunks
    if (plans === undefined) return null
    const { backMs } = plans
    const start = this.#starts.get(backMs)
    if (start === undefined) {
      this.#search ??= reader.findStart(backMs)
      const { value, done } = this.#search.next()
      if (done !== true) return null
      this.#starts.set(backMs, value)
      this.#search = null
      return null
    }
    this.#chunks.shift()
    if (start === null) return null
    const chunk = new Map<number, Series[]>()
    for (const [tagNo, ofTag] of plans.series)
      chunk.set(
        tagNo,
        ofTag.map(({ latenessMs, need }) => new Series(latenessMs, need, this.#budget)),
      )
    const readings = reader.readTagsFrom([...chunk.keys()], start.fromSeq)[Symbol.iterator]()
    this.#under = { chunk, plans, readings, nextSeq: start.fromSeq }
    return this.#under
  }

  #finish(): void {
    if (this.#under === null) return
    const { chunk, plans, nextSeq } = this.#under
    this.#under = null
    for (const [tagNo, ofTag] of plans.series)
      for (const [index, { latenessMs, backMs }] of ofTag.entries()) {
        const series = chunk.get(tagNo)?.[index]
        if (series !== undefined) this.#prepared.set(seriesKey(tagNo, latenessMs), { series, backMs, nextSeq })
      }
  }

  /** False when there is no room: then nothing is prepared, and whoever puts the rules in force finds what there is room for. */
  #take(reading: ReadReading): boolean {
    if (this.#under === null) return true
    this.#under.nextSeq = reading.seq + 1
    for (const series of this.#under.chunk.get(reading.tagNo) ?? []) takeReading(series, reading)
    if (this.#budget.readings < this.#budget.readingsMax) return true
    this.#chunks.length = 0
    this.#prepared.clear()
    this.#under = null
    return false
  }
}

type ReadReading = ReturnType<WindowReader['readTagsFrom']> extends Iterable<infer Reading> ? Reading : never

export const seriesKey = (tagNo: number, latenessMs: number): string => `${tagNo} ${latenessMs}`

/** Longest look back first: nothing of a chunk is read further back than its windows reach by more than a factor of four. */
function chunksOf(plans: readonly SeriesPlan[], tagsMax: number): Chunk[] {
  const chunks: { backMs: number; series: Map<number, SeriesPlan[]> }[] = []
  for (const plan of plans.toSorted((left, right) => right.backMs - left.backMs)) {
    const last = chunks.at(-1)
    const known = last?.series.get(plan.tagNo)
    if (known !== undefined) known.push(plan)
    else if (last !== undefined && last.series.size < tagsMax && last.backMs <= plan.backMs * 4)
      last.series.set(plan.tagNo, [plan])
    else chunks.push({ backMs: plan.backMs, series: new Map([[plan.tagNo, [plan]]]) })
  }
  return chunks
}
