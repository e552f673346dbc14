import { tooLarge, torn } from './error.ts'

/** Takes exact lengths off a stream of bytes of any cut, and holds no more than one of its pieces beyond them. */
export class ByteQueue {
  readonly #source: AsyncIterator<Uint8Array> | Iterator<Uint8Array>
  readonly #bytesMax: number
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #come = 0

  constructor(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, bytesMax: number) {
    this.#source = Symbol.asyncIterator in bytes ? bytes[Symbol.asyncIterator]() : bytes[Symbol.iterator]()
    this.#bytesMax = bytesMax
  }

  /** Bytes taken so far. */
  get taken(): number {
    return this.#come - this.#waitingBytes
  }

  /** @throws CourierError `torn` when there are not so many left. */
  async take(length: number): Promise<Buffer> {
    while (this.#waitingBytes < length) if (!(await this.#fetch())) throw torn()
    const parts: Uint8Array[] = []
    for (let missing = length; missing > 0;) {
      const [first, ...rest] = this.#waiting
      if (first === undefined) throw torn()
      if (first.length <= missing) this.#waiting = rest
      else this.#waiting[0] = first.subarray(missing)
      const part = first.subarray(0, missing)
      parts.push(part)
      missing -= part.length
    }
    this.#waitingBytes -= length
    const only = parts[0]
    return parts.length === 1 && only !== undefined
      ? Buffer.from(only.buffer, only.byteOffset, only.length)
      : Buffer.concat(parts)
  }

  async isAtEnd(): Promise<boolean> {
    while (this.#waitingBytes === 0) if (!(await this.#fetch())) return true
    return false
  }

  /** Lets the source go, read to its end or not. */
  async close(): Promise<void> {
    await this.#source.return?.()
  }

  async #fetch(): Promise<boolean> {
    const next = await this.#source.next()
    if (next.done === true) return false
    this.#come += next.value.length
    if (this.#come > this.#bytesMax) throw tooLarge(`it has more than ${this.#bytesMax} bytes`)
    if (next.value.length > 0) this.#waiting.push(next.value)
    this.#waitingBytes += next.value.length
    return true
  }
}
