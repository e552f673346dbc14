import type { RuleModule } from './rule-module.ts'

/**
 * Bytes that are decoded at once: a call into the decoder costs more than a short text, and most are plain ASCII, where a part
 * of the decoded bytes is a part of the string. Larger, and an explanation that is kept would keep a large string with it.
 */
const chunkBits = 12
const chunkBytes = 2 ** chunkBits
/** A chunk reaches this far into the next one, so that a text that begins in it ends in it. Longer texts are decoded alone. */
const overlapBytes = 256

/** Stands for a chunk with other characters, where bytes and characters differ in number. */
const notAscii = ''

/** Reads the texts of one evaluation, which lie one after the other in any order. */
export class ExplanationReader {
  readonly #module: RuleModule
  readonly #address: number
  readonly #length: number
  readonly #chunks: string[] = []

  constructor(module: RuleModule, address: number, length: number) {
    this.#module = module
    this.#address = address
    this.#length = length
  }

  read(offset: number, length: number): string {
    if (length <= overlapBytes) {
      const index = offset >>> chunkBits
      const chunk = this.#chunks[index] ?? this.#load(index)
      const from = offset & (chunkBytes - 1)
      if (chunk !== notAscii) return chunk.slice(from, from + length)
    }
    return this.#module.decode(this.#address + offset, length)
  }

  #load(index: number): string {
    while (this.#chunks.length < index) this.#load(this.#chunks.length)
    const from = index * chunkBytes
    const length = Math.min(chunkBytes + overlapBytes, this.#length - from)
    const text = this.#module.decode(this.#address + from, length)
    // All other characters have more bytes than UTF-16 units. What the chunk's ends cut off one belongs to texts of the
    // neighbours: a replacement character for each byte at the beginning, at most one in the very last place.
    const chunk = text.length === length ? text : notAscii
    this.#chunks[index] = chunk
    return chunk
  }
}
