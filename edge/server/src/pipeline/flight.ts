import assert from 'node:assert/strict'
import type { Inbound } from '../ports.ts'
import { ingestLimits } from './limits.ts'

/**
 * Messages of one flight as they cross to the worker: one buffer, transferred. Each message is
 * `topic u32 | source u32 | length u32 with the QoS in its two upper bits and, below them, whether it has a delivery |
 * [session u32 | message id u16 | dup u16] | payload`, little endian. Topics, sources and sessions are numbers of tables
 * that both sides hold; a new entry crosses beside the buffer. A topic or session beyond its table's bound is number 0 and stands
 * behind the head as `length u32 | UTF-8`, the session first.
 */
export interface Flight {
  readonly buffer: ArrayBuffer
  readonly bytes: number
  readonly count: number
  /** Entries new with this flight, in the order of their numbers. */
  readonly newTopics: readonly string[]
  readonly newSources: readonly string[]
  readonly newSessions: readonly string[]
}

/** A message as the worker reads it; the same object for every message of a flight. */
export interface FlightMessage {
  /** 0 for a topic beyond the table. */
  topicNo: number
  topic: string
  source: string
  qos: 0 | 1 | 2
  /** The payload is `bytes` from `from` until before `to`; it lasts as long as the flight. */
  bytes: Uint8Array
  from: number
  to: number
  /** Null where nothing lets us know a repeat; then the next two mean nothing. */
  session: string | null
  messageId: number
  dup: boolean
}

const headBytes = 12
const deliveryBytes = 8
const textEncoder = new TextEncoder()
const textDecoder = new TextDecoder()

/** Numbers for names, from 1; 0 is a name beyond the bound. */
class Numbering {
  readonly #numbers = new Map<string, number>()
  readonly #max: number
  #fresh: string[] = []

  constructor(max: number) {
    this.#max = max
  }

