import { decimalsMax, encodingBoolean, encodingText, kindBoolean, kindNumber } from '../layout.ts'
import { writeVarint } from '../varint.ts'
import { codeExtrasMax, writeCodes } from './codes.ts'
import type { Clock } from './clock.ts'
import { writeFloats } from './floats.ts'
import { GrowingBytes } from './growing-bytes.ts'
import {
  encodingSingle,
  flagClock,
  flagColumnQuality,
  flagExceptions,
  flagStats,
  flagWideStats,
  statsCountMin,
} from './layout.ts'
import { encodeNumbers } from './number-encoding.ts'
import { bitsOf, predict, predictors } from './predictors.ts'
import type { Predictor } from './predictors.ts'
import { spanOf, statsBytesMax, statsOfNumbers, writeNumberStats, writeSpan } from './stats.ts'

/** One column in order of arrival; arrays may be longer than `count`. */
export interface ColumnInput {
  readonly tagNo: number
  readonly kind: number
  readonly count: number
  readonly places: Float64Array
  readonly timeMs: Float64Array
  readonly number: Float64Array
  readonly quality: Uint8Array
}

/** Predictors are chosen by the first so many readings: whoever jitters there jitters later. */
const trialCount = 512
const untriedCountMax = 3

const textEncoder = new TextEncoder()

const placePredictors: readonly Predictor[] = ['delta', 'ramp', 'steady']
const timePredictors: readonly Predictor[] = ['delta', 'ramp']
const latencyPredictors: readonly Predictor[] = ['level', 'delta']
const valuePredictors: readonly Predictor[] = ['delta', 'ramp', 'level']

/** Writes columns into the planes of a group. */
export class GroupWriter {
  readonly directory = new GrowingBytes(4_096)
  readonly #places = new GrowingBytes(8_192)
  readonly #times = new GrowingBytes(8_192)
  readonly #values = new GrowingBytes(8_192)
  readonly #qualities = new GrowingBytes(1_024)
  readonly #extras = new GrowingBytes(16_384)
  readonly #texts: readonly string[]
  readonly #clock: Clock
  readonly #segmentFromMs: number
  readonly #differences: Float64Array
  readonly #integers: Float64Array
  readonly #exceptions: number[] = []
  firstTagNo = 0
  columns = 0
  readings = 0
  lastTagNo = 0

  /** @param countMax readings of the longest column to come */
  constructor(clock: Clock, texts: readonly string[], segmentFromMs: number, countMax: number) {
    this.#clock = clock
    this.#texts = texts
    this.#segmentFromMs = segmentFromMs
    this.#differences = new Float64Array(countMax)
    this.#integers = new Float64Array(countMax)
  }

  get rawBytes(): number {
    return this.readings * 3 + this.#qualities.at + this.#extras.at
  }

