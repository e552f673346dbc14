import { alarmTopic } from '@jidoka/contract'
import { answerHeads, answerPacket, asRepeat, hasTopicBelow, withMessageId } from './packets.ts'
import type { Qos } from './packets.ts'
import type { BrokerLimits } from './limits.ts'

/** The connection that a session speaks through while it has one. */
export interface Receiver {
  /** False while so much waits in the socket that nothing should be added. */
  readonly hasRoom: boolean
  /** Bytes that wait in the socket. */
  readonly waitingBytes: number
  send(bytes: Uint8Array): void
}

/** A message of QoS 1 or 2 that its receiver has not acknowledged to the end. */
export interface Outgoing {
  readonly messageId: number
  readonly qos: 1 | 2
  /** Its PUBLISH; empty from PUBREC on. */
  packet: Uint8Array
  state: 'publish' | 'pubrel'
  /** The change of the broker's journal that holds it: sent only after that is committed. 0 in a session of memory alone. */
  position: number
  /** It may have gone out before: it says so when it goes again [MQTT-3.3.1-1]. */
  wasSent: boolean
}

/** Bytes of all sessions' queues together. */
export interface QueueBudget {
  bytes: number
  messages: number
  /** Sessions that have any. */
  holders: number
}

export interface SessionOptions {
  /** As the broker knows it: behind its login where clients sign in. */
  readonly clientId: string
  /** Whose place it takes: a login, or an address where nobody signs in. */
  readonly holder: string
  /** It outlives its connection and lies in the journal. */
  readonly isPersistent: boolean
  readonly limits: BrokerLimits
  readonly budget: QueueBudget
  readonly isCommitted: (position: number) => boolean
}

/** What the broker remembers of one client: its subscriptions, the messages on their way to it, and the ids of those it has under way to us. */
export class Session {
  readonly clientId: string
  readonly holder: string
  readonly isPersistent: boolean
  readonly subscriptions = new Map<string, Qos>()
  /** Ids of QoS 2 publishes that were taken and not yet released: the same id again is the same message [MQTT-4.3.3-2]. */
  readonly unreleased = new Set<number>()
  seenMs = 0
  readonly #limits: BrokerLimits
  readonly #budget: QueueBudget
  readonly #isCommitted: (position: number) => boolean
  #receiver: Receiver | null = null
  /** Everything not yet acknowledged to the end, in order. */
  readonly #outgoing = new Map<number, Outgoing>()
  /** Those of it that are alarms, which have an allowance of their own. */
  readonly #alarms = new Set<number>()
  /** Those of it that have not gone out on this connection, from `#unsentFrom` on. */
  #unsent: Outgoing[] = []
  #unsentFrom = 0
  #inflight = 0
  #bytes = 0
  #lastMessageId = 0
  /** The change of the journal that its newest message waits for. */
  #lastPosition = 0

  constructor(options: SessionOptions) {
    this.clientId = options.clientId
    this.holder = options.holder
    this.isPersistent = options.isPersistent
    this.#limits = options.limits
    this.#budget = options.budget
    this.#isCommitted = options.isCommitted
  }

  get receiver(): Receiver | null {
    return this.#receiver
  }

  get queuedCount(): number {
    return this.#outgoing.size
  }

  /** Whether some of its messages are not on disk yet. */
  get waitsForCommit(): boolean {
    return !this.#isCommitted(this.#lastPosition)
  }

