import { SegmentError } from '../error.ts'
import { timeMsMax } from '../layout.ts'
import { codeExtrasMax, readCodes, writeCodes } from './codes.ts'
import type { CommitTable } from './commits.ts'
import { GrowingBytes } from './growing-bytes.ts'
import { clockStep } from './layout.ts'
import { predict, restore } from './predictors.ts'

/**
 * The appliance's wall clock along the places of a segment, roughly: what a source time is expected to be near, given where in the
 * order of arrival it stands. The order is kept anyway; with it, the time costs no more than its latency varies.
 */
export class Clock {
  readonly #points: Float64Array
  readonly #step: number

  constructor(points: Float64Array, count: number) {
    this.#points = points
    this.#step = clockStep(count)
  }

  static of(commits: CommitTable, count: number): Clock {
    const step = clockStep(count)
    const points = new Float64Array(pointsOf(count))
    for (let index = 0; index < points.length; index++)
      points[index] = commits.receivedMsAt(Math.min(index * step, count - 1))
    return new Clock(points, count)
  }

  /** Whole milliseconds, between the points next to the place. */
  at(place: number): number {
    const step = this.#step
    const index = Math.floor(place / step)
    const from = this.#points[index] as number
    return from + Math.floor((((this.#points[index + 1] as number) - from) * (place - index * step)) / step)
  }

  planes(): Uint8Array[] {
    const { length } = this.#points
    const codes = new Float64Array(length)
    const plane = new GrowingBytes(length)
    const extras = new GrowingBytes(codeExtrasMax(length))
    predict('delta', this.#points, length, 0, codes)
    writeCodes(codes, length, plane, extras)
    return [plane.written, extras.written]
  }
}

const pointsOf = (count: number): number => Math.ceil(count / clockStep(count)) + 1

/** @throws SegmentError */
export function readClock(raw: Uint8Array, count: number): Clock {
  const length = pointsOf(count)
  if (raw.length < length) throw new SegmentError('bounds', 'the clock ends before its last point')
  const points = new Float64Array(length)
  const end = readCodes(raw, 0, length, length, raw.length, points)
  if (end !== raw.length) throw new SegmentError('shape', 'bytes are left over behind the clock')
  restore('delta', points, length, 0)
  for (const point of points)
    if (!(point >= 0 && point <= timeMsMax)) throw new SegmentError('bounds', 'the clock is out of range')
  return new Clock(points, count)
}
