import { ByteReader } from '../byte-reader.ts'
import { SegmentError } from '../error.ts'
import { decimalsMax, encodingBoolean, encodingText, kindText, scales, timeMsMax } from '../layout.ts'
import { decodeText, textBytesMax } from '../text.ts'
import type { Clock } from './clock.ts'
import { readCodes } from './codes.ts'
import type { ColumnPlace } from './directory.ts'
import { readFloats } from './floats.ts'
import { encodingSingle } from './layout.ts'
import { restore } from './predictors.ts'

/** One column in order of arrival. */
export interface Column {
  readonly tagNo: number
  readonly kind: number
  readonly count: number
  /** From the segment's first reading, rising. */
  readonly places: Float64Array
  readonly timeMs: Float64Array
  /** The number, 0 or 1, or the index into `texts`. */
  readonly number: Float64Array
  readonly quality: Uint8Array
  readonly texts: readonly string[]
}

/** What a column is read with. */
export interface ColumnSetting {
  /** Unpacked data of its group. */
  readonly data: Uint8Array
  /** Readings of its group: the length of a plane. */
  readonly readings: number
  /** Length of the plane of qualities. */
  readonly qualities: number
  /** Of the segment. */
  readonly count: number
  readonly clock: () => Clock
}

/** @throws SegmentError */
export function readColumn(column: ColumnPlace, setting: ColumnSetting): Column {
  const { data, readings } = setting
  const { count } = column
  const extrasAt = readings * 3 + setting.qualities
  const extrasEnd = extrasAt + column.extrasEnd
  const places = new Float64Array(count)
  const timeMs = new Float64Array(count)
  const number = new Float64Array(count)
  let at = readCodes(data, column.from, count, extrasAt + column.extrasFrom, extrasEnd, places)
  restore(column.placePredictor, places, count, 0)
  checkPlaces(places, setting.count)

  at = readCodes(data, readings + column.from, count, at, extrasEnd, timeMs)
  readTimes(column, places, timeMs, setting)

  const valuesFrom = readings * 2 + column.from
  let texts: readonly string[] = []
  if (column.encoding <= decimalsMax) {
    at = readCodes(data, valuesFrom, count, at, extrasEnd, number)
    restore(column.valuePredictor, number, count, 0)
    scaleDown(number, scales[column.encoding] as number)
    if (column.hasExceptions) at = readExceptions(data, at, extrasEnd, number)
  } else if (column.encoding === encodingText || column.encoding === encodingBoolean) {
    at = readCodes(data, valuesFrom, count, at, extrasEnd, number)
    restore(column.valuePredictor, number, count, 0)
    if (column.kind === kindText) [texts, at] = readTexts(data, at, extrasEnd, count)
    const most = column.kind === kindText ? texts.length - 1 : 1
    for (const value of number)
      if (!(value >= 0 && value <= most))
        throw new SegmentError('bounds', `a column names ${value} of ${most + 1} values`)
  } else {
    at = readFloats(data, valuesFrom, count, column.encoding === encodingSingle, at, extrasEnd, number)
  }
  if (at !== extrasEnd) throw new SegmentError('shape', 'bytes are left over behind a column')
  return {
    tagNo: column.tagNo,
    kind: column.kind,
    count,
    places,
    timeMs,
    number,
    quality: readQualities(column, data, readings * 3),
    texts,
  }
}

function checkPlaces(places: Float64Array, count: number): void {
  let before = -1
  for (const place of places) {
    if (!(place > before && place < count))
      throw new SegmentError('bounds', `a reading has the place ${place} of ${count}`)
    before = place
  }
}

function readTimes(column: ColumnPlace, places: Float64Array, timeMs: Float64Array, { clock }: ColumnSetting): void {
  const { count } = column
  const its = clock()
  if (column.byClock) {
    restore(column.timePredictor, timeMs, count, 0)
    for (let index = 0; index < count; index++)
      timeMs[index] = its.at(places[index] as number) + (timeMs[index] as number)
  } else restore(column.timePredictor, timeMs, count, its.at(places[0] as number))
  for (const time of timeMs)
    if (!(time >= -timeMsMax && time <= timeMsMax)) throw new SegmentError('bounds', 'a time is out of range')
}

function scaleDown(numbers: Float64Array, scale: number): void {
  for (let index = 0; index < numbers.length; index++) {
    const integer = numbers[index] as number
    if (!Number.isSafeInteger(integer)) throw new SegmentError('bounds', 'a value is out of range')
    numbers[index] = integer / scale
  }
}

function readExceptions(data: Uint8Array, from: number, end: number, into: Float64Array): number {
  const reader = new ByteReader(data, from, end)
  const exceptions = reader.varint()
  let index = 0
  for (let exception = 0; exception < exceptions; exception++) {
    index += reader.varint()
    const value = reader.f64()
    if (index >= into.length) throw new SegmentError('bounds', `an exception has the index ${index} of ${into.length}`)
    if (!Number.isFinite(value)) throw new SegmentError('shape', 'a value is not a finite number')
    into[index] = value
  }
  return reader.at
}

function readTexts(data: Uint8Array, from: number, end: number, count: number): [string[], number] {
  const reader = new ByteReader(data, from, end)
  const textCount = reader.varint()
  if (textCount > count) throw new SegmentError('bounds', `it claims ${textCount} texts for ${count} readings`)
  const texts: string[] = []
  for (let index = 0; index < textCount; index++) {
    const length = reader.varint()
    if (length > textBytesMax) throw new SegmentError('bounds', `a text of ${length} bytes is too long`)
    texts.push(decodeText(reader.take(length)))
  }
  return [texts, reader.at]
}

function readQualities(column: ColumnPlace, data: Uint8Array, planeAt: number): Uint8Array {
  if (!column.hasQualities) return new Uint8Array(column.count)
  const from = planeAt + column.qualitiesFrom
  const quality = data.slice(from, from + column.count)
  for (const code of quality) if (code > 2) throw new SegmentError('shape', `the quality ${code} is unknown`)
  return quality
}
