import { qualities } from '@jidoka/domain'
import type { Quality, Reading } from '@jidoka/domain'
import { storableMs, storableText } from '../../../platform/db/storable.ts'
import { booleanKind, textKind } from './runs.ts'
import type { Run, RunColumns } from './runs.ts'

/** Highest spread of times in one row, milliseconds: `dt_wide` is a 32-bit integer. 24.8 days; what lies further apart is in rows of its own. */
export const spreadMsMax = 2 ** 31 - 1
/** 10^9 is the largest power of ten that fits the column `divisor`. */
const decimalsMax = 9
/** Characters of the texts of a row, so that who reads rows can hold to a bound. 65,536 long texts in one would be 64 MB. */
export const rowTextMax = 1024 * 1024
/** A whole number of up to 2^50 and ten times it are exact as floats, and so is the sum of base and offset. */
const scaledMax = 2 ** 50

const goodQuality = qualities.indexOf('good')

/** A row of core.reading_segments, column by column; see the table for what they mean. Offsets of the kind that is not stored are null. */
export interface SegmentRow {
  readonly firstSeq: number
  readonly tagNo: number
  readonly kind: number
  /** As measured; the row's `from_at` where that column can hold it. */
  readonly fromMs: number
  readonly toMs: number
  readonly count: number
  readonly stepMs: number
  readonly dt: readonly number[] | null
  readonly dtWide: boolean
  readonly base: number | null
  readonly divisor: number | null
  readonly scaled: readonly number[] | null
  readonly scaledWide: boolean
  readonly numbers: readonly number[] | null
  readonly texts: readonly string[] | null
  readonly qualities: readonly number[] | null
}

/** What the columns cannot hold as it was: an instant outside of what a database says in four digits of years, U+0000 in a text. */
interface Exact {
  readonly from_ms?: number
  readonly texts?: readonly string[]
}

export function exactOf(row: SegmentRow): string | null {
  const exact: Exact = {
    ...(storableMs(row.fromMs) === row.fromMs ? {} : { from_ms: row.fromMs }),
    ...(row.texts?.some((text) => storableText(text) !== text) ? { texts: row.texts } : {}),
  }
  // Where it holds a text, JSON writes U+0000 as an escape, which every text column takes.
  return Object.keys(exact).length === 0 ? null : JSON.stringify(exact)
}

/** What a row is made of. */
type RowColumns = Omit<RunColumns, 'atMs'>

/**
 * A run as rows: one, or one for each window of time where its readings lie too far apart. A clock that flaps between two of them, reading by
 * reading, makes two rows and not one of each reading.
 */
export function* rowsOfRun(run: Run, columns: RowColumns): Generator<SegmentRow> {
  const { timeMs } = columns
  let [fromMs, toMs] = [Infinity, -Infinity]
  for (let index = run.from; index < run.to; index++) {
    const itsMs = timeMs[index] as number
    if (itsMs < fromMs) fromMs = itsMs
    if (itsMs > toMs) toMs = itsMs
  }
  if (toMs - fromMs <= spreadMsMax) yield* rowsWithin(run, columns)
  else
    for (const window of windowsOf(run, timeMs))
      yield* rowsWithin({ ...run, from: 0, to: window.length }, gathered(columns, window))
}

/** Readings by window of time: each window's indices in order of arrival, the windows in order of time. */
function* windowsOf({ from, to }: Run, timeMs: Float64Array): Generator<Uint32Array> {
  const order = Uint32Array.from({ length: to - from }, (_, index) => from + index)
  order.sort((left, right) => (timeMs[left] as number) - (timeMs[right] as number))
  for (let start = 0; start < order.length;) {
    const startMs = timeMs[order[start] as number] as number
    let end = start + 1
    while (end < order.length && (timeMs[order[end] as number] as number) - startMs <= spreadMsMax) end++
    yield order.slice(start, end).sort()
    start = end
  }
}

const gathered = (columns: RowColumns, indices: Uint32Array): RowColumns => ({
  seq: Float64Array.from(indices, (index) => columns.seq[index] as number),
  timeMs: Float64Array.from(indices, (index) => columns.timeMs[index] as number),
  number: Float64Array.from(indices, (index) => columns.number[index] as number),
  quality: Uint8Array.from(indices, (index) => columns.quality[index] as number),
  texts: columns.texts,
})

/** Rows of readings that lie near enough: one, or more where their texts are long. */
function* rowsWithin(run: Run, columns: RowColumns): Generator<SegmentRow> {
  if (run.kind !== textKind) {
    yield rowOf(run, columns)
    return
  }
  let { from } = run
  let length = 0
  for (let index = run.from; index < run.to; index++) {
    const its = columns.texts[columns.number[index] as number]?.length ?? 0
    if (index > from && length + its > rowTextMax) {
      yield rowOf({ ...run, from, to: index }, columns)
      from = index
      length = 0
    }
    length += its
  }
  yield rowOf({ ...run, from }, columns)
}

function rowOf(run: Run, columns: RowColumns): SegmentRow {
  const { from, to, kind } = run
  const { quality, number, timeMs } = columns
  let [fromMs, toMs] = [Infinity, -Infinity]
  for (let index = from; index < to; index++) {
    const itsMs = timeMs[index] as number
    if (itsMs < fromMs) fromMs = itsMs
    if (itsMs > toMs) toMs = itsMs
  }
  let allGood = true
  for (let index = from; index < to; index++) if (quality[index] !== goodQuality) allGood = false
  const isText = kind === textKind
  return {
    firstSeq: columns.seq[from] as number,
    tagNo: run.tagNo,
    kind,
    fromMs,
    toMs,
    count: to - from,
    ...timesOf(timeMs, from, to, fromMs),
    ...(isText ? noNumbers : numbersOf(number, from, to)),
    texts: isText ? Array.from(number.subarray(from, to), (index) => columns.texts[index] as string) : null,
    qualities: allGood ? null : Array.from(quality.subarray(from, to)),
  }
}

