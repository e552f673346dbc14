import type { BrokerChange } from '../ports.ts'
import type { Database } from '../store/database.ts'
import { deliveryLimits } from './delivery-limits.ts'
import { DeliveryRing } from './delivery-ring.ts'
import type { FlightMessage } from './flight.ts'

interface Session {
  readonly ring: DeliveryRing
  /** QoS 2 packet ids that were taken and not released yet. */
  readonly unreleased: Set<number>
  /** Rows of the store, oldest first, each with the position behind its last id. */
  rows: { readonly id: number | bigint; readonly to: number }[]
  /** Up to where the ring is in the store. */
  storedTo: number
  isDirty: boolean
  /** Number of the commit that used it last. */
  usedIn: number
}

/**
 * Tells a repeated publish from a new one, and is written in the commit that stores the reading: after a crash between
 * commit and PUBACK the client sends again, and finds it stored.
 *
 * QoS 1: a publish with DUP is a repeat when the last one of its id in its session had the same bytes. Bytes must be
 * compared, since DUP alone says only that the client has tried before: perhaps that try never reached us, and what we
 * know under the id is an older publish whose PUBACK the client has had, its id in use again by right. What remains
 * undecidable is such a lost first try that says to the last byte what its id said before; it is taken for a repeat. A
 * payload with a timestamp never is.
 * QoS 2: an id that was not released is a repeat whatever its bytes [MQTT-4.3.3-2].
 */
export class Deliveries {
  readonly #database: Database
  readonly #statements
  readonly #sessions = new Map<string, Session>()
  /** Sessions that the commit at hand has changed. */
  readonly #dirty = new Map<string, Session>()
  #commits = 0
  /** Of the publish last hashed. */
  #low = 0
  #high = 0
  /** Hash of a topic, by its number. */
  readonly #topicHashes: (number | undefined)[] = []

  constructor(database: Database) {
    this.#database = database
    this.#statements = prepareAll(database)
  }

  /** What the store holds, after a start or a failed commit. */
  load(): void {
    this.#sessions.clear()
    this.#dirty.clear()
    for (const { id, session: name, ids } of this.#database
      .prepare<[], { id: number; session: string; ids: Uint8Array }>(
        'select id, session, ids from deliveries order by id',
      )
      .iterate()) {
      const session = this.#sessions.get(name) ?? this.#add(name)
      session.ring.restore(ids)
      session.rows.push({ id, to: session.ring.to })
      session.storedTo = session.ring.to
    }
    for (const { session, message_id } of this.#database
      .prepare<[], { session: string; message_id: number }>('select session, message_id from unreleased')
      .iterate())
      (this.#sessions.get(session) ?? this.#add(session)).unreleased.add(message_id)
  }

  /**
   * True for a publish that is stored already: it is to be answered and not stored again. Otherwise it is noted as one
   * that the commit at hand stores.
   */
  isRepeat(message: FlightMessage): boolean {
    const { session: name, qos, messageId } = message
    if (name === null || qos === 0) return false
    const session = this.#session(name)
    if (qos === 2) {
      if (session.unreleased.has(messageId)) return true
      session.unreleased.add(messageId)
      this.#statements.taken.run(name, messageId)
      return false
    }
    this.#hash(message.bytes, message.from, message.to, this.#topicHash(message.topicNo, message.topic))
    if (message.dup && session.ring.holds(messageId, this.#low, this.#high)) return true
    session.ring.add(messageId, this.#low, this.#high)
    if (!session.isDirty) {
      session.isDirty = true
      this.#dirty.set(name, session)
    }
    return false
  }

  /** What the broker says of its sessions. The rows of `unreleased` are written with its other changes. */
  brokerChanged(change: BrokerChange): void {
    switch (change.kind) {
      case 'inbound_taken':
        this.#session(change.session).unreleased.add(change.messageId)
        return
      case 'inbound_released':
        this.#sessions.get(change.session)?.unreleased.delete(change.messageId)
        return
      case 'session_gone':
        this.#forget(change.clientId)
        return
      default:
    }
  }

  /** Writes what is new since the last commit. Belongs inside the commit. */
  write(): void {
    for (const [name, session] of this.#dirty) {
      this.#writeSession(name, session)
      session.isDirty = false
    }
    this.#dirty.clear()
    this.#commits++
  }

  #writeSession(name: string, session: Session): void {
    const { ring } = session
    const finished = session.rows.findIndex(({ to }) => to > ring.from)
    const keepFrom = session.rows.length >= deliveryLimits.rowsMax || finished < 0 ? session.rows.length : finished
    for (const { id } of session.rows.splice(0, keepFrom)) this.#statements.rowGone.run(id)
    const { lastInsertRowid } = this.#statements.row.run(
      name,
      ring.encode(session.rows.length === 0 ? ring.from : session.storedTo),
    )
    session.rows.push({ id: lastInsertRowid, to: ring.to })
    session.storedTo = ring.to
  }

  #session(name: string): Session {
    let session = this.#sessions.get(name)
    if (session === undefined) {
      if (this.#sessions.size >= deliveryLimits.sessionsMax) this.#forgetOldest()
      session = this.#add(name)
    }
    session.usedIn = this.#commits
    return session
  }

  #add(name: string): Session {
    const session = {
      ring: new DeliveryRing(),
      unreleased: new Set<number>(),
      rows: [],
      storedTo: 0,
      isDirty: false,
      usedIn: 0,
    }
    this.#sessions.set(name, session)
    return session
  }

  #forgetOldest(): void {
    let oldest: string | null = null
    let usedIn = Infinity
    for (const [name, session] of this.#sessions) {
      if (session.usedIn >= usedIn) continue
      oldest = name
      usedIn = session.usedIn
    }
    if (oldest !== null) this.#forget(oldest)
  }

  #forget(name: string): void {
    this.#statements.sessionGone.run(name)
    this.#statements.unreleasedGone.run(name)
    this.#sessions.delete(name)
    this.#dirty.delete(name)
  }

  #topicHash(topicNo: number, topic: string): number {
    const known = topicNo === 0 ? undefined : this.#topicHashes[topicNo]
    if (known !== undefined) return known
    const utf8 = textEncoder.encode(topic)
    this.#hash(utf8, 0, utf8.length, 0)
    if (topicNo !== 0) this.#topicHashes[topicNo] = this.#low
    return this.#low
  }

  /** 64 bits of some bytes: two multiplicative hashes with Murmur 3's finish. The same in every version, since they lie in the store. */
  #hash(bytes: Uint8Array, from: number, to: number, seed: number): void {
    let low = seed ^ (to - from)
    let high = Math.imul(seed, 0x9e3779b1) ^ (to - from)
    for (let at = from; at < to; at++) {
      const byte = bytes[at] as number
      low = (Math.imul(low ^ byte, 0x01000193) + (low >>> 15)) | 0
      high = (Math.imul(high ^ byte, 0x85ebca6b) + (high >>> 13)) | 0
    }
    this.#low = finish(low)
    this.#high = finish(high)
  }
}

const textEncoder = new TextEncoder()

function finish(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35)
  return (twice ^ (twice >>> 16)) >>> 0
}

function prepareAll(database: Database) {
  return {
    row: database.prepare<[string, Uint8Array]>('insert into deliveries (session, ids) values (?, ?)'),
    rowGone: database.prepare<[number | bigint]>('delete from deliveries where id = ?'),
    sessionGone: database.prepare<[string]>('delete from deliveries where session = ?'),
    taken: database.prepare<[string, number]>('insert or ignore into unreleased values (?, ?)'),
    unreleasedGone: database.prepare<[string]>('delete from unreleased where session = ?'),
  }
}