  /** Takes a message (a PUBLISH without id) under an id of its own; null when there is no room. */
  enqueue(publish: Uint8Array, qos: 1 | 2): Outgoing | null {
    if (!this.#hasRoomFor(publish.length + this.#limits.sessionMessageBytes, isAlarm(publish))) return null
    const messageId = this.#freeMessageId()
    const outgoing: Outgoing = {
      messageId,
      qos,
      packet: withMessageId(publish, messageId),
      state: 'publish',
      position: 0,
      wasSent: false,
    }
    this.#add(outgoing)
    return outgoing
  }

  /** The message may leave when this change of the broker's journal is on disk. */
  holdUntil(outgoing: Outgoing, position: number): void {
    outgoing.position = position
    this.#lastPosition = position
  }

  /** A message as the store holds it, after a start. */
  restore(outgoing: Outgoing): void {
    this.#lastMessageId = outgoing.messageId
    this.#add(outgoing)
  }

  /** From now on through this connection: what may have gone out goes again, in its order [MQTT-4.4.0-1], [MQTT-4.6.0-1]. */
  attach(receiver: Receiver): void {
    this.#receiver = receiver
    this.#unsent = [...this.#outgoing.values()]
    this.#unsentFrom = 0
    this.#inflight = 0
    this.pump()
  }

  detach(): void {
    this.#receiver = null
    this.#inflight = 0
  }

  /** Sends what is committed, as far as the receiver's window and socket have room. */
  pump(): void {
    const receiver = this.#receiver
    if (receiver === null) return
    while (this.#inflight < this.#limits.outgoingInflightMax && receiver.hasRoom) {
      const next = this.#unsent[this.#unsentFrom]
      if (next === undefined || !this.#isCommitted(next.position)) break
      this.#unsentFrom++
      // Acknowledged meanwhile, by an answer that the last connection brought late.
      if (this.#outgoing.get(next.messageId) !== next) continue
      this.#inflight++
      if (next.state === 'pubrel') receiver.send(answerPacket(answerHeads.pubrel, next.messageId))
      else receiver.send(next.wasSent ? asRepeat(next.packet) : next.packet)
      next.wasSent = true
    }
    if (this.#unsentFrom > 256 && this.#unsentFrom * 2 > this.#unsent.length) {
      this.#unsent = this.#unsent.slice(this.#unsentFrom)
      this.#unsentFrom = 0
    }
  }

  /** PUBACK. False when there is no such message. */
  acknowledge(messageId: number): boolean {
    const outgoing = this.#outgoing.get(messageId)
    if (outgoing === undefined || outgoing.qos !== 1 || !outgoing.wasSent) return false
    this.#remove(outgoing)
    return true
  }

  /** PUBREC. False when there is no such message: it is complete already. */
  received(messageId: number): boolean {
    const outgoing = this.#outgoing.get(messageId)
    if (outgoing === undefined || outgoing.qos !== 2 || !outgoing.wasSent) return false
    this.#count(-outgoing.packet.length)
    outgoing.state = 'pubrel'
    outgoing.packet = empty
    return true
  }

  /** PUBCOMP. False when there is no such message. */
  complete(messageId: number): boolean {
    const outgoing = this.#outgoing.get(messageId)
    if (outgoing === undefined || outgoing.state !== 'pubrel') return false
    this.#remove(outgoing)
    return true
  }

  /** The session is gone, and what it held with it. */
  clear(): void {
    this.#receiver = null
    this.#count(-this.#bytes)
    this.#budget.messages -= this.#outgoing.size
    if (this.#outgoing.size > 0) this.#budget.holders--
    this.#outgoing.clear()
    this.#alarms.clear()
    this.#unsent = []
    this.#unsentFrom = 0
    this.unreleased.clear()
  }

  #hasRoomFor(bytes: number, ofAlarm: boolean): boolean {
    const limits = this.#limits
    const count = this.#outgoing.size
    const isAllowed = ofAlarm
      ? this.#alarms.size < limits.sessionAlarmsAlways
      : count - this.#alarms.size < limits.sessionMessagesAlways
    return (
      count < limits.sessionMessagesMax &&
      (isAllowed || count * this.#budget.holders < limits.sessionMessagesOfAllMax) &&
      this.#bytes + bytes <= limits.sessionBytesMax &&
      this.#budget.bytes + bytes <= limits.sessionBytesOfAllMax
    )
  }

  #add(outgoing: Outgoing): void {
    if (this.#outgoing.size === 0) this.#budget.holders++
    this.#outgoing.set(outgoing.messageId, outgoing)
    if (isAlarm(outgoing.packet)) this.#alarms.add(outgoing.messageId)
    this.#budget.messages++
    this.#count(outgoing.packet.length + this.#limits.sessionMessageBytes)
    // Without a connection it is listed when there is one.
    if (this.#receiver !== null) this.#unsent.push(outgoing)
  }

  #remove(outgoing: Outgoing): void {
    this.#outgoing.delete(outgoing.messageId)
    this.#alarms.delete(outgoing.messageId)
    if (this.#outgoing.size === 0) this.#budget.holders--
    this.#budget.messages--
    this.#count(-outgoing.packet.length - this.#limits.sessionMessageBytes)
    if (this.#inflight > 0) this.#inflight--
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    this.#budget.bytes += bytes
  }

  /** [MQTT-2.3.1-2] an id that is not in use. There always is one: `sessionMessagesMax` is smaller than their number. */
  #freeMessageId(): number {
    do this.#lastMessageId = this.#lastMessageId >= 65_535 ? 1 : this.#lastMessageId + 1
    while (this.#outgoing.has(this.#lastMessageId))
    return this.#lastMessageId
  }
}

const empty = new Uint8Array(0)

/** By its topic, so that those of before a start are known too. A device publishes below `sensor/` alone. */
const isAlarm = (packet: Uint8Array): boolean => hasTopicBelow(packet, alarmTopic(''))