/** Times as what they differ from an even step: a sensor that is read once a second leaves small numbers. */
function timesOf(
  timeMs: Float64Array,
  from: number,
  to: number,
  fromMs: number,
): Pick<SegmentRow, 'stepMs' | 'dt' | 'dtWide'> {
  const count = to - from
  const spanMs = (timeMs[to - 1] as number) - (timeMs[from] as number)
  const stepMs = count > 1 ? Math.round(spanMs / (count - 1)) : 0
  const dt: number[] = []
  let [anyOff, wide] = [false, false]
  for (let index = 0; index < count; index++) {
    const off = (timeMs[from + index] as number) - fromMs - stepMs * index
    dt.push(off)
    if (off !== 0) anyOff = true
    if (off > 32_767 || off < -32_768) wide = true
  }
  if (!anyOff) return { stepMs, dt: null, dtWide: false }
  if (!wide) return { stepMs, dt, dtWide: false }
  // Without a step they are between 0 and the spread, and fit for sure.
  for (let index = 0; index < count; index++) dt[index] = (timeMs[from + index] as number) - fromMs
  return { stepMs: 0, dt, dtWide: true }
}

const noNumbers = { base: null, divisor: null, scaled: null, scaledWide: false, numbers: null } as const

/** Decimal numbers as whole ones around a base, tried on each that the division gives the same bits; else the floats themselves. */
function numbersOf(
  number: Float64Array,
  from: number,
  to: number,
): Pick<SegmentRow, 'base' | 'divisor' | 'scaled' | 'scaledWide' | 'numbers'> {
  let decimals = 0
  let divisor = 1
  for (let index = from; index < to; index++) {
    const value = number[index] as number
    for (;;) {
      const scaled = Math.round(value * divisor)
      if (Math.abs(scaled) <= scaledMax && scaled / divisor === value && !Object.is(value, -0)) break
      if (++decimals > decimalsMax) return { ...noNumbers, numbers: Array.from(number.subarray(from, to)) }
      divisor *= 10
    }
  }
  const scaled: number[] = []
  let [min, max] = [Infinity, -Infinity]
  for (let index = from; index < to; index++) {
    const whole = Math.round((number[index] as number) * divisor)
    // What came later has asked for more decimals, with which an earlier one may be too large.
    if (Math.abs(whole) > scaledMax || whole / divisor !== number[index])
      return { ...noNumbers, numbers: Array.from(number.subarray(from, to)) }
    scaled.push(whole)
    if (whole < min) min = whole
    if (whole > max) max = whole
  }
  const base = Math.floor((min + max) / 2)
  const widest = Math.max(max - base, base - min)
  if (widest > 2 ** 31 - 1) return { ...noNumbers, numbers: Array.from(number.subarray(from, to)) }
  for (let index = 0; index < scaled.length; index++) scaled[index] = (scaled[index] as number) - base
  return { base, divisor, scaled, scaledWide: widest > 32_767, numbers: null }
}

/** A row as the database gives it. Nothing is taken for granted of it: somebody may have changed it behind our back. */
export interface StoredRow {
  readonly first_seq: number
  readonly tag_no: number
  readonly kind: number
  readonly from_ms: number
  readonly count: number
  readonly step_ms: number
  readonly dt: readonly number[] | null
  readonly base: number | null
  readonly divisor: number | null
  readonly scaled: readonly number[] | null
  readonly numbers: readonly number[] | null
  readonly texts: readonly string[] | null
  readonly qualities: readonly number[] | null
  readonly exact: string | null
}

/** The select list that makes a `StoredRow` of a row of core.reading_segments. */
export const storedRowColumns = `first_seq, tag_no, kind, (extract(epoch from from_at) * 1000)::float8 as from_ms, count, step_ms,
  coalesce(dt_wide, dt::integer[]) as dt, base, divisor, coalesce(scaled_wide, scaled::integer[]) as scaled, numbers, texts, qualities, exact`

/** The readings of a row. What is missing in it is missing here, so that a damaged row gives another sum and no error. */
export function* readingsOf(row: StoredRow): Generator<Reading> {
  const exact = exactIn(row.exact)
  const fromMs = exact.from_ms ?? row.from_ms
  const texts = exact.texts ?? row.texts
  const { scaled, numbers } = row
  const count = (row.kind === textKind ? texts : (numbers ?? scaled))?.length ?? 0
  for (let index = 0; index < count; index++) {
    const number = numbers?.[index] ?? ((row.base ?? 0) + (scaled?.[index] ?? 0)) / (row.divisor ?? 1)
    yield {
      tagNo: row.tag_no,
      timeMs: fromMs + row.step_ms * index + (row.dt?.[index] ?? 0),
      value: row.kind === textKind ? (texts?.[index] ?? '') : row.kind === booleanKind ? number === 1 : number,
      quality: qualities[row.qualities?.[index] ?? goodQuality] as Quality,
    }
  }
}

function exactIn(text: string | null): Exact {
  if (text === null) return {}
  try {
    return JSON.parse(text) as Exact
  } catch {
    return {} // another sum than the one that is kept: the row is found
  }
}
