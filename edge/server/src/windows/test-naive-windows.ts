import type { Quality } from '@jidoka/domain'
import { judgeLimits } from '../judge/limits.ts'
import { violations } from './chart-tests.ts'
import { chartReadings } from './window-spec.ts'
import type { WindowReader, WindowStart } from './window-reader.ts'
import type { Decay, WindowSpec } from './window-spec.ts'

const dayMs = 86_400_000

/** Where windows begin among all commits ever made, by index: behind the last that set the clock back, and behind the last that is too old. */
export function* naiveStart(
  commits: readonly { readonly receivedMs: number }[],
  backMs: number,
): Generator<undefined, WindowStart | null, undefined> {
  const lastMs = commits.at(-1)?.receivedMs
  if (lastMs === undefined) return null
  let [fromSeq, highestMs] = [0, -Infinity]
  for (const [index, { receivedMs }] of commits.entries()) {
    if (receivedMs < highestMs - judgeLimits.clockSetBackMsMax) {
      fromSeq = index
      highestMs = receivedMs
    }
    highestMs = Math.max(highestMs, receivedMs)
    if (receivedMs < lastMs - backMs - judgeLimits.clockSetBackMsMax) fromSeq = index + 1
  }
  yield
  return { fromSeq, lastMs, highestMs }
}

export interface StoredReading {
  readonly seq: number
  readonly tagNo: number
  readonly timeMs: number
  readonly receivedMs: number
  readonly value: number
  readonly quality: Quality
}

/** A journal in memory, each reading a commit of its own, that counts what is read from it. */
export class NaiveJournal implements WindowReader {
  readonly rows: StoredReading[] = []
  read = 0

  findStart(backMs: number): ReturnType<WindowReader['findStart']> {
    return countedFromOne(naiveStart(this.rows, backMs))
  }

  *readTagsFrom(wanted: readonly number[], fromSeq: number): Iterable<StoredReading> {
    for (let index = Math.max(0, fromSeq - 1); index < this.rows.length; index++) {
      const row = this.rows[index] as StoredReading
      if (!wanted.includes(row.tagNo)) continue
      this.read++
      yield row
    }
  }
}

function* countedFromOne(search: ReturnType<typeof naiveStart>): ReturnType<typeof naiveStart> {
  const start = yield* search
  return start === null ? null : { ...start, fromSeq: start.fromSeq + 1 }
}

export interface NaiveReading {
  readonly timeMs: number
  readonly value: number
}

/** Windows as their description reads, over all readings ever taken: what the tests hold the real ones against. */
export class NaiveSeries {
  readonly #latenessMs: number
  #readings: NaiveReading[] = []
  newestMs = -Infinity

  constructor(latenessMs: number) {
    this.#latenessMs = latenessMs
  }

  note(timeMs: number, receivedMs: number, value: number): boolean {
    const instantMs = Math.min(timeMs, receivedMs)
    if (instantMs < this.newestMs - this.#latenessMs) return false
    const isRepeated = (reading: NaiveReading) => reading.timeMs === instantMs && reading.value === value
    if (timeMs <= receivedMs && this.#readings.slice(-10_000).some(isRepeated)) return false
    let at = this.#readings.length
    while (at > 0 && (this.#readings[at - 1] as NaiveReading).timeMs > instantMs) at--
    this.#readings.splice(at, 0, { timeMs: instantMs, value })
    this.newestMs = Math.max(this.newestMs, instantMs)
    return true
  }

  /** Null: missing. */
  figure(spec: WindowSpec): number | null {
    const readings = this.#window(spec)
    if (readings.length < spec.countMin) return null
    const value = this.#value(spec, readings)
    return Number.isFinite(value) ? value : null
  }

  #window({ span }: WindowSpec): NaiveReading[] {
    const { newestMs } = this
    const finalMs = newestMs - this.#latenessMs
    if (span.by === 'time') {
      const endMs = Math.floor(finalMs / span.ms) * span.ms
      return this.#readings.filter(({ timeMs }) =>
        span.isTumbling ? timeMs >= endMs - span.ms && timeMs < endMs : timeMs > newestMs - span.ms,
      )
    }
    if (!span.isTumbling) return this.#readings.filter(({ timeMs }) => timeMs > newestMs - dayMs).slice(-span.count)
    const today = Math.floor(finalMs / dayMs)
    for (const day of [today, today - 1]) {
      const ofDay = this.#readings.filter(({ timeMs }) => Math.floor(timeMs / dayMs) === day && timeMs <= finalMs)
      const blocks = Math.floor(ofDay.length / span.count)
      if (blocks > 0) return ofDay.slice((blocks - 1) * span.count, blocks * span.count)
    }
    return []
  }

  #value({ figure }: WindowSpec, readings: readonly NaiveReading[]): number {
    const values = readings.map(({ value }) => value)
    const [first, last] = [readings[0] as NaiveReading, readings.at(-1) as NaiveReading]
    const mean = meanOf(values)
    const times = readings.map(({ timeMs }) => (timeMs - first.timeMs) / 1_000)
    const seconds = times.map((time) => time - meanOf(times))
    switch (figure.of) {
      case 'count':
        return values.length
      case 'mean':
        return mean
      case 'min':
        return Math.min(...values)
      case 'max':
        return Math.max(...values)
      case 'range':
        return Math.max(...values) - Math.min(...values)
      case 'sum':
        return mean * values.length
      case 'stddev':
        return Math.sqrt(sumOf(values.map((value) => (value - mean) ** 2)) / (values.length - 1))
      case 'slope':
        return (
          sumOf(values.map((value, index) => (value - mean) * (seconds[index] as number))) /
          sumOf(seconds.map((s) => s * s))
        )
      case 'first':
        return first.value
      case 'last':
        return last.value
      case 'rate':
        return (last.value - first.value) / ((last.timeMs - first.timeMs) / 1_000)
      case 'ewma':
        return ewmaOf(readings, figure.decay)
      case 'chart': {
        const newest = readings.slice(-chartReadings).toReversed()
        return violations(
          figure.tests,
          newest.map(({ value }) => (value - figure.centre) / figure.sigma),
        )
      }
      default:
        return 0
    }
  }
}

function ewmaOf(readings: readonly NaiveReading[], decay: Decay): number {
  const newestMs = readings.at(-1)?.timeMs ?? 0
  const weights = readings.map(({ timeMs }, index) =>
    decay.by === 'reading'
      ? decay.factor ** (readings.length - 1 - index)
      : 0.5 ** ((newestMs - timeMs) / decay.halfLifeMs),
  )
  const origin = readings[0]?.value ?? 0
  return (
    origin + sumOf(readings.map(({ value }, index) => (value - origin) * (weights[index] as number))) / sumOf(weights)
  )
}

/** Around the first value, in two passes: as exact as doubles get. */
function meanOf(values: readonly number[]): number {
  const origin = values[0] ?? 0
  return origin + sumOf(values.map((value) => value - origin)) / values.length
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)
