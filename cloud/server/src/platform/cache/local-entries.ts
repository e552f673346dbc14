import { cacheLimits } from './limits.ts'

interface Entry {
  readonly value: unknown
  readonly untilMs: number
  readonly tags: readonly string[]
}

/** What this process remembers: bounded, the one used longest ago goes first, found by tag without a search. */
export class LocalEntries {
  /** The one used longest ago first. */
  readonly #entries = new Map<string, Entry>()
  readonly #keysOf = new Map<string, Set<string>>()
  readonly #max: number

  constructor(max: number = cacheLimits.entriesMax) {
    this.#max = max
  }

  get size(): number {
    return this.#entries.size
  }

  /** Undefined: not here. */
  get(key: string, nowMs: number): { readonly value: unknown } | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (entry.untilMs <= nowMs) {
      this.delete(key)
      return undefined
    }
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry
  }

  set(key: string, entry: Entry): void {
    this.delete(key)
    this.#entries.set(key, entry)
    for (const tag of entry.tags) {
      const keys = this.#keysOf.get(tag) ?? new Set()
      this.#keysOf.set(tag, keys.add(key))
    }
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#max) break
      this.delete(oldest)
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    for (const tag of entry.tags) {
      const keys = this.#keysOf.get(tag)
      keys?.delete(key)
      if (keys?.size === 0) this.#keysOf.delete(tag)
    }
  }

  dropTag(tag: string): void {
    for (const key of this.#keysOf.get(tag) ?? []) this.delete(key)
  }

  clear(): void {
    this.#entries.clear()
    this.#keysOf.clear()
  }
}
