import type { ByteReader } from '../byte-reader.ts'
import { SegmentError } from '../error.ts'
import { decimalsMax, scales, timeMsMax } from '../layout.ts'
import { writeVarint, zigzag } from '../varint.ts'
import type { GrowingBytes } from './growing-bytes.ts'

/** Times are source times, milliseconds since 1970 UTC. */
export interface NumberStats {
  readonly count: number
  readonly min: number
  /** Of the first to arrive of several. */
  readonly minAtMs: number
  readonly max: number
  readonly maxAtMs: number
  /** Of values with few decimals: exact before its one rounding. Else added in order of arrival. */
  readonly sum: number
  /** By source time; of several the first to arrive. */
  readonly first: number
  readonly firstMs: number
  /** By source time; of several the last to arrive. */
  readonly last: number
  readonly lastMs: number
}

export interface TagStats {
  /** Readings of any kind. */
  readonly count: number
  readonly fromMs: number
  readonly toMs: number
  /** Null when none of them is a number. */
  readonly numbers: NumberStats | null
}

/** @param decimals of the column's encoding; null where a value may be any float */
export function statsOfNumbers(
  values: Float64Array,
  times: Float64Array,
  count: number,
  decimals: number | null,
): NumberStats {
  const scale = decimals === null ? null : (scales[decimals] as number)
  let min = 0
  let max = 0
  let first = 0
  let last = 0
  let sum = 0
  for (let index = 0; index < count; index++) {
    const value = values[index] as number
    const timeMs = times[index] as number
    sum += scale === null ? value : Math.round(value * scale)
    if (value < (values[min] as number)) min = index
    if (value > (values[max] as number)) max = index
    if (timeMs < (times[first] as number)) first = index
    if (timeMs >= (times[last] as number)) last = index
  }
  return {
    count,
    min: values[min] as number,
    minAtMs: times[min] as number,
    max: values[max] as number,
    maxAtMs: times[max] as number,
    sum: scale === null ? sum : sum / scale,
    first: values[first] as number,
    firstMs: times[first] as number,
    last: values[last] as number,
    lastMs: times[last] as number,
  }
}

export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

export function spanOf(times: Float64Array, count: number): Span {
  let fromMs = times[0] as number
  let toMs = fromMs
  for (let index = 1; index < count; index++) {
    const timeMs = times[index] as number
    if (timeMs < fromMs) fromMs = timeMs
    if (timeMs > toMs) toMs = timeMs
  }
  return { fromMs, toMs }
}

/**
 * Statistics of a column in its directory entry, as varints: fromMs minus the segment's, toMs minus fromMs. Of numbers also the times of
 * min and max minus fromMs; then as integers of the column's decimals min (zigzag), max, first and last minus min, sum minus
 * count * min; or, wide, as five floats min, max, first, last, sum.
 */
export function writeSpan(out: GrowingBytes, span: Span, segmentFromMs: number): void {
  out.at = writeVarint(out.bytes, out.at, span.fromMs - segmentFromMs)
  out.at = writeVarint(out.bytes, out.at, span.toMs - span.fromMs)
}

export function readSpan(reader: ByteReader, segmentFromMs: number): Span {
  const fromMs = segmentFromMs + reader.varint()
  const toMs = fromMs + reader.varint()
  if (toMs > timeMsMax) throw new SegmentError('bounds', 'the times of a column are out of range')
  return { fromMs, toMs }
}

/** @returns whether it had to be wide */
export function writeNumberStats(out: GrowingBytes, stats: NumberStats, decimals: number | null): boolean {
  const { bytes } = out
  out.at = writeVarint(bytes, out.at, stats.minAtMs - stats.firstMs)
  out.at = writeVarint(bytes, out.at, stats.maxAtMs - stats.firstMs)
  const scale = decimals === null ? null : (scales[decimals] as number)
  if (scale !== null) {
    const scaled = (value: number) => Math.round(value * scale)
    const min = scaled(stats.min)
    const sumAboveMin = scaled(stats.sum) - min * stats.count
    // Where the integers are so large that a sum would be rounded, the floats say it as well.
    if (sumAboveMin >= 0 && Math.max(Math.abs(min), Math.abs(scaled(stats.max))) * stats.count < 2 ** 50) {
      out.at = writeVarint(bytes, out.at, zigzag(min))
      out.at = writeVarint(bytes, out.at, scaled(stats.max) - min)
      out.at = writeVarint(bytes, out.at, scaled(stats.first) - min)
      out.at = writeVarint(bytes, out.at, scaled(stats.last) - min)
      out.at = writeVarint(bytes, out.at, sumAboveMin)
      return false
    }
  }
  const view = new DataView(bytes.buffer)
  for (const value of [stats.min, stats.max, stats.first, stats.last, stats.sum]) {
    view.setFloat64(out.at, value, true)
    out.at += 8
  }
  return true
}

/** Passes over what `readSpan` and, of numbers, `readNumberStats` would read. */
export function skipStats(reader: ByteReader, numbers: boolean, wide: boolean): void {
  reader.skipVarints(numbers ? (wide ? 4 : 9) : 2)
  if (numbers && wide) reader.skip(5 * 8)
}

/** Two varints of eight bytes and five of eight, or five floats; and the span's two. */
export const statsBytesMax = 9 * 8

export function readNumberStats(
  reader: ByteReader,
  span: Span,
  column: { readonly count: number; readonly encoding: number; readonly wide: boolean },
): NumberStats {
  const minAtMs = span.fromMs + reader.varint()
  const maxAtMs = span.fromMs + reader.varint()
  if (minAtMs > span.toMs || maxAtMs > span.toMs)
    throw new SegmentError('bounds', 'the extremes of a column are out of its times')
  const times = { count: column.count, minAtMs, maxAtMs, firstMs: span.fromMs, lastMs: span.toMs }
  if (column.wide) {
    const [min, max, first, last, sum] = [reader.f64(), reader.f64(), reader.f64(), reader.f64(), reader.f64()]
    // A sum of huge floats may be infinite; the others are values.
    if (![min, max, first, last].every(Number.isFinite))
      throw new SegmentError('shape', 'the statistics of a column are not finite')
    return { ...times, min, max, first, last, sum }
  }
  if (column.encoding > decimalsMax)
    throw new SegmentError('shape', 'the statistics of a column do not fit its encoding')
  const scale = scales[column.encoding] as number
  const min = reader.zigzag()
  const above = () => (min + reader.varint()) / scale
  return {
    ...times,
    min: min / scale,
    max: above(),
    first: above(),
    last: above(),
    sum: (min * column.count + reader.varint()) / scale,
  }
}
