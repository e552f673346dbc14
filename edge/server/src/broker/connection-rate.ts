import type { BrokerLimits } from './limits.ts'

interface Bucket {
  tokens: number
  atMs: number
  halfOpen: number
}

type Limits = Pick<
  BrokerLimits,
  | 'connectionsPerSecondMax'
  | 'connectionsBurstMax'
  | 'connectionsPerSecondOfAddressMax'
  | 'connectionsBurstOfAddressMax'
  | 'halfOpenOfAddressMax'
  | 'addressesMax'
>

/**
 * How fast connections may come, per address and in all (token buckets), and how many of one address may be open without
 * having signed in. Asked before a byte of a connection is read.
 */
export class ConnectionRate {
  readonly #limits: Limits
  readonly #nowMs: () => number
  readonly #all: Bucket
  readonly #byAddress = new Map<string, Bucket>()

  constructor(limits: Limits, nowMs: () => number) {
    this.#limits = limits
    this.#nowMs = nowMs
    this.#all = { tokens: limits.connectionsBurstMax, atMs: nowMs(), halfOpen: 0 }
  }

  /** Why the connection is refused, or null; then `signedIn` or `gone` is called for it once. */
  refusal(address: string): 'rate' | 'half_open' | null {
    const limits = this.#limits
    const bucket = this.#bucket(address)
    if (bucket.halfOpen >= limits.halfOpenOfAddressMax) return 'half_open'
    if (!this.#take(bucket, limits.connectionsPerSecondOfAddressMax, limits.connectionsBurstOfAddressMax)) return 'rate'
    if (!this.#take(this.#all, limits.connectionsPerSecondMax, limits.connectionsBurstMax)) return 'rate'
    bucket.halfOpen++
    return null
  }

  /** A connection is not half open any more: signed in, or gone before. */
  settled(address: string): void {
    const bucket = this.#byAddress.get(address)
    if (bucket !== undefined) bucket.halfOpen = Math.max(0, bucket.halfOpen - 1)
  }

  #bucket(address: string): Bucket {
    let bucket = this.#byAddress.get(address)
    if (bucket === undefined) {
      if (this.#byAddress.size >= this.#limits.addressesMax) this.#forgetFull()
      bucket = { tokens: this.#limits.connectionsBurstOfAddressMax, atMs: this.#nowMs(), halfOpen: 0 }
      this.#byAddress.set(address, bucket)
    }
    return bucket
  }

  /** Addresses that have all their tokens again are as if they had never come; if there are none the oldest goes. */
  #forgetFull(): void {
    const { connectionsPerSecondOfAddressMax: perSecond, connectionsBurstOfAddressMax: burst } = this.#limits
    for (const [address, bucket] of this.#byAddress) {
      const tokens = bucket.tokens + ((this.#nowMs() - bucket.atMs) / 1_000) * perSecond
      if (bucket.halfOpen === 0 && tokens >= burst) this.#byAddress.delete(address)
    }
    if (this.#byAddress.size < this.#limits.addressesMax) return
    const [oldest] = this.#byAddress.keys()
    if (oldest !== undefined) this.#byAddress.delete(oldest)
  }

  #take(bucket: Bucket, perSecond: number, burst: number): boolean {
    const nowMs = this.#nowMs()
    bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, nowMs - bucket.atMs) / 1_000) * perSecond)
    bucket.atMs = nowMs
    if (bucket.tokens < 1) return false
    bucket.tokens--
    return true
  }
}
