import memory from 'aedes-persistence'
import type { BrokerLimits } from './limits.ts'

interface RetainedPacket {
  readonly topic: string
  readonly payload: Buffer | string
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
}

/** The part of aedes-persistence that is bounded here; the package's types are of its older callback interface. */
interface Persistence {
  storeRetained(packet: RetainedPacket): Promise<void>
  addSubscriptions(client: { id: string }, subscriptions: readonly { topic: string }[]): Promise<void>
  cleanSubscriptions(client: { id: string }): Promise<void>
  outgoingEnqueueCombi(subscriptions: readonly { clientId: string }[], packet: unknown): Promise<void>
  outgoingClearMessageId(client: { id: string }, packet: unknown): Promise<unknown>
}

/**
 * aedes' sessions in memory, with an end to them: the original keeps every message for every session that is away, and
 * every retained topic, for as long as the process lives.
 */
export class BoundedPersistence {
  readonly persistence: Persistence
  readonly #sessions = new Set<string>()
  readonly #queued = new Map<string, number>()
  readonly #retained = new Set<string>()

  constructor(limits: Pick<BrokerLimits, 'sessionMessagesMax' | 'retainedMax'>) {
    // The package's types name a module object; what it exports is the function.
    const inner = (memory as unknown as () => Persistence)()
    const original = {
      storeRetained: inner.storeRetained.bind(inner),
      addSubscriptions: inner.addSubscriptions.bind(inner),
      cleanSubscriptions: inner.cleanSubscriptions.bind(inner),
      outgoingEnqueueCombi: inner.outgoingEnqueueCombi.bind(inner),
      outgoingClearMessageId: inner.outgoingClearMessageId.bind(inner),
    }
    inner.storeRetained = (packet) => {
      if (packet.payload.length === 0) this.#retained.delete(packet.topic)
      else if (!this.#retained.has(packet.topic)) {
        if (this.#retained.size >= limits.retainedMax) return Promise.resolve()
        this.#retained.add(packet.topic)
      }
      return original.storeRetained(packet)
    }
    inner.addSubscriptions = (client, subscriptions) => {
      this.#sessions.add(client.id)
      return original.addSubscriptions(client, subscriptions)
    }
    inner.cleanSubscriptions = (client) => {
      this.#sessions.delete(client.id)
      this.#queued.delete(client.id)
      return original.cleanSubscriptions(client)
    }
    inner.outgoingEnqueueCombi = (subscriptions, packet) => {
      const room = subscriptions.filter(({ clientId }) => (this.#queued.get(clientId) ?? 0) < limits.sessionMessagesMax)
      for (const { clientId } of room) this.#queued.set(clientId, (this.#queued.get(clientId) ?? 0) + 1)
      return original.outgoingEnqueueCombi(room, packet)
    }
    inner.outgoingClearMessageId = async (client, packet) => {
      const cleared = await original.outgoingClearMessageId(client, packet)
      const queued = this.#queued.get(client.id)
      if (cleared !== undefined && queued !== undefined) this.#queued.set(client.id, Math.max(0, queued - 1))
      return cleared
    }
    this.persistence = inner
  }

  /** Keeps a packet for those who subscribe later. */
  retain(packet: RetainedPacket): Promise<void> {
    return this.persistence.storeRetained(packet)
  }

  get sessionCount(): number {
    return this.#sessions.size
  }

  hasSession(clientId: string): boolean {
    return this.#sessions.has(clientId)
  }
}
