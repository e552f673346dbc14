import type { BrokerState, StoredSession } from '../ports.ts'
import type { BrokerJournal } from './broker-journal.ts'
import type { BrokerLimits } from './limits.ts'
import type { Qos } from './packets.ts'
import { Session } from './session.ts'
import type { QueueBudget, Receiver } from './session.ts'
import { SubscriptionTree } from './subscription-tree.ts'
import { mayMeanBelow } from './topics.ts'

export interface SessionTableOptions {
  readonly limits: BrokerLimits
  readonly journal: BrokerJournal
  readonly nowMs: () => number
  /** Somebody may read sensors, or nobody does any more. */
  readonly onSensorReaders: (isRead: boolean) => void
  /** Somebody who is connected may read every verdict, or nobody does any more. */
  readonly onVerdictReaders: (isRead: boolean) => void
}

/** Every session, by client id, and who has subscribed to what. */
export class SessionTable {
  readonly tree = new SubscriptionTree<Session>()
  readonly budget: QueueBudget = { bytes: 0, messages: 0, holders: 0 }
  readonly #options: SessionTableOptions
  readonly #sessions = new Map<string, Session>()
  #persistentCount = 0
  #subscriptionsCount = 0
  #sensorFilters = 0
  #verdictFilters = 0

  constructor(options: SessionTableOptions) {
    this.#options = options
  }

  get persistentCount(): number {
    return this.#persistentCount
  }

  get subscriptionsCount(): number {
    return this.#subscriptionsCount
  }

  find(clientId: string): Session | undefined {
    return this.#sessions.get(clientId)
  }

  /** Those that outlive their connection, the longest idle first. */
  kept(): Session[] {
    return [...this.#sessions.values()]
      .filter(({ isPersistent }) => isPersistent)
      .toSorted((left, right) => left.seenMs - right.seenMs)
  }

  /** What the store kept. What was under way to a client may have reached it. */
  load(state: BrokerState): void {
    for (const stored of state.sessions) {
      const session = this.#new(stored.clientId, stored.login, true)
      session.seenMs = stored.seenMs
      for (const { topic, qos } of stored.subscriptions) this.#subscribe(session, topic, qos)
    }
    for (const { clientId, messageId, state: step, packet } of state.queue) {
      const session = this.find(clientId)
      if (session === undefined) continue
      session.restore({
        messageId,
        qos: step === 'pubrel' || ((packet[0] as number) & 4) !== 0 ? 2 : 1,
        packet,
        state: step,
        position: 0,
        // Which of the first ones had left before the crash is not known: they say that they may be repeats (3.3.1.1).
        wasSent: session.queuedCount < this.#options.limits.outgoingInflightMax,
      })
    }
    for (const { session, messageId } of state.unreleased) this.find(session)?.unreleased.add(messageId)
  }

  create(clientId: string, holder: string, isPersistent: boolean): Session {
    const session = this.#new(clientId, holder, isPersistent)
    session.seenMs = this.#options.nowMs()
    this.note(session)
    return session
  }

  attach(session: Session, receiver: Receiver): void {
    for (const filter of session.subscriptions.keys()) this.#countVerdicts(filter, 1)
    session.attach(receiver)
  }

  /** The connection is gone; a session that does not outlive it goes as well [MQTT-3.1.2-6]. */
  detach(session: Session): void {
    if (session.receiver !== null) for (const filter of session.subscriptions.keys()) this.#countVerdicts(filter, -1)
    session.detach()
    session.seenMs = this.#options.nowMs()
    if (!session.isPersistent) this.drop(session)
    else if (this.#sessions.get(session.clientId) === session) this.note(session)
  }

  drop(session: Session): void {
    for (const filter of session.subscriptions.keys()) this.unsubscribe(session, filter)
    session.clear()
    if (this.#sessions.get(session.clientId) !== session) return
    this.#sessions.delete(session.clientId)
    if (!session.isPersistent) return
    this.#persistentCount--
    this.#options.journal.note({ kind: 'session_gone', clientId: session.clientId })
  }

  /** The caller notes the session when all of a packet's filters are in. */
  subscribe(session: Session, filter: string, qos: Qos): void {
    const isNew = !session.subscriptions.has(filter)
    this.#subscribe(session, filter, qos)
    if (isNew && session.receiver !== null) this.#countVerdicts(filter, 1)
  }

  unsubscribe(session: Session, filter: string): void {
    if (!session.subscriptions.delete(filter)) return
    this.tree.remove(filter, session)
    this.#subscriptionsCount--
    if (mayMeanBelow(filter, 'sensor') && --this.#sensorFilters === 0) this.#options.onSensorReaders(false)
    if (session.receiver !== null) this.#countVerdicts(filter, -1)
  }

  /** Writes a session that outlives its connection as it is now. */
  note(session: Session): void {
    if (!session.isPersistent) return
    const stored: StoredSession = {
      clientId: session.clientId,
      login: session.holder,
      subscriptions: [...session.subscriptions].map(([topic, qos]) => ({ topic, qos })),
      seenMs: session.seenMs,
    }
    this.#options.journal.note({ kind: 'session', session: stored })
  }

  /** Forgets sessions whose client has not come back for too long; answers how many. */
  sweep(): number {
    const oldestMs = this.#options.nowMs() - this.#options.limits.sessionIdleMsMax
    const idle = [...this.#sessions.values()].filter(({ receiver, seenMs }) => receiver === null && seenMs < oldestMs)
    for (const session of idle) this.drop(session)
    return idle.length
  }

  #new(clientId: string, holder: string, isPersistent: boolean): Session {
    const { limits, journal } = this.#options
    const session = new Session({
      clientId,
      holder,
      isPersistent,
      limits,
      budget: this.budget,
      isCommitted: (position) => journal.isCommitted(position),
    })
    this.#sessions.set(clientId, session)
    if (isPersistent) this.#persistentCount++
    return session
  }

  #subscribe(session: Session, filter: string, qos: Qos): void {
    this.tree.add(filter, session, qos)
    if (!session.subscriptions.has(filter)) {
      this.#subscriptionsCount++
      if (mayMeanBelow(filter, 'sensor') && ++this.#sensorFilters === 1) this.#options.onSensorReaders(true)
    }
    session.subscriptions.set(filter, qos)
  }

  #countVerdicts(filter: string, change: 1 | -1): void {
    if (!mayMeanBelow(filter, 'verdict')) return
    const before = this.#verdictFilters
    this.#verdictFilters += change
    if (before === 0 || this.#verdictFilters === 0) this.#options.onVerdictReaders(this.#verdictFilters > 0)
  }
}
