import type { Clock } from '@jidoka/base'
import type { EventHub } from '../../platform/events.ts'

/** As long as an edge takes to come with its cursor and both lanes while a whole fleet does; longer only holds memory for edges that poll. */
const rememberedMs = 30_000
/** Half a kilobyte each. More edges than this at once are asked for in the database, as before. */
const rememberedMax = 10_000

interface Entry<Edge> {
  readonly edge: Edge
  readonly untilMs: number
  readonly unlisten: () => void
}

/**
 * Edges that were found a moment ago, by id. What is announced of one (its revocation, in whichever process that is) drops it. An announcement can be
 * lost with the connection that listens: who asks here looks for a revocation in its own transaction too.
 */
export class EdgeMemory<Edge> {
  readonly #clock: Clock
  readonly #hub: EventHub
  readonly #entries = new Map<string, Entry<Edge>>()

  constructor(clock: Clock, hub: EventHub) {
    this.#clock = clock
    this.#hub = hub
  }

  /** @param look asked when it is not known; what is null is asked for again each time */
  async find(edgeId: string, look: () => Promise<Edge | null>): Promise<Edge | null> {
    const nowMs = this.#clock.monotonicMs()
    const known = this.#entries.get(edgeId)
    if (known !== undefined && known.untilMs > nowMs) return known.edge
    // Listening before looking: a revocation in between is not missed.
    let isAnnounced = false
    const unlisten = this.#hub.onDesiredChange(edgeId, () => {
      isAnnounced = true
      this.#forget(edgeId)
    })
    let edge: Edge | null = null
    try {
      edge = await look()
    } finally {
      if (edge === null || isAnnounced) unlisten()
    }
    if (edge === null || isAnnounced) return edge
    this.#forget(edgeId)
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined && this.#entries.size >= rememberedMax) this.#forget(oldest)
    this.#entries.set(edgeId, { edge, untilMs: nowMs + rememberedMs, unlisten })
    return edge
  }

  #forget(edgeId: string): void {
    this.#entries.get(edgeId)?.unlisten()
    this.#entries.delete(edgeId)
  }
}
