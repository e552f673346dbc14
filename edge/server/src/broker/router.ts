import type { BrokerJournal } from './broker-journal.ts'
import { publishPacket, readStoredPublish } from './packets.ts'
import type { Publish, Qos } from './packets.ts'
import { RetainedMessages } from './retained-messages.ts'
import type { RetainedMessage } from './retained-messages.ts'
import type { BrokerLimits } from './limits.ts'
import type { Session } from './session.ts'
import type { SessionTable } from './session-table.ts'
import type { BrokerStats } from './stats.ts'

export type Message = Pick<Publish, 'topic' | 'payload' | 'qos' | 'retain'>

/**
 * Brings messages to those who have subscribed. Order: memory changes as messages come, so that every reader sees one
 * order [MQTT-4.6.0-5]; what a session that outlives its connection gets at QoS 1 or 2 leaves after the commit that holds
 * it, so that a crash repeats no QoS 2 message under another id.
 */
export class Router {
  readonly retained: RetainedMessages
  readonly #sessions: SessionTable
  readonly #journal: BrokerJournal
  readonly #stats: BrokerStats
  /** Sessions with messages that wait for their commit. */
  readonly #waiting = new Set<Session>()

  constructor(options: {
    readonly sessions: SessionTable
    readonly journal: BrokerJournal
    readonly limits: BrokerLimits
    readonly stats: BrokerStats
  }) {
    this.#sessions = options.sessions
    this.#journal = options.journal
    this.#stats = options.stats
    this.retained = new RetainedMessages(options.limits)
  }

  loadRetained(stored: readonly { readonly topic: string; readonly packet: Uint8Array }[]): void {
    for (const { packet } of stored) this.retained.set(readStoredPublish(packet))
  }

  /** Forwards a message, and keeps it when it is to be retained. What it causes is in the journal's changes up to `journal.position` afterwards. Answers how many readers it was made ready for. */
  publish(message: Message): number {
    if (message.retain) this.#retain(message)
    return this.forward(message)
  }

  /** Forwards a message that is kept in memory alone: somebody makes it anew after a start. */
  publishVolatile(message: Message): void {
    if (message.retain) this.#retainInMemory(message)
    this.forward(message)
  }

  /** Keeps a message for those who subscribe later, and tells nobody. */
  retainVolatile(message: RetainedMessage): void {
    this.#retainInMemory(message)
  }

  /** To all who have subscribed. [MQTT-3.3.1-9] without the retain flag: they see it as it happens. */
  forward(message: Message): number {
    const readers = this.#sessions.tree.match(message.topic)
    if (readers.size === 0) return 0
    const packets: (Buffer | undefined)[] = []
    let readyCount = 0
    for (const [session, granted] of readers) {
      // [MQTT-3.8.4-6] the lower of the two.
      const qos = Math.min(message.qos, granted) as Qos
      // Before its packet is made: a reader that does not read must cost next to nothing.
      if (qos === 0 && !this.#hasRoom(session)) continue
      const packet = (packets[qos] ??= publishPacket({ ...message, qos, retain: false }))
      if (this.#deliver(session, packet, qos)) readyCount++
    }
    return readyCount
  }

  /** [MQTT-3.3.1-6] to a new subscription what is retained, with the flag [MQTT-3.3.1-8]. */
  sendRetained(session: Session, filter: string, granted: Qos): void {
    for (const message of this.retained.matching(filter)) {
      const qos = Math.min(message.qos, granted) as Qos
      if (qos === 0 && !this.#hasRoom(session)) continue
      this.#deliver(session, publishPacket({ ...message, qos, retain: true }), qos)
    }
  }

  /** A commit has landed: what waited for it leaves. */
  pumpCommitted(): void {
    for (const session of this.#waiting) {
      session.pump()
      if (!session.waitsForCommit) this.#waiting.delete(session)
    }
  }

  #hasRoom({ receiver }: Session): boolean {
    // A session that is away gets no QoS 0, as the protocol leaves open (3.1.2.4).
    if (receiver === null) return false
    if (receiver.hasRoom) return true
    this.#stats.publishesSkippedTotal++
    return false
  }

  /** False when there was no room for it. */
  #deliver(session: Session, packet: Buffer, qos: Qos): boolean {
    if (qos === 0) {
      this.#stats.publishesSentTotal++
      session.receiver?.send(packet)
      return true
    }
    const outgoing = session.enqueue(packet, qos)
    if (outgoing === null) {
      this.#stats.queueFullTotal++
      return false
    }
    this.#stats.publishesSentTotal++
    if (!session.isPersistent) {
      session.pump()
      return true
    }
    const { messageId, state } = outgoing
    this.#journal.note({
      kind: 'enqueue',
      message: { clientId: session.clientId, messageId, state, packet: outgoing.packet },
    })
    session.holdUntil(outgoing, this.#journal.position)
    this.#waiting.add(session)
    return true
  }

  #retain(message: Message): void {
    const { topic } = message
    const hadOne = this.retained.get(topic) !== undefined
    if (this.#retainInMemory(message))
      this.#journal.note({ kind: 'retain', topic, packet: publishPacket({ ...message, retain: true }) })
    else if (hadOne) this.#journal.note({ kind: 'retain', topic, packet: null })
  }

  /** [MQTT-3.3.1-10] an empty payload takes the topic's message away, [MQTT-3.3.1-11] and is not kept. */
  #retainInMemory(message: RetainedMessage): boolean {
    if (message.payload.length === 0) {
      this.retained.delete(message.topic)
      return false
    }
    if (this.retained.set(message)) return true
    this.#stats.retainedRefusedTotal++
    return false
  }
}
