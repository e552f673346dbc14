import type { BrokerLimits } from './limits.ts'
import type { Publish } from './packets.ts'
import { filterMatcher } from './topics.ts'

export type RetainedMessage = Pick<Publish, 'topic' | 'payload' | 'qos'>

/** The last retained message of each topic, bounded by count and bytes. */
export class RetainedMessages {
  readonly #limits: Pick<BrokerLimits, 'retainedMax' | 'retainedBytesMax'>
  readonly #byTopic = new Map<string, RetainedMessage>()
  #bytes = 0

  constructor(limits: Pick<BrokerLimits, 'retainedMax' | 'retainedBytesMax'>) {
    this.#limits = limits
  }

  get count(): number {
    return this.#byTopic.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get(topic: string): RetainedMessage | undefined {
    return this.#byTopic.get(topic)
  }

  /** Keeps it in place of the topic's last one; false beyond the limits, where the last one goes all the same: it is not what stands any more. */
  set({ topic, payload, qos }: RetainedMessage): boolean {
    this.delete(topic)
    const bytes = sizeOf(topic, payload)
    if (this.#byTopic.size >= this.#limits.retainedMax || this.#bytes + bytes > this.#limits.retainedBytesMax)
      return false
    // The payload is a view into what was read from the socket, which would be kept alive by it.
    this.#byTopic.set(topic, { topic, payload: Uint8Array.from(payload), qos })
    this.#bytes += bytes
    return true
  }

  /** True when there was one. */
  delete(topic: string): boolean {
    const known = this.#byTopic.get(topic)
    if (known === undefined) return false
    this.#bytes -= sizeOf(topic, known.payload)
    return this.#byTopic.delete(topic)
  }

  *matching(filter: string): Iterable<RetainedMessage> {
    const exact = this.#byTopic.get(filter)
    if (exact !== undefined) yield exact
    if (!/[+#]/.test(filter)) return
    const isMeant = filterMatcher(filter)
    for (const message of this.#byTopic.values()) if (isMeant(message.topic)) yield message
  }
}

/** With about what a map's entry costs. */
const sizeOf = (topic: string, payload: Uint8Array): number => topic.length * 2 + payload.length + 200
