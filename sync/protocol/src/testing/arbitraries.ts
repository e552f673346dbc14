import type { Quality, Reading } from '@jidoka/domain'
import { qualities } from '@jidoka/domain'
import * as fc from 'fast-check'
import { timeMsMax } from '../segment/layout.ts'

/** Floats as sensors send them (few decimals), and as nobody should: -0, subnormal, huge, thirds. */
const numberArbitrary = fc.oneof(
  fc
    .tuple(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.integer({ min: 0, max: 9 }))
    .map(([digits, decimals]) => Number(`${digits}e-${decimals}`)),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(
    0,
    -0,
    5e-324,
    -5e-324,
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
    2 ** 50,
    2 ** 50 + 1,
    2 ** 53,
    1 / 3,
    0.1 + 0.2,
    1e-9,
  ),
)

const valueArbitrary = fc.oneof(
  { weight: 6, arbitrary: numberArbitrary },
  fc.boolean(),
  fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.constantFrom('', '정지', '\uFEFF가동', '𝄞', 'a'.repeat(1_024), '가'.repeat(1_024)),
  ),
)

const timeArbitrary = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1_790_000_000_000, max: 1_790_000_100_000 }) },
  fc.constantFrom(0, -1, timeMsMax, -timeMsMax),
)

export const readingArbitrary: fc.Arbitrary<Reading> = fc.record({
  tagNo: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 12 }) },
    fc.constantFrom(127, 128, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff),
  ),
  timeMs: timeArbitrary,
  value: valueArbitrary,
  quality: fc.oneof({ weight: 5, arbitrary: fc.constant<Quality>('good') }, fc.constantFrom(...qualities)),
})

export const readingsArbitrary = fc.array(readingArbitrary, { minLength: 1, maxLength: 300, size: 'max' })
