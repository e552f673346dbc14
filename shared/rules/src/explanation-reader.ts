import type { RuleModule } from './rule-module.ts'

/**
 * Bytes that are decoded at once. A call into the decoder costs more than a short text, and most are plain ASCII, where a part
 * of the decoded bytes is a part of the string. Larger, and an explanation that is kept would keep a large string with it.
 */
const chunkBytes = 2_048

/** Reads the texts of one evaluation, which lie one after the other in the order of its records. */
export class ExplanationReader {
  readonly #module: RuleModule
  readonly #address: number
  #from = 0
  #to = 0
  #chunk = ''
  #isAscii = false
  #reads = 0

  constructor(module: RuleModule, address: number) {
    this.#module = module
    this.#address = address
  }

  read(offset: number, length: number): string {
    // A few texts are not worth a chunk.
    if (++this.#reads > 4) {
      if (offset + length > this.#to) this.#load(offset)
      if (this.#isAscii && offset >= this.#from && offset + length <= this.#to)
        return this.#chunk.slice(offset - this.#from, offset + length - this.#from)
    }
    return this.#module.decode(this.#address + offset, length)
  }

  #load(offset: number): void {
    const { bytes } = this.#module
    const length = Math.min(chunkBytes, bytes.length - this.#address - offset)
    this.#chunk = this.#module.decode(this.#address + offset, length)
    // Bytes behind the last text may be of another evaluation, or cut a character: then each text is decoded by itself.
    this.#isAscii = this.#chunk.length === length
    this.#from = offset
    this.#to = offset + length
  }
}
