import type { Log } from '@jidoka/base'
import { isSensorTopic, isWithinLimits, publishRefusal, subscribeRefusal } from './access.ts'
import type { BrokerPolicy } from './access.ts'
import type { BrokerJournal } from './broker-journal.ts'
import type { Frame } from './frames.ts'
import type { HeldMessages } from './held-messages.ts'
import type { BrokerLimits } from './limits.ts'
import type { Link } from './link.ts'
import {
  answerHeads,
  answerPacket,
  packetType,
  packetTypes,
  ProtocolError,
  readEmpty,
  readMessageId,
  readPublish,
  readSubscribe,
  readUnsubscribe,
  subackPacket,
} from './packets.ts'
import type { Publish, Qos, SubscriptionRequest } from './packets.ts'
import type { Message, Router } from './router.ts'
import type { Session } from './session.ts'
import type { SessionTable } from './session-table.ts'
import type { BrokerStats } from './stats.ts'
import { isTopicFilter, isTopicName } from './topics.ts'

export interface InboundOptions {
  readonly policy: BrokerPolicy
  readonly limits: BrokerLimits
  readonly log: Log
  readonly stats: BrokerStats
  readonly held: HeldMessages
  readonly journal: BrokerJournal
  readonly sessions: SessionTable
  readonly router: Router
}

/** What clients that are signed in send: publishes, the answers to ours, subscriptions. */
export class Inbound {
  readonly #options: InboundOptions

  constructor(options: InboundOptions) {
    this.#options = options
  }

  /** Handles one packet; false leaves it to aedes, which keeps the connection. @throws ProtocolError */
  packet(link: Link, session: Session, bytes: Buffer, frame: Frame): boolean {
    switch (packetType(frame)) {
      case packetTypes.publish:
        this.#publish(link, session, readPublish(bytes, frame))
        return true
      case packetTypes.puback:
        this.#puback(session, readMessageId(bytes, frame))
        return true
      case packetTypes.pubrec:
        this.#pubrec(link, session, readMessageId(bytes, frame))
        return true
      case packetTypes.pubrel:
        this.#pubrel(link, session, readMessageId(bytes, frame))
        return true
      case packetTypes.pubcomp:
        this.#pubcomp(session, readMessageId(bytes, frame))
        return true
      case packetTypes.subscribe: {
        const { messageId, requests } = readSubscribe(bytes, frame)
        this.#subscribe(link, session, messageId, requests)
        return true
      }
      case packetTypes.unsubscribe: {
        const { messageId, topics } = readUnsubscribe(bytes, frame)
        this.#unsubscribe(link, session, messageId, topics)
        return true
      }
      case packetTypes.disconnect:
        readEmpty(frame)
        link.saidGoodbye = true
        return false
      case packetTypes.pingreq:
        readEmpty(frame)
        return false
      default:
        return false
    }
  }

  /** A reading that nobody subscribes to: the shortest way. */
  reading(
    link: Link,
    session: Session,
    message: Pick<Publish, 'topic' | 'payload' | 'qos' | 'messageId' | 'dup'>,
    taken: (isStored: boolean) => void,
  ): void {
    const { topic, payload, qos, messageId, dup } = message
    const { held, stats } = this.#options
    stats.publishesTotal++
    if (qos === 2 && this.#isRepeat(session, messageId) && !session.isPersistent) return taken(true)
    const delivery = session.isPersistent && qos > 0 ? { session: session.clientId, messageId, dup } : undefined
    held.ingest(link.client, { topic, payload, source: link.login, qos, delivery }, (error) => {
      if (error === null) return taken(true)
      if (qos === 0) {
        stats.qos0DroppedTotal++
        return taken(true)
      }
      // Not stored and not to be stored: without an answer, and the client knows to send it again.
      link.client.conn.destroy()
      taken(false)
    })
  }

  /** The last will of a client; it may be gone, so that nobody is answered. */
  will(login: string, message: Message): void {
    const { router, held, stats } = this.#options
    stats.publishesTotal++
    if (isSensorTopic(message.topic)) {
      const { topic, payload, qos } = message
      held.ingest(null, { topic, payload, source: login, qos }, (error) => {
        if (error !== null) stats.qos0DroppedTotal++
      })
    }
    if (this.#isForwarded(message.topic)) router.publish(message)
  }

  publishRefusal(link: Pick<Link, 'grant'>, topic: string): string | null {
    return isWithinLimits(topic, this.#options.limits)
      ? publishRefusal(this.#options.policy, link.grant, topic)
      : 'the topic is too long or too deep'
  }

  #publish(link: Link, session: Session, publish: Publish): void {
    const { topic, qos, messageId } = publish
    const { stats, log, journal, router } = this.#options
    if (!isTopicName(topic)) throw new ProtocolError('a publish names no topic') // [MQTT-3.3.2-2]
    const refusal = this.publishRefusal(link, topic)
    if (refusal !== null) {
      stats.publishesDeniedTotal++
      log.warn(
        { action: 'mqtt', client: session.clientId, login: link.login, topic: topic.slice(0, 200), problem: refusal },
        'a publish was denied and the client disconnected',
      )
      // [MQTT-3.3.5-2] acknowledge or disconnect: a device at the wrong topic shall be noticed.
      link.client.conn.destroy()
      return
    }
    const { lane } = link
    const ack = qos === 0 ? null : lane.acks.open(qos === 1 ? answerHeads.puback : answerHeads.pubrec, messageId)
    const size = publish.payload.length + topic.length
    let changesCount = 0
    let waitsFor = 1
    let isKept = true
    const done = (isStored: boolean) => {
      isKept &&= isStored
      if (--waitsFor > 0) return
      lane.end(size, changesCount)
      if (isKept && ack !== null) lane.acks.due(ack)
    }
    lane.begin(size)
    const before = journal.position
    const isReading = isSensorTopic(topic)
    const isRepeat = qos === 2 && session.unreleased.has(messageId)
    if (isReading) {
      waitsFor++
      this.reading(link, session, publish, done)
    } else {
      stats.publishesTotal++
      if (qos === 2) {
        this.#isRepeat(session, messageId)
        // A repeat asks again for the same row: its PUBREC must wait for the commit of the first one.
        if (session.isPersistent) journal.note({ kind: 'inbound_taken', session: session.clientId, messageId })
      }
    }
    const copiesCount = !isRepeat && this.#isForwarded(topic) ? router.publish(publish) : 0
    changesCount = journal.position - before
    lane.weigh(copiesCount, changesCount)
    if (changesCount > 0) {
      waitsFor++
      journal.after(journal.position, () => done(true))
    }
    done(true)
  }

  /** Readings go to others under the open policy alone: under the other nobody may subscribe to them. */
  #isForwarded(topic: string): boolean {
    return this.#options.policy === 'open' || !isSensorTopic(topic)
  }

  /** Whether a QoS 2 publish is one that was taken and not yet released; from now on it is. @throws ProtocolError */
  #isRepeat(session: Session, messageId: number): boolean {
    if (session.unreleased.has(messageId)) return true
    if (session.unreleased.size >= this.#options.limits.inboundQos2Max)
      throw new ProtocolError('it has more QoS 2 publishes under way than it may')
    session.unreleased.add(messageId)
    return false
  }

  #puback(session: Session, messageId: number): void {
    if (session.acknowledge(messageId)) this.#dequeued(session, messageId)
  }

  #pubrec(link: Link, session: Session, messageId: number): void {
    const { journal } = this.#options
    const release = () => link.send(answerPacket(answerHeads.pubrel, messageId))
    // One that is not known is complete already: its PUBCOMP was lost with the last connection.
    if (!session.received(messageId) || !session.isPersistent) return release()
    journal.note({ kind: 'released', clientId: session.clientId, messageId })
    // Before that is on disk a crash would send the PUBLISH again, which its receiver would take for another one.
    this.#afterCommit(link, release)
  }

