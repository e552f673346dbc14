import type { Clock } from '@jidoka/base'
import { cacheLimits } from './limits.ts'
import type { SharedStore } from './shared-store.ts'

/** Tags that were dropped here and that Redis has not been told of yet. What it keeps with them is not to be read until it has been. */
export class Untold {
  readonly #shared: SharedStore
  readonly #clock: Clock
  readonly #tags = new Set<string>()
  /** More were dropped than can be remembered: nothing is read until all that Redis may hold has ended. */
  #allUntilMs = Number.NEGATIVE_INFINITY
  #telling: Promise<void> = Promise.resolve()

  constructor(shared: SharedStore, clock: Clock) {
    this.#shared = shared
    this.#clock = clock
    shared.onUp(() => void this.#tell())
  }

  has(tags: readonly string[]): boolean {
    return this.#clock.monotonicMs() < this.#allUntilMs || tags.some((tag) => this.#tags.has(tag))
  }

  /** Resolves when Redis was told, or did not answer. */
  drop(tags: readonly string[]): Promise<void> {
    for (const tag of tags) {
      if (this.#tags.size >= cacheLimits.untoldMax)
        this.#allUntilMs = this.#clock.monotonicMs() + cacheLimits.ttlMsMax * (1 + cacheLimits.jitter)
      else this.#tags.add(tag)
    }
    return this.#tell()
  }

  async told(): Promise<void> {
    await this.#telling
  }

  #tell(): Promise<void> {
    this.#telling = this.#telling.then(() => this.#tellNow())
    return this.#telling
  }

  async #tellNow(): Promise<void> {
    const tags = [...this.#tags]
    if (tags.length === 0) return
    try {
      await this.#shared.dropTags(tags)
      for (const tag of tags) this.#tags.delete(tag)
    } catch {
      // Told when Redis is back, or with the next drop; until then nothing of theirs is read there.
    }
  }
}
