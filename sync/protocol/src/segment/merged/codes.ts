import { SegmentError } from '../error.ts'
import { unzigzag } from '../varint.ts'
import type { GrowingBytes } from './growing-bytes.ts'

/**
 * Integers of either sign, as zigzag below 2^56, split over two places: a first byte each in a plane, which zstd packs well because all first
 * bytes of a column look alike, and the rest, mostly noise, in the extras.
 *
 *     first byte   extras      the zigzag
 *     0..127       none        itself
 *     128..191     1 byte      128 + ((first - 128) << 8 | byte)
 *     192..223     2 bytes     16,512 + ((first - 192) << 16 | bytes)
 *     224..228     3..7 bytes  bytes, lowest first
 */
const oneMin = 128
const twoMin = oneMin + (64 << 8)
const manyMin = twoMin + (32 << 16)
const extrasOfCodeMax = 7

/** Most bytes that `count` codes can add to the extras. */
export const codeExtrasMax = (count: number): number => count * extrasOfCodeMax

/** Both have the room for it. */
export function writeCodes(integers: Float64Array, count: number, plane: GrowingBytes, extras: GrowingBytes): void {
  const first = plane.bytes
  const rest = extras.bytes
  let at = plane.at
  let restAt = extras.at
  for (let index = 0; index < count; index++) {
    const integer = integers[index] as number
    const code = integer < 0 ? -integer * 2 - 1 : integer * 2
    if (code < oneMin) first[at++] = code
    else if (code < twoMin) {
      const value = code - oneMin
      first[at++] = 128 | (value >> 8)
      rest[restAt++] = value
    } else if (code < manyMin) {
      const value = code - twoMin
      first[at++] = 192 | (value >> 16)
      rest[restAt++] = value
      rest[restAt++] = value >> 8
    } else {
      const start = restAt
      for (let value = code; value > 0; value = Math.floor(value / 256)) rest[restAt++] = value % 256
      while (restAt - start < 3) rest[restAt++] = 0
      first[at++] = 224 + restAt - start - 3
    }
  }
  plane.at = at
  extras.at = restAt
}

/**
 * @param from where in the plane
 * @param extrasFrom where in the extras, whose end is `extrasEnd`
 * @returns where the extras go on
 * @throws SegmentError
 */
export function readCodes(
  bytes: Uint8Array,
  from: number,
  count: number,
  extrasFrom: number,
  extrasEnd: number,
  into: Float64Array,
): number {
  let at = extrasFrom
  for (let index = 0; index < count; index++) {
    const first = bytes[from + index] as number
    if (first < 128) {
      into[index] = (first >>> 1) ^ -(first & 1)
      continue
    }
    const length = first < 192 ? 1 : first < 224 ? 2 : first - 221
    if (length > extrasOfCodeMax) throw new SegmentError('shape', `a code begins with ${first}`)
    if (at + length > extrasEnd) throw new SegmentError('bounds', 'a column ends before its last value')
    let code = 0
    if (first < 192) code = oneMin + (((first & 63) << 8) | (bytes[at] as number))
    else if (first < 224)
      code = twoMin + (((first & 31) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at] as number))
    else for (let byte = length - 1; byte >= 0; byte--) code = code * 256 + (bytes[at + byte] as number)
    into[index] = unzigzag(code)
    at += length
  }
  return at
}
