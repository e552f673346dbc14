/** Measured anew after so much was sent: adding up 1,000 sockets takes 20 us, which a megabyte does not notice. */
const measuredEachBytes = 1_048_576

/**
 * What waits in the sockets of all connections together, never less than it is: as last measured, and what was sent since.
 * While it is much, no single connection may have much: a few readers that have stopped would otherwise take the memory of all.
 */
export class OutgoingBytes {
  readonly #measure: () => number
  #measuredBytes = 0
  #sentBytes = 0

  constructor(measure: () => number) {
    this.#measure = measure
  }

  get bytes(): number {
    return this.#measuredBytes + this.#sentBytes
  }

  sent(bytes: number): void {
    this.#sentBytes += bytes
    if (this.#sentBytes >= measuredEachBytes) this.measure()
  }

  measure(): void {
    this.#measuredBytes = this.#measure()
    this.#sentBytes = 0
  }
}
