import type { BrokerLimits } from './limits.ts'

/** What one connection has under way, and what it has had of this turn. Changed by `FairShares` alone. */
export class Share {
  /** What waits for a commit: messages, and by their weight the changes of sessions that they cause. */
  underWay = 0
  underWayBytes = 0
  turn = -1
  turnWork = 0
  /** Called when the connection may have more handled. */
  readonly goOn: () => void

  constructor(goOn: () => void) {
    this.goOn = goOn
  }
}

export type FairSharesLimits = Pick<
  BrokerLimits,
  | 'unacknowledgedMax'
  | 'unacknowledgedOfAllMax'
  | 'unacknowledgedBytesOfAllMax'
  | 'unacknowledgedAlways'
  | 'unacknowledgedAlwaysBytes'
  | 'unacknowledgedBytesMax'
  | 'turnWorkMax'
  | 'turnWorkOfAllMax'
>

/**
 * Divides what the broker does among its connections: what waits for a commit, since all of it stands before the next
 * message, and the work of one turn of the loop, since nobody else is read meanwhile. Who has little of both always goes
 * on at once; of the rest everybody gets the same share, and waits for its turn beyond it.
 */
export class FairShares {
  readonly #limits: FairSharesLimits
  #underWay = 0
  #underWayBytes = 0
  /** Connections with something under way. */
  #sharers = 0
  #turn = 0
  #turnWork = 0
  #turnIsDue = false
  /** Who waits longest is first. */
  readonly #waiting = new Set<Share>()

  constructor(limits: FairSharesLimits) {
    this.#limits = limits
  }

  get underWay(): number {
    return this.#underWay
  }

  get waitingCount(): number {
    return this.#waiting.size
  }

  /** Whether one more packet of the connection may be handled now. */
  mayGoOn(share: Share): boolean {
    const limits = this.#limits
    const { unacknowledgedAlways } = limits
    if (share.turn === this.#turn && share.turnWork >= unacknowledgedAlways) {
      if (share.turnWork >= limits.turnWorkMax || this.#turnWork >= limits.turnWorkOfAllMax) return false
    }
    const { underWay, underWayBytes } = share
    if (underWay >= limits.unacknowledgedMax) return false
    if (underWay < unacknowledgedAlways && underWayBytes < limits.unacknowledgedAlwaysBytes)
      return this.#underWayBytes < limits.unacknowledgedBytesMax
    const { unacknowledgedOfAllMax, unacknowledgedBytesOfAllMax } = limits
    return (
      this.#underWay < unacknowledgedOfAllMax &&
      this.#underWayBytes < unacknowledgedBytesOfAllMax &&
      underWay * this.#sharers < unacknowledgedOfAllMax &&
      underWayBytes * this.#sharers < unacknowledgedBytesOfAllMax
    )
  }

  /** A message of the connection waits for a commit. */
  begin(share: Share, bytes: number): void {
    if (share.underWay === 0) this.#sharers++
    share.underWay++
    share.underWayBytes += bytes
    this.#underWay++
    this.#underWayBytes += bytes
    this.work(share, 1)
  }

  /** A message that has begun causes changes that wait for a commit too. */
  weigh(share: Share, weight: number): void {
    share.underWay += weight
    this.#underWay += weight
  }

  /** It is committed, or given up; `weight` is 1 and what was weighed. */
  end(share: Share, bytes: number, weight: number): void {
    share.underWay -= weight
    share.underWayBytes -= bytes
    this.#underWay -= weight
    this.#underWayBytes -= bytes
    if (share.underWay === 0) this.#sharers--
    if (this.#waiting.size > 0) this.wake()
  }

  /** Counts work of this turn: a packet, or a copy of it for one of its readers. */
  work(share: Share, count: number): void {
    if (share.turn !== this.#turn) {
      share.turn = this.#turn
      share.turnWork = 0
    }
    share.turnWork += count
    this.#turnWork += count
    this.wake()
  }

  /** `goOn` is called when there is room for the connection. */
  wait(share: Share): void {
    this.#waiting.add(share)
  }

  /** The connection is over: nothing more of it is to be handled. */
  forget(share: Share): void {
    this.#waiting.delete(share)
  }

  /** Looks at those who wait after this turn. */
  wake(): void {
    if (this.#turnIsDue) return
    this.#turnIsDue = true
    setImmediate(this.#nextTurn)
  }

  readonly #nextTurn = (): void => {
    this.#turnIsDue = false
    this.#turn++
    this.#turnWork = 0
    if (this.#waiting.size === 0) return
    // Who may not go on keeps its place; who went on and waits again is behind all others, and not looked at twice.
    const waiting = Array.from(this.#waiting)
    for (const share of waiting) {
      if (!this.mayGoOn(share) || !this.#waiting.delete(share)) continue
      share.goOn()
    }
  }
}
