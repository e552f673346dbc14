import { SegmentError } from '../error.ts'
import type { GrowingBytes } from './growing-bytes.ts'

/*
 * Floats as each one's difference (exclusive or) from the one before, byte by byte: the highest bytes, sign and exponent, in the plane of
 * values; the others in the extras, all of one position behind one another, highest first. Neighbours share their high bytes.
 */

const word = new DataView(new ArrayBuffer(8))

/** Both have the room for it. */
export function writeFloats(
  numbers: Float64Array,
  count: number,
  single: boolean,
  plane: GrowingBytes,
  extras: GrowingBytes,
): void {
  const width = single ? 4 : 8
  const first = plane.bytes
  const rest = extras.bytes
  let lowBefore = 0
  let highBefore = 0
  for (let index = 0; index < count; index++) {
    if (single) word.setFloat32(0, numbers[index] as number)
    else word.setFloat64(0, numbers[index] as number)
    const high = word.getUint32(0)
    const low = single ? 0 : word.getUint32(4)
    word.setUint32(0, high ^ highBefore)
    word.setUint32(4, low ^ lowBefore)
    highBefore = high
    lowBefore = low
    first[plane.at + index] = word.getUint8(0)
    for (let byte = 1; byte < width; byte++) rest[extras.at + (byte - 1) * count + index] = word.getUint8(byte)
  }
  plane.at += count
  extras.at += (width - 1) * count
}

/**
 * @returns where the extras go on
 * @throws SegmentError
 */
export function readFloats(
  bytes: Uint8Array,
  from: number,
  count: number,
  single: boolean,
  extrasFrom: number,
  extrasEnd: number,
  into: Float64Array,
): number {
  const width = single ? 4 : 8
  const end = extrasFrom + (width - 1) * count
  if (end > extrasEnd) throw new SegmentError('bounds', 'a column ends before its last value')
  let lowBefore = 0
  let highBefore = 0
  for (let index = 0; index < count; index++) {
    word.setUint8(0, bytes[from + index] as number)
    for (let byte = 1; byte < width; byte++)
      word.setUint8(byte, bytes[extrasFrom + (byte - 1) * count + index] as number)
    highBefore ^= word.getUint32(0)
    word.setUint32(0, highBefore)
    if (!single) {
      lowBefore ^= word.getUint32(4)
      word.setUint32(4, lowBefore)
    }
    const value = single ? word.getFloat32(0) : word.getFloat64(0)
    if (!Number.isFinite(value)) throw new SegmentError('shape', 'a value is not a finite number')
    into[index] = value
  }
  return end
}
