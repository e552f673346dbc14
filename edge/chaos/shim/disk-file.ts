import type { Draws } from '../random.ts'

/** What a disk writes at once or not at all. */
const sectorBytes = 512

type Change =
  | { readonly kind: 'write'; readonly offset: number; readonly data: Buffer }
  | { readonly kind: 'size'; readonly size: number }

/** Bytes that can grow. */
class Bytes {
  #buffer: Buffer
  size: number

  constructor(bytes: Buffer) {
    this.#buffer = Buffer.from(bytes)
    this.size = bytes.length
  }

  write(offset: number, data: Uint8Array): void {
    this.resize(Math.max(this.size, offset + data.length))
    this.#buffer.set(data, offset)
  }

  resize(size: number): void {
    if (size > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(size, this.#buffer.length * 2))
      this.#buffer.copy(larger, 0, 0, this.size)
      this.#buffer = larger
    }
    if (size < this.size) this.#buffer.fill(0, size, this.size)
    this.size = size
  }

  taken(): Buffer {
    return this.#buffer.subarray(0, this.size)
  }
}

/** How a cut treats what was not synced. */
export interface CutDice {
  readonly draws: Draws
  /** Chance that a change is not on the disk at all. */
  readonly dropped: number
  /** Chance that a write that is not dropped reached it in part. */
  readonly torn: number
}

/** A file: what is on the disk for certain, and what was written since the last sync. */
export class DiskFile {
  readonly #certain: Bytes
  #pending: Change[] = []
  /** Number of the first pending change, counted from the file's beginning. */
  #pendingFrom = 0

  constructor(bytes: Buffer = Buffer.alloc(0)) {
    this.#certain = new Bytes(bytes)
  }

  write(offset: number, data: Buffer): void {
    this.#pending.push({ kind: 'write', offset, data })
  }

  resize(size: number): void {
    this.#pending.push({ kind: 'size', size })
  }

  /** What `synced` needs to know of the instant at which a sync began. */
  get changesSoFar(): number {
    return this.#pendingFrom + this.#pending.length
  }

  /** A sync that began after so many changes has ended. */
  synced(changes: number): void {
    const count = Math.max(0, changes - this.#pendingFrom)
    for (const change of this.#pending.splice(0, count)) apply(this.#certain, change)
    this.#pendingFrom += count
  }

  /** What a cut at this instant may leave. */
  cut({ draws, dropped, torn }: CutDice): Buffer {
    const left = new Bytes(this.#certain.taken())
    for (const change of this.#pending) {
      if (draws.chance(dropped)) {
        // The file had been made longer, and what belonged there never came.
        if (change.kind === 'write' && draws.chance(0.2))
          left.resize(Math.max(left.size, change.offset + change.data.length))
      } else if (change.kind === 'write' && draws.chance(torn)) tear(left, change.offset, change.data, draws)
      else apply(left, change)
    }
    return left.taken()
  }
}

function apply(bytes: Bytes, change: Change): void {
  if (change.kind === 'size') bytes.resize(change.size)
  else bytes.write(change.offset, change.data)
}

/** Each sector came or did not, in any order. */
function tear(bytes: Bytes, offset: number, data: Buffer, draws: Draws): void {
  let from = 0
  while (from < data.length) {
    const to = Math.min(data.length, from + sectorBytes - ((offset + from) % sectorBytes))
    if (draws.chance(0.5)) bytes.write(offset + from, data.subarray(from, to))
    from = to
  }
}
