import { SegmentError } from './error.ts'
import { unzigzag } from './varint.ts'

/** Reads forwards through bytes that may lie; every step is checked against the end. */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #end: number
  #at: number

  constructor(bytes: Uint8Array, from: number, end: number) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#at = from
    this.#end = end
  }

  get at(): number {
    return this.#at
  }

  get atEnd(): boolean {
    return this.#at === this.#end
  }

  u8(): number {
    if (this.#at >= this.#end) throw cut()
    return this.#bytes[this.#at++] as number
  }

  u32(): number {
    const at = this.#at
    if (at + 4 > this.#end) throw cut()
    this.#at = at + 4
    return this.#view.getUint32(at, true)
  }

  f64(): number {
    const at = this.#at
    if (at + 8 > this.#end) throw cut()
    this.#at = at + 8
    return this.#view.getFloat64(at, true)
  }

  skip(length: number): void {
    if (length > this.#end - this.#at) throw cut()
    this.#at += length
  }

  /** Passes over so many. */
  skipVarints(count: number): void {
    const bytes = this.#bytes
    for (let left = count; left > 0;) {
      if (this.#at >= this.#end) throw cut()
      if ((bytes[this.#at++] as number) < 128) left--
    }
  }

  take(length: number): Uint8Array {
    const at = this.#at
    if (length > this.#end - at) throw cut()
    this.#at = at + length
    return this.#bytes.subarray(at, at + length)
  }

  /** At most eight bytes, 2^56: what the builder can write is below 2^55. */
  varint(): number {
    const bytes = this.#bytes
    let at = this.#at
    const end = this.#end
    let value = 0
    let shift = 0
    for (;;) {
      if (at >= end) throw cut()
      const byte = bytes[at++] as number
      value |= (byte & 127) << shift
      shift += 7
      if (byte < 128) break
      if (shift === 28) {
        this.#at = at
        return this.#longVarint(value)
      }
    }
    this.#at = at
    return value
  }

  zigzag(): number {
    return unzigzag(this.varint())
  }

  #longVarint(low: number): number {
    let value = low
    let factor = 2 ** 28
    for (let count = 4; ; count++) {
      if (count === 8) throw new SegmentError('bounds', 'a number in it has more than eight bytes')
      const byte = this.u8()
      value += (byte & 127) * factor
      if (byte < 128) return value
      factor *= 128
    }
  }
}

const cut = () => new SegmentError('bounds', 'a column ends before its last value')
