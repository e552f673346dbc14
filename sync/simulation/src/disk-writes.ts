import type { Lane } from '@jidoka/sync-protocol'

export interface DiskWritesParts {
  /** Calls back unless the program has been started anew since. */
  readonly later: (delayMs: number, act: () => void) => void
  readonly isFull: () => boolean
}

/** Writes of an appliance that a full disk does not take: each is tried until it holds, or until a later one of the lane takes its place. */
export class DiskWrites {
  readonly #parts: DiskWritesParts
  readonly #changes: Record<Lane, number> = { records: 0, readings: 0 }

  constructor(parts: DiskWritesParts) {
    this.#parts = parts
  }

  /** @param delayMs until it is on the disk; 0: at once where the disk takes it */
  keep(lane: Lane, delayMs: number, write: () => void): void {
    const change = ++this.#changes[lane]
    const attempt = (): void => {
      if (this.#changes[lane] !== change) return
      if (this.#parts.isFull()) this.#parts.later(500, attempt)
      else write()
    }
    if (delayMs === 0) attempt()
    else this.#parts.later(delayMs, attempt)
  }
}
