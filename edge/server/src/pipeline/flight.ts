import assert from 'node:assert/strict'
import type { Inbound } from '../ports.ts'
import { ingestLimits } from './limits.ts'

/**
 * Messages of one flight as they cross to the worker: one buffer, transferred. Each message is
 * `topic u32 | source u32 | length u32 with the QoS in its two upper bits | payload`, little endian. Topics and sources are numbers of tables
 * that both sides hold; a new entry crosses beside the buffer. A topic beyond the table's bound is number 0 and stands before its
 * payload as `length u32 | UTF-8`.
 */
export interface Flight {
  readonly buffer: ArrayBuffer
  readonly bytes: number
  readonly count: number
  /** Entries new with this flight, in the order of their numbers. */
  readonly newTopics: readonly string[]
  readonly newSources: readonly string[]
}

const headBytes = 12
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

  add({ topic, payload, source, qos }: Inbound): void {
    const topicNo = this.#topics.number(topic)
    let sourceNo = this.#sources.number(source)
    if (sourceNo === 0) sourceNo = this.#sources.number(unnamedSource)
    const inlineTopic = topicNo === 0 ? textEncoder.encode(topic) : null
    // What is too large anyway crosses only as far as its dead letter needs; the length tells the worker that there was more.
    const length = Math.min(payload.length, ingestLimits.payloadBytesMax + 1)
    const size = headBytes + length + (inlineTopic === null ? 0 : 4 + inlineTopic.length)
    if (this.#at + size > this.#bytes.length) this.#grow(this.#at + size)
    const view = this.#view
    let at = this.#at
    view.setUint32(at, topicNo, true)
    view.setUint32(at + 4, sourceNo, true)
    view.setUint32(at + 8, length + qos * qosFactor, true)
    at += headBytes
    if (inlineTopic !== null) {
      view.setUint32(at, inlineTopic.length, true)
      this.#bytes.set(inlineTopic, at + 4)
      at += 4 + inlineTopic.length
    }
    if (length === payload.length) this.#bytes.set(payload, at)
    else this.#bytes.set(payload.subarray(0, length), at)
    this.#at = at + length
    this.#count++
  }

  take(): Flight {
    const flight = {
      buffer: this.#bytes.buffer,
      bytes: this.#at,
      count: this.#count,
      newTopics: this.#topics.takeFresh(),
      newSources: this.#sources.takeFresh(),
    }
    const buffer = this.#spare.pop() ?? new ArrayBuffer(bufferBytesAtFirst)
    this.#bytes = new Uint8Array(buffer)
    this.#view = new DataView(buffer)
    this.#at = 0
    this.#count = 0
    return flight
  }

  /** A buffer that the worker gave back. Large ones of a rush are let go. */
  giveBack(buffer: ArrayBuffer): void {
    if (this.#spare.length < 4 && buffer.byteLength <= bufferBytesKeptMax) this.#spare.push(buffer)
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
/** The length takes 30 bits, the QoS the two above. */
const qosFactor = 2 ** 30
/** Stands for sources beyond the table's bound. */
const unnamedSource = '(one of very many)'

/** Reads flights on the worker's side. */
export class FlightReader {
  readonly #topics: string[] = ['']
  readonly #sources: string[] = ['']

  /** Takes over the names that are new with a flight. Before anything of it can fail: the other side counts on it. */
  learn(flight: Flight): void {
    this.#topics.push(...flight.newTopics)
    this.#sources.push(...flight.newSources)
  }

  /** Calls `each` for every message, in order; the flight's names must have been learnt. `topicNo` is 0 for a topic beyond the table; the payload is a view that lasts as long as the flight. */
  read(
    flight: Flight,
    each: (
      topicNo: number,
      topic: string,
      source: string,
      qos: 0 | 1 | 2,
      bytes: Uint8Array,
      from: number,
      to: number,
    ) => void,
  ): void {
    const bytes = new Uint8Array(flight.buffer, 0, flight.bytes)
    const view = new DataView(flight.buffer)
    let at = 0
    for (let index = 0; index < flight.count; index++) {
      const topicNo = view.getUint32(at, true)
      const source = this.#sources[view.getUint32(at + 4, true)]
      const lengthAndQos = view.getUint32(at + 8, true)
      const length = lengthAndQos % qosFactor
      const qos = (lengthAndQos >>> 30) as 0 | 1 | 2
      at += headBytes
      let topic = this.#topics[topicNo]
      if (topicNo === 0) {
        const topicBytes = view.getUint32(at, true)
        topic = textDecoder.decode(bytes.subarray(at + 4, at + 4 + topicBytes))
        at += 4 + topicBytes
      }
      assert(topic !== undefined && source !== undefined, 'a flight names a topic or source that never crossed')
      each(topicNo, topic, source, qos, bytes, at, at + length)
      at += length
    }
    assert.equal(at, flight.bytes, 'a flight ends where its messages end')
  }
}
