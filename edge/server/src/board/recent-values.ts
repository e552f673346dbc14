/** The last numbers of a tag for its sparkline; the oldest is written over. 60: what a sparkline of 120 px can show. */
export class RecentValues {
  static readonly countMax = 60
  readonly #values = new Float64Array(RecentValues.countMax)
  #count = 0
  #next = 0

  push(value: number): void {
    this.#values[this.#next] = value
    this.#next = (this.#next + 1) % RecentValues.countMax
    if (this.#count < RecentValues.countMax) this.#count++
  }

  /** Oldest first. */
  toArray(): number[] {
    const start = this.#count < RecentValues.countMax ? 0 : this.#next
    return Array.from({ length: this.#count }, (_, index) => this.#values[(start + index) % RecentValues.countMax] ?? 0)
  }
}
