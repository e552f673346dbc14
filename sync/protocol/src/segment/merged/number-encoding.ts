import { decimalsMax, encodingRaw, scaledMax, scales } from '../layout.ts'
import { encodingSingle } from './layout.ts'

/** Enough to see how many decimals a sensor has; a rarer value becomes an exception. */
const samplesMax = 256

/** One value in so many may be an exception: twelve bytes each, against eight of every value as a float. */
const exceptionsPerValue = 1 / 16

/**
 * How a column's numbers are kept exactly: as integers of so many decimals (with a few exceptions), as 32-bit floats, or as they are.
 * @param scaled gets the integers, 0 at exceptions
 * @param exceptions gets the indices of those that no integer stands for
 */
export function encodeNumbers(values: Float64Array, count: number, scaled: Float64Array, exceptions: number[]): number {
  const decimals = decimalsOfMost(values, count)
  exceptions.length = 0
  if (decimals <= decimalsMax) {
    const scale = scales[decimals] as number
    const most = count * exceptionsPerValue
    for (let index = 0; index < count && exceptions.length <= most; index++) {
      const value = values[index] as number
      const integer = scaledExactly(value, scale)
      if (Number.isNaN(integer)) exceptions.push(index)
      scaled[index] = Number.isNaN(integer) ? 0 : integer
    }
    if (exceptions.length <= most) return decimals
    exceptions.length = 0
  }
  for (let index = 0; index < count; index++)
    if (Math.fround(values[index] as number) !== values[index]) return encodingRaw
  return encodingSingle
}

/** The integer that stands for a value at a scale; NaN when none does. An integer has no sign of zero: -0 stays a float. */
function scaledExactly(value: number, scale: number): number {
  const integer = Math.round(value * scale)
  if (integer / scale !== value || integer > scaledMax || integer < -scaledMax) return Number.NaN
  return value === 0 ? (Object.is(value, -0) ? Number.NaN : 0) : integer
}

/** The fewest decimals that write all but a few of a sample exactly; above `decimalsMax` when none do. */
function decimalsOfMost(values: Float64Array, count: number): number {
  const stride = Math.ceil(count / samplesMax)
  const found = new Uint16Array(decimalsMax + 2)
  let samples = 0
  for (let index = 0; index < count; index += stride) {
    const value = values[index] as number
    let decimals = 0
    while (decimals <= decimalsMax && Number.isNaN(scaledExactly(value, scales[decimals] as number))) decimals++
    found[decimals] = (found[decimals] as number) + 1
    samples++
  }
  let left = samples
  for (let decimals = 0; decimals <= decimalsMax; decimals++) {
    left -= found[decimals] as number
    if (left <= samples * exceptionsPerValue) return decimals
  }
  return decimalsMax + 1
}
