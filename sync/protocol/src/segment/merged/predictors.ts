/**
 * What the next integer of a column will be, so that only the difference is kept. Plain float arithmetic in a fixed order: the same
 * on every machine.
 *
 * - delta: as the one before. What walks.
 * - ramp: as far from the one before as that was from its own predecessor. Counters, exact periods.
 * - steady: on the line through those before (alpha-beta filter that begins as least squares). Periods with jitter: a jitter of
 *   variance v costs about v here, 2 v as delta and 6 v as ramp.
 * - level: the mean of the last eight or so. Noise around a level that moves slowly.
 */
export const predictors = ['delta', 'ramp', 'steady', 'level'] as const
export type Predictor = (typeof predictors)[number]

/** Differences beyond it would not be exact as codes; `delta` never has them, since all integers of a column are below 2^51. */
const differenceMax = 2 ** 51

/** Gains of the least-squares line through k points; from the 20th on they stay, so that old points are forgotten. */
const steadyGains = Array.from({ length: 20 }, (_, index) => {
  const k = index + 1
  return { phase: (2 * (2 * k - 1)) / (k * (k + 1)), slope: k === 1 ? 0 : 6 / (k * (k + 1)) }
})
const phaseGains = Float64Array.from(steadyGains, ({ phase }) => phase)
const slopeGains = Float64Array.from(steadyGains, ({ slope }) => slope)
const gainLast = steadyGains.length - 1
const levelGain = 0.125

/**
 * Writes the differences of the first `count` values.
 * @param origin what is expected of the first
 * @returns false when this predictor cannot keep them exactly
 */
export function predict(
  predictor: Predictor,
  values: Float64Array,
  count: number,
  origin: number,
  differences: Float64Array,
): boolean {
  let before = origin
  let slope = 0
  let widest = 0
  if (predictor === 'delta') {
    for (let index = 0; index < count; index++) {
      const value = values[index] as number
      differences[index] = value - before
      before = value
    }
    return true
  }
  if (predictor === 'ramp') {
    for (let index = 0; index < count; index++) {
      const value = values[index] as number
      const difference = value - before - slope
      if (Math.abs(difference) > widest) widest = Math.abs(difference)
      differences[index] = difference
      slope = index === 0 ? 0 : value - before
      before = value
    }
  } else if (predictor === 'steady') {
    for (let index = 0; index < count; index++) {
      const value = values[index] as number
      const expected = before + slope
      const difference = value - Math.round(expected)
      if (Math.abs(difference) > widest) widest = Math.abs(difference)
      differences[index] = difference
      const k = index < gainLast ? index : gainLast
      before = expected + (phaseGains[k] as number) * (value - expected)
      slope += (slopeGains[k] as number) * (value - expected)
    }
  } else {
    for (let index = 0; index < count; index++) {
      const value = values[index] as number
      const difference = value - Math.round(before)
      if (Math.abs(difference) > widest) widest = Math.abs(difference)
      differences[index] = difference
      before = index === 0 ? value : before + (value - before) * levelGain
    }
  }
  return widest <= differenceMax
}

/** The inverse, in place. Differences that lie give integers out of range, which the caller looks for. */
export function restore(predictor: Predictor, differences: Float64Array, count: number, origin: number): void {
  let before = origin
  let slope = 0
  if (predictor === 'delta') {
    for (let index = 0; index < count; index++) {
      before += differences[index] as number
      differences[index] = before
    }
  } else if (predictor === 'ramp') {
    for (let index = 0; index < count; index++) {
      const value = before + slope + (differences[index] as number)
      slope = index === 0 ? 0 : value - before
      before = value
      differences[index] = value
    }
  } else if (predictor === 'steady') {
    for (let index = 0; index < count; index++) {
      const expected = before + slope
      const value = Math.round(expected) + (differences[index] as number)
      const k = index < gainLast ? index : gainLast
      before = expected + (phaseGains[k] as number) * (value - expected)
      slope += (slopeGains[k] as number) * (value - expected)
      differences[index] = value
    }
  } else {
    for (let index = 0; index < count; index++) {
      const value = Math.round(before) + (differences[index] as number)
      before = index === 0 ? value : before + (value - before) * levelGain
      differences[index] = value
    }
  }
}

/** Bits that differences need, about; what predictors are chosen by. */
export function bitsOf(differences: Float64Array, count: number): number {
  let bits = 0
  for (let index = 0; index < count; index++) {
    const size = Math.abs(differences[index] as number)
    bits += size < 2 ** 31 ? 32 - Math.clz32(size) : 64
  }
  return bits
}
