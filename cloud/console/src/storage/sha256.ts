/*
 * SHA-256 (FIPS 180-4), a piece at a time: `crypto.subtle` is there on https only and wants a whole file in memory, and a console in a plant's own net may
 * have neither.
 */

const primes = (count: number): number[] => {
  const found: number[] = []
  for (let n = 2; found.length < count; n++) if (found.every((prime) => n % prime !== 0)) found.push(n)
  return found
}
/** The first 32 bits behind the point. */
const fraction = (value: number): number => ((value - Math.floor(value)) * 2 ** 32) | 0

const roundKeys = Int32Array.from(primes(64), (prime) => fraction(Math.cbrt(prime)))
const blockBytes = 64
/** What is hashed before the page gets its turn again: some hundredths of a second. */
const pieceBytes = 4 * 1_024 * 1_024

export class Sha256 {
  readonly #state = Int32Array.from(primes(8), (prime) => fraction(Math.sqrt(prime)))
  readonly #words = new Int32Array(64)
  readonly #held = new Uint8Array(blockBytes)
  #bytes = 0

  update(piece: Uint8Array): void {
    let from = 0
    const heldBytes = this.#bytes % blockBytes
    this.#bytes += piece.length
    if (heldBytes > 0) {
      from = Math.min(blockBytes - heldBytes, piece.length)
      this.#held.set(piece.subarray(0, from), heldBytes)
      if (heldBytes + from < blockBytes) return
      this.#block(this.#held, 0)
    }
    for (; from + blockBytes <= piece.length; from += blockBytes) this.#block(piece, from)
    this.#held.set(piece.subarray(from))
  }

  /** To be called once. */
  hex(): string {
    const bytes = this.#bytes
    const heldBytes = bytes % blockBytes
    const end = new Uint8Array(heldBytes < 56 ? 64 - heldBytes : 128 - heldBytes)
    end[0] = 0x80
    new DataView(end.buffer).setBigUint64(end.length - 8, BigInt(bytes) * 8n)
    this.update(end)
    return Array.from(this.#state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
  }

  #block(bytes: Uint8Array, from: number): void {
    const words = this.#words
    const view = new DataView(bytes.buffer, bytes.byteOffset + from, blockBytes)
    for (let n = 0; n < 16; n++) words[n] = view.getInt32(n * 4)
    for (let n = 16; n < 64; n++) {
      const [older, newer] = [words[n - 15] as number, words[n - 2] as number]
      const small = turned(older, 7) ^ turned(older, 18) ^ (older >>> 3)
      const large = turned(newer, 17) ^ turned(newer, 19) ^ (newer >>> 10)
      words[n] = ((words[n - 16] as number) + small + (words[n - 7] as number) + large) | 0
    }
    const state = this.#state
    let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number]
    for (let n = 0; n < 64; n++) {
      const chosen = (e & f) ^ (~e & g)
      const one =
        (h +
          (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) +
          chosen +
          (roundKeys[n] as number) +
          (words[n] as number)) |
        0
      const two = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0
      ;[h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0]
    }
    for (const [n, word] of [a, b, c, d, e, f, g, h].entries()) state[n] = (state[n] as number) + word
  }
}

const turned = (word: number, by: number): number => (word >>> by) | (word << (32 - by))

/** Of a file, which is never in memory as a whole. */
export async function sha256Of(file: Blob, signal: AbortSignal): Promise<string> {
  const hash = new Sha256()
  for (let from = 0; from < file.size; from += pieceBytes) {
    const piece = await file.slice(from, from + pieceBytes).arrayBuffer()
    signal.throwIfAborted()
    hash.update(new Uint8Array(piece))
  }
  return hash.hex()
}
