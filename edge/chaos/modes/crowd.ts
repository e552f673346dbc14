import { publisherKinds } from '../publisher/kinds.ts'
import type { PublisherKind } from '../publisher/kinds.ts'
import { Ledger } from '../publisher/ledger.ts'
import type { Credentials } from '../publisher/packets.ts'
import { Publisher } from '../publisher/publisher.ts'
import type { SessionState } from '../publisher/session.ts'
import { holdsWithin } from '../until.ts'

/** Messages that were sent before the stop may take this long to be acknowledged; longer is a broker that forgot them. */
const settleMsMax = 15_000

/** All publishers of one run. */
export class Crowd {
  readonly publishers: readonly Publisher[]

  constructor(options: {
    readonly rateMax: number
    readonly ledgers?: readonly Ledger[]
    readonly sessions?: ReadonlyMap<string, SessionState>
    readonly kinds?: readonly PublisherKind[]
    readonly credentials?: Credentials
  }) {
    const ledgers = options.ledgers ?? (options.kinds ?? publisherKinds).map((kind) => new Ledger(kind))
    this.publishers = ledgers.map((ledger) => {
      const session = options.sessions?.get(ledger.kind.name)
      return new Publisher({
        ledger,
        rateMax: options.rateMax,
        ...(session === undefined ? {} : { session }),
        ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
      })
    })
  }

  get ledgers(): readonly Ledger[] {
    return this.publishers.map(({ ledger }) => ledger)
  }

  get acknowledgedCount(): number {
    return this.publishers.reduce((sum, { ledger }) => sum + ledger.acknowledgedCount, 0)
  }

  /** True when all of them are connected. */
  async connect(port: number): Promise<boolean> {
    const answers = await Promise.all(this.publishers.map((publisher) => publisher.connect(port)))
    return answers.every(Boolean)
  }

  /** Nothing new is sent; resolves true when everything under way is acknowledged, false when that does not come. */
  async settle(): Promise<boolean> {
    for (const publisher of this.publishers) publisher.rest()
    return holdsWithin(settleMsMax, () => this.publishers.every(({ underWayCount }) => underWayCount === 0))
  }

  resume(): void {
    for (const publisher of this.publishers) publisher.resume()
  }

  disconnect(): void {
    for (const publisher of this.publishers) publisher.disconnect()
  }
}