  get planes(): Uint8Array[] {
    return [this.#places, this.#times, this.#values, this.#qualities, this.#extras].map(({ written }) => written)
  }

  reset(): void {
    for (const bytes of [this.directory, this.#places, this.#times, this.#values, this.#qualities, this.#extras])
      bytes.reset()
    this.columns = 0
    this.readings = 0
  }

  add(column: ColumnInput): void {
    const { tagNo, count } = column
    if (this.columns === 0) this.lastTagNo = this.firstTagNo = tagNo
    const extrasFrom = this.#extras.at
    const places = this.#writeIntegers(this.#places, column.places, count, 0, placePredictors)
    const times = this.#writeTimes(column)
    const { encoding, values } = this.#writeValues(column)
    const quality = this.#writeQualities(column)

    const { directory } = this
    directory.reserve(5 + 2 + 4 + 5 + statsBytesMax)
    const { bytes } = directory
    directory.at = writeVarint(bytes, directory.at, tagNo - this.lastTagNo)
    const encodingAt = directory.at++
    bytes[directory.at++] = places | times | (values << 4) | (quality ? flagColumnQuality : 0)
    directory.at = writeVarint(bytes, directory.at, count)
    directory.at = writeVarint(bytes, directory.at, this.#extras.at - extrasFrom)
    bytes[encodingAt] =
      encoding | (this.#exceptions.length > 0 ? flagExceptions : 0) | this.#writeStats(column, encoding)
    this.lastTagNo = tagNo
    this.columns++
    this.readings += count
  }

  /** @returns the predictor's number */
  #writeIntegers(
    plane: GrowingBytes,
    integers: Float64Array,
    count: number,
    origin: number,
    choices: readonly Predictor[],
  ): number {
    const differences = this.#differences
    let { chosen } = this.#bestOf(choices, integers, count, origin)
    if (!predict(chosen, integers, count, origin, differences)) {
      chosen = 'delta'
      predict(chosen, integers, count, origin, differences)
    }
    plane.reserve(count)
    this.#extras.reserve(codeExtrasMax(count))
    writeCodes(differences, count, plane, this.#extras)
    return predictors.indexOf(chosen)
  }

  #bestOf(
    choices: readonly Predictor[],
    integers: Float64Array,
    count: number,
    origin: number,
  ): { chosen: Predictor; bits: number } {
    const differences = this.#differences
    const trial = Math.min(count, trialCount)
    let chosen: Predictor = 'delta'
    let bitsMin = Number.POSITIVE_INFINITY
    for (const choice of choices) {
      if (!predict(choice, integers, trial, origin, differences)) continue
      const bits = bitsOf(differences, trial)
      if (bits < bitsMin) {
        bitsMin = bits
        chosen = choice
      }
      // With so few there is nothing to learn, and a segment of many tags has thousands of them.
      if (count <= untriedCountMax) break
    }
    return { chosen, bits: bitsMin }
  }

  /** Relative to the clock when that is shorter for the first of them, and exact for all. */
  #writeTimes({ places, timeMs, count }: ColumnInput): number {
    const clock = this.#clock
    const origin = clock.at(places[0] as number)
    const latencies = this.#integers
    let latencyMax = 0
    for (let index = 0; index < count; index++) {
      const latency = (timeMs[index] as number) - clock.at(places[index] as number)
      latencies[index] = latency
      if (Math.abs(latency) > latencyMax) latencyMax = Math.abs(latency)
    }
    if (
      latencyMax < latencyExactMax &&
      this.#bestOf(latencyPredictors, latencies, count, 0).bits <=
        this.#bestOf(timePredictors, timeMs, count, origin).bits
    )
      return (this.#writeIntegers(this.#times, latencies, count, 0, latencyPredictors) << 2) | flagClock
    return this.#writeIntegers(this.#times, timeMs, count, origin, timePredictors) << 2
  }

  #writeValues({ kind, number, count }: ColumnInput): { encoding: number; values: number } {
    this.#exceptions.length = 0
    if (kind === kindBoolean)
      return { encoding: encodingBoolean, values: this.#writeIntegers(this.#values, number, count, 0, ['delta']) }
    if (kind !== kindNumber) return { encoding: encodingText, values: this.#writeTexts(number, count) }
    const encoding = encodeNumbers(number, count, this.#integers, this.#exceptions)
    if (encoding <= decimalsMax) {
      const values = this.#writeIntegers(this.#values, this.#integers, count, 0, valuePredictors)
      this.#writeExceptions(number)
      return { encoding, values }
    }
    this.#extras.reserve(count * 8)
    this.#values.reserve(count)
    writeFloats(number, count, encoding === encodingSingle, this.#values, this.#extras)
    return { encoding, values: 0 }
  }

  /** Count, then per exception: varint index minus that of the one before, float. */
  #writeExceptions(number: Float64Array): void {
    const exceptions = this.#exceptions
    if (exceptions.length === 0) return
    const extras = this.#extras
    extras.reserve(5 + exceptions.length * 13)
    extras.at = writeVarint(extras.bytes, extras.at, exceptions.length)
    const view = new DataView(extras.bytes.buffer)
    let before = 0
    for (const index of exceptions) {
      extras.at = writeVarint(extras.bytes, extras.at, index - before)
      view.setFloat64(extras.at, number[index] as number, true)
      extras.at += 8
      before = index
    }
  }

  /** Codes of indices into the column's own texts in order of arrival; behind them count and texts, each with its length. */
  #writeTexts(number: Float64Array, count: number): number {
    const own = new Map<number, number>()
    for (let index = 0; index < count; index++) {
      const text = number[index] as number
      let ownText = own.get(text)
      if (ownText === undefined) own.set(text, (ownText = own.size))
      this.#integers[index] = ownText
    }
    const predictor = this.#writeIntegers(this.#values, this.#integers, count, 0, ['delta'])
    const extras = this.#extras
    extras.reserve(5)
    extras.at = writeVarint(extras.bytes, extras.at, own.size)
    for (const text of own.keys()) {
      const utf8 = textEncoder.encode(this.#texts[text])
      extras.reserve(5 + utf8.length)
      extras.at = writeVarint(extras.bytes, extras.at, utf8.length)
      extras.bytes.set(utf8, extras.at)
      extras.at += utf8.length
    }
    return predictor
  }

  #writeQualities({ quality, count }: ColumnInput): boolean {
    let any = 0
    for (let index = 0; index < count; index++) any |= quality[index] as number
    if (any === 0) return false
    this.#qualities.reserve(count)
    this.#qualities.bytes.set(quality.subarray(0, count), this.#qualities.at)
    this.#qualities.at += count
    return true
  }

  #writeStats({ kind, number, timeMs, count }: ColumnInput, encoding: number): number {
    if (count < statsCountMin) return 0
    writeSpan(this.directory, spanOf(timeMs, count), this.#segmentFromMs)
    if (kind !== kindNumber) return flagStats
    const decimals = encoding <= decimalsMax && this.#exceptions.length === 0 ? encoding : null
    const wide = writeNumberStats(this.directory, statsOfNumbers(number, timeMs, count, decimals), decimals)
    return flagStats | (wide ? flagWideStats : 0)
  }
}

/** Latencies beyond it would not be exact. */
const latencyExactMax = 2 ** 51
