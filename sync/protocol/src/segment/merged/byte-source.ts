import { SegmentError } from '../error.ts'

/** Where a segment lies: bytes in memory, a file. Read a little at a time. */
export interface ByteSource {
  /** Length of the whole. */
  readonly bytes: number
  /** Exactly `length` bytes; fewer where the source ends before, which is then noticed. What it throws of its own comes through. */
  read(offset: number, length: number): Uint8Array
}

export function bufferSource(bytes: Uint8Array): ByteSource {
  return { bytes: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) }
}

/**
 * One read of 16 KB brings header, root, directories and clock of most segments. With a smaller one they would be asked for one by one, with
 * a larger one every reader copies what it does not need.
 */
const headBytes = 16 * 1024

/** A source whose beginning was read at once. */
export class HeadedSource {
  readonly #source: ByteSource
  readonly #head: Uint8Array

  constructor(source: ByteSource) {
    this.#source = source
    this.#head = source.read(0, Math.min(source.bytes, headBytes))
  }

  get bytes(): number {
    return this.#source.bytes
  }

  /** @throws SegmentError when the source has less */
  read(offset: number, length: number): Uint8Array {
    if (offset + length > this.#source.bytes)
      throw new SegmentError('bounds', `it ends within the bytes that it claims`)
    if (offset + length <= this.#head.length) return this.#head.subarray(offset, offset + length)
    const bytes = this.#source.read(offset, length)
    if (bytes.length !== length)
      throw new SegmentError('bounds', `${bytes.length} bytes could be read where ${length} should lie`)
    return bytes
  }
}
