import type { PublisherKind } from './kinds.ts'

/** A publisher's own record: which of its messages were acknowledged. Message 0 does not exist. */
export class Ledger {
  readonly kind: PublisherKind
  #isAcknowledged = new Uint8Array(1_024)
  #sentCount = 0
  #acknowledgedCount = 0

  constructor(kind: PublisherKind) {
    this.kind = kind
  }

  /** The number of the next message, which counts as sent from now on. */
  next(): number {
    return ++this.#sentCount
  }

  acknowledge(message: number): void {
    if (message >= this.#isAcknowledged.length) {
      const larger = new Uint8Array(Math.max(message + 1, this.#isAcknowledged.length * 2))
      larger.set(this.#isAcknowledged)
      this.#isAcknowledged = larger
    }
    if (this.#isAcknowledged[message] === 1) return
    this.#isAcknowledged[message] = 1
    this.#acknowledgedCount++
  }

  isAcknowledged(message: number): boolean {
    return this.#isAcknowledged[message] === 1
  }

  get sentCount(): number {
    return this.#sentCount
  }

  get acknowledgedCount(): number {
    return this.#acknowledgedCount
  }

  /** Messages up to here have been sent. */
  sentUpTo(message: number): void {
    this.#sentCount = Math.max(this.#sentCount, message)
  }

  /** As it was: what happens afterwards in one of them is not in the other. */
  copy(): Ledger {
    const copy = new Ledger(this.kind)
    copy.#isAcknowledged = this.#isAcknowledged.slice()
    copy.#sentCount = this.#sentCount
    copy.#acknowledgedCount = this.#acknowledgedCount
    return copy
  }
}
