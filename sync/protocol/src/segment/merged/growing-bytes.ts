/** Bytes that are written behind one another. `reserve` first; nothing is checked when writing. */
export class GrowingBytes {
  bytes: Uint8Array
  at = 0

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity)
  }

  /** Makes room for so many more. */
  reserve(more: number): void {
    if (this.at + more <= this.bytes.length) return
    const larger = new Uint8Array((this.at + more) * 2)
    larger.set(this.bytes.subarray(0, this.at))
    this.bytes = larger
  }

  get written(): Uint8Array {
    return this.bytes.subarray(0, this.at)
  }

  reset(): void {
    this.at = 0
  }
}