  #pubrel(link: Link, session: Session, messageId: number): void {
    const { journal } = this.#options
    const ack = link.lane.acks.open(answerHeads.pubcomp, messageId)
    const due = () => link.lane.acks.due(ack)
    if (!session.unreleased.delete(messageId) || !session.isPersistent) return due()
    journal.note({ kind: 'inbound_released', session: session.clientId, messageId })
    // Before that is on disk a crash would take the next message of this id for a repeat, and lose it.
    this.#afterCommit(link, due)
  }

  #pubcomp(session: Session, messageId: number): void {
    if (session.complete(messageId)) this.#dequeued(session, messageId)
  }

  #dequeued(session: Session, messageId: number): void {
    if (session.isPersistent) this.#options.journal.note({ kind: 'dequeue', clientId: session.clientId, messageId })
    session.pump()
  }

  #subscribe(link: Link, session: Session, messageId: number, requests: readonly SubscriptionRequest[]): void {
    const { sessions, router } = this.#options
    const granted = requests.map((request) => this.#grant(link, session, request))
    const answer = () => {
      if (!link.isOpen) return
      link.send(subackPacket(messageId, granted))
      for (const [index, { topic }] of requests.entries())
        if (granted[index] !== deniedCode) router.sendRetained(session, topic, granted[index] as Qos)
    }
    if (granted.every((code) => code === deniedCode)) return answer()
    sessions.note(session)
    // A session that outlives its connection has promised with SUBACK what a crash must not take back.
    if (session.isPersistent) this.#afterCommit(link, answer)
    else answer()
  }

  #grant(link: Link, session: Session, { topic, qos }: SubscriptionRequest): Qos | typeof deniedCode {
    const { limits, policy, stats, log, sessions } = this.#options
    if (!isTopicFilter(topic)) throw new ProtocolError('a subscription has a filter that is none') // [MQTT-4.7.1-2, -3]
    const refusal = !isWithinLimits(topic, limits)
      ? 'the filter is too long or too deep'
      : session.subscriptions.size >= limits.subscriptionsMax && !session.subscriptions.has(topic)
        ? 'it has too many subscriptions'
        : subscribeRefusal(policy, link.grant, topic)
    if (refusal === null) {
      sessions.subscribe(session, topic, qos)
      return qos
    }
    stats.subscriptionsDeniedTotal++
    log.warn(
      { action: 'mqtt', client: session.clientId, login: link.login, filter: topic.slice(0, 200), problem: refusal },
      'a subscription was denied',
    )
    return deniedCode
  }

  #unsubscribe(link: Link, session: Session, messageId: number, topics: readonly string[]): void {
    const { sessions } = this.#options
    for (const topic of topics) {
      if (!isTopicFilter(topic)) throw new ProtocolError('an unsubscription has a filter that is none')
      sessions.unsubscribe(session, topic)
    }
    sessions.note(session)
    const answer = () => link.send(answerPacket(answerHeads.unsuback, messageId))
    if (session.isPersistent) this.#afterCommit(link, answer)
    else answer()
  }

  /** Answers when all that was noted is on disk. It counts as under way: while the store fails a client that goes on asking would fill the memory otherwise. */
  #afterCommit({ lane }: Link, answer: () => void): void {
    const { journal } = this.#options
    lane.begin(0)
    journal.after(journal.position, () => {
      lane.end(0, 0)
      answer()
    })
  }
}

/** [MQTT-3.9.3-2] the client stays, and knows. */
const deniedCode = 0x80
