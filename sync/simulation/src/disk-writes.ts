export interface DiskWritesParts {
  /** Calls back unless the program has been started anew since. */
  readonly later: (delayMs: number, act: () => void) => void
  readonly isFull: () => boolean
}

/** Writes of an appliance that a full disk does not take: each is tried until it holds, or until a later one of the same name takes its place. */
export class DiskWrites {
  readonly #parts: DiskWritesParts
  readonly #changes = new Map<string, number>()

  constructor(parts: DiskWritesParts) {
    this.#parts = parts
  }

  /** @param delayMs until it is on the disk; 0: at once where the disk takes it */
  keep(name: string, delayMs: number, write: () => void): void {
    const change = (this.#changes.get(name) ?? 0) + 1
    this.#changes.set(name, change)
    const attempt = (): void => {
      if (this.#changes.get(name) !== change) return
      if (this.#parts.isFull()) this.#parts.later(500, attempt)
      else write()
    }
    if (delayMs === 0) attempt()
    else this.#parts.later(delayMs, attempt)
  }
}