  number(name: string): number {
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    if (this.#numbers.size >= this.#max) return 0
    const number = this.#numbers.size + 1
    this.#numbers.set(name, number)
    this.#fresh.push(name)
    return number
  }

  giveBack(names: readonly string[]): void {
    if (names.length > 0) this.#fresh.push(...names)
  }

  takeFresh(): readonly string[] {
    if (this.#fresh.length === 0) return none
    const fresh = this.#fresh
    this.#fresh = []
    return fresh
  }
}
const none: readonly string[] = []

/** Gathers messages while the worker commits. Buffers come back from the worker and are used again. */
export class FlightWriter {
  readonly #topics = new Numbering(ingestLimits.topicNumbersMax)
  readonly #sources = new Numbering(ingestLimits.topicNumbersMax)
  readonly #sessions = new Numbering(ingestLimits.topicNumbersMax)
  readonly #spare: ArrayBuffer[] = []
  #bytes = new Uint8Array(new ArrayBuffer(bufferBytesAtFirst))
  #view = new DataView(this.#bytes.buffer)
  #at = 0
  #count = 0

  get count(): number {
    return this.#count
  }

  /** No more fits: take this flight before the next message. */
  get isFull(): boolean {
    return this.#count >= ingestLimits.flightMessagesMax || this.#at >= ingestLimits.flightBytesMax
  }

  /** Answers the bytes that the message takes up until it has landed. */
  add({ topic, payload, source, qos, delivery }: Inbound): number {
    const topicNo = this.#topics.number(topic)
    let sourceNo = this.#sources.number(source)
    if (sourceNo === 0) sourceNo = this.#sources.number(unnamedSource)
    const sessionNo = delivery === undefined ? 0 : this.#sessions.number(delivery.session)
    const inlineSession = delivery !== undefined && sessionNo === 0 ? textEncoder.encode(delivery.session) : null
    const inlineTopic = topicNo === 0 ? textEncoder.encode(topic) : null
    // What is too large anyway crosses only as far as its dead letter needs; the length tells the worker that there was more.
    const length = Math.min(payload.length, ingestLimits.payloadBytesMax + 1)
    const size =
      headBytes +
      (delivery === undefined ? 0 : deliveryBytes) +
      (inlineSession === null ? 0 : 4 + inlineSession.length) +
      (inlineTopic === null ? 0 : 4 + inlineTopic.length) +
      length
    if (this.#at + size > this.#bytes.length) this.#grow(this.#at + size)
    const view = this.#view
    const at = this.#at
    view.setUint32(at, topicNo, true)
    view.setUint32(at + 4, sourceNo, true)
    view.setUint32(at + 8, length + qos * qosFactor + (delivery === undefined ? 0 : deliveryFlag), true)
    this.#at = at + headBytes
    if (delivery !== undefined) {
      view.setUint32(at + 12, sessionNo, true)
      view.setUint16(at + 16, delivery.messageId, true)
      view.setUint16(at + 18, delivery.dup ? 1 : 0, true)
      this.#at += deliveryBytes
    }
    if (inlineSession !== null) this.#text(inlineSession)
    if (inlineTopic !== null) this.#text(inlineTopic)
    if (length === payload.length) this.#bytes.set(payload, this.#at)
    else this.#bytes.set(payload.subarray(0, length), this.#at)
    this.#at += length
    this.#count++
    return size
  }

  take(): Flight {
    const flight = {
      buffer: this.#bytes.buffer,
      bytes: this.#at,
      count: this.#count,
      newTopics: this.#topics.takeFresh(),
      newSources: this.#sources.takeFresh(),
      newSessions: this.#sessions.takeFresh(),
    }
    const buffer = this.#spare.pop() ?? new ArrayBuffer(bufferBytesAtFirst)
    this.#bytes = new Uint8Array(buffer)
    this.#view = new DataView(buffer)
    this.#at = 0
    this.#count = 0
    return flight
  }

  /**
   * A flight that never left: its names cross with the next one, since the other side counts them. To be called in the order
   * of the flights, before another message is added.
   */
  takeBack(flight: Flight): void {
    this.#topics.giveBack(flight.newTopics)
    this.#sources.giveBack(flight.newSources)
    this.#sessions.giveBack(flight.newSessions)
    this.giveBack(flight.buffer)
  }

  /** A buffer that the worker gave back. Large ones of a rush are let go. */
  giveBack(buffer: ArrayBuffer): void {
    if (this.#spare.length < 4 && buffer.byteLength <= bufferBytesKeptMax) this.#spare.push(buffer)
  }

  #text(utf8: Uint8Array): void {
    this.#view.setUint32(this.#at, utf8.length, true)
    this.#bytes.set(utf8, this.#at + 4)
    this.#at += 4 + utf8.length
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(new ArrayBuffer(Math.max(needed, this.#bytes.length * 2)))
    larger.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }
}

/** 256 KiB: some 1,500 reference readings; larger flights grow it. */
const bufferBytesAtFirst = 256 * 1024
const bufferBytesKeptMax = 2 * 1024 * 1024
/** The length takes 29 bits, the flag of a delivery one, the QoS the two above. */
const qosFactor = 2 ** 30
const deliveryFlag = 2 ** 29
/** Stands for sources beyond the table's bound. */
const unnamedSource = '(one of very many)'

/** Reads flights on the worker's side. */
export class FlightReader {
  readonly #topics: string[] = ['']
  readonly #sources: string[] = ['']
  readonly #sessions: string[] = ['']

  /** Takes over the names that are new with a flight. Before anything of it can fail: the other side counts on it. */
  learn(flight: Flight): void {
    this.#topics.push(...flight.newTopics)
    this.#sources.push(...flight.newSources)
    this.#sessions.push(...flight.newSessions)
  }

  /** Calls `each` for every message, in order; the flight's names must have been learnt. */
  read(flight: Flight, each: (message: FlightMessage) => void): void {
    const bytes = new Uint8Array(flight.buffer, 0, flight.bytes)
    const view = new DataView(flight.buffer)
    const message: FlightMessage = {
      topicNo: 0,
      topic: '',
      source: '',
      qos: 0,
      bytes,
      from: 0,
      to: 0,
      session: null,
      messageId: 0,
      dup: false,
    }
    let at = 0
    const text = (): string => {
      const from = at + 4
      at = from + view.getUint32(at, true)
      return textDecoder.decode(bytes.subarray(from, at))
    }
    for (let index = 0; index < flight.count; index++) {
      const topicNo = view.getUint32(at, true)
      const source = this.#sources[view.getUint32(at + 4, true)]
      const lengthAndMore = view.getUint32(at + 8, true)
      at += headBytes
      let session: string | undefined | null = null
      if ((lengthAndMore & deliveryFlag) !== 0) {
        const sessionNo = view.getUint32(at, true)
        message.messageId = view.getUint16(at + 4, true)
        message.dup = view.getUint16(at + 6, true) === 1
        at += deliveryBytes
        session = sessionNo === 0 ? text() : this.#sessions[sessionNo]
      }
      const topic = topicNo === 0 ? text() : this.#topics[topicNo]
      assert(
        topic !== undefined && source !== undefined && session !== undefined,
        'a flight names a topic, source or session that never crossed',
      )
      message.topicNo = topicNo
      message.topic = topic
      message.source = source
      message.qos = (lengthAndMore >>> 30) as 0 | 1 | 2
      message.session = session
      message.from = at
      at += lengthAndMore % deliveryFlag
      message.to = at
      each(message)
    }
    assert.equal(at, flight.bytes, 'a flight ends where its messages end')
  }
}
