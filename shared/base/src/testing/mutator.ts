/** Bytes that parsers stumble over: ends of ranges, quotes, escapes, signs, lengths with their continuation bit. */
const oddBytes = [0, 1, 0x22, 0x2d, 0x2e, 0x5b, 0x5c, 0x7b, 0x7f, 0x80, 0xc0, 0xed, 0xfe, 0xff]

/** Spoils valid inputs, from a seed: the same seed spoils in the same way everywhere. */
export class Mutator {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** A whole number from 0 up to, not including, `end`. (Mulberry32, Tommy Ettinger, public domain.) */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end)
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item
  }

  /** One to four changes: bytes turned, put in, taken out, doubled, moved, or all behind a place cut off. Never longer than twice the input and 64 bytes. */
  spoil(input: Uint8Array): Uint8Array {
    let bytes = Uint8Array.from(input)
    for (let change = this.below(4); change >= 0; change--) bytes = this.#change(bytes, input.length * 2 + 64)
    return bytes
  }

  #change(bytes: Uint8Array<ArrayBuffer>, lengthMax: number): Uint8Array<ArrayBuffer> {
    const at = this.below(bytes.length + 1)
    const length = Math.min(bytes.length - at, 1 + this.below(8))
    switch (this.below(6)) {
      case 0:
        if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << this.below(8))
        return bytes
      case 1:
        if (at < bytes.length) bytes[at] = this.pick(oddBytes)
        return bytes
      case 2:
        return joined([bytes.subarray(0, at), Uint8Array.of(this.pick(oddBytes)), bytes.subarray(at)], lengthMax)
      case 3:
        return joined([bytes.subarray(0, at), bytes.subarray(at + length)], lengthMax)
      case 4:
        return joined(
          [bytes.subarray(0, at + length), bytes.subarray(at, at + length), bytes.subarray(at + length)],
          lengthMax,
        )
      default:
        return this.below(4) === 0 ? bytes.slice(0, at) : bytes
    }
  }
}

function joined(parts: readonly Uint8Array[], lengthMax: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole.subarray(0, Math.min(whole.length, lengthMax))
}
