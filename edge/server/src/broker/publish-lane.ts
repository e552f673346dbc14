import type { Client } from 'aedes'
import { internalsOf } from './aedes-internals.ts'
import { nextFrame } from './frames.ts'
import type { Frame } from './frames.ts'
import type { BrokerLimits } from './limits.ts'

export interface LaneOptions {
  readonly client: Client
  readonly limits: BrokerLimits
  /** Whether a publish to the topic is a reading of this client that nobody else subscribes to. */
  readonly isReading: (topic: string) => boolean
  /** Takes a reading; answers `taken` after its commit, or never when it must not be acknowledged. */
  readonly take: (topic: string, payload: Uint8Array, qos: 0 | 1, taken: () => void) => void
  /** The client broke a limit or the protocol; it is being disconnected. */
  readonly onBreach: (what: 'too_large' | 'malformed') => void
}

/** Answers of `isReading` that are remembered for one client; a device has few topics. */
const knownTopicsMax = 1_000

/**
 * Stands between the socket and aedes' parser. It cuts the stream into packets, so that no packet above its limit is ever
 * gathered, and takes the one kind that makes up nearly all traffic itself: QoS 0 and 1 readings without retain. Their
 * PUBACKs leave together, one write a commit. Everything else goes to aedes as it came.
 */
export class PublishLane {
  readonly #options: LaneOptions
  readonly #parse: (bytes: Buffer) => number
  readonly #knownTopics = new Map<string, boolean>()
  /** The beginning of a packet whose rest has not come. */
  #tail: Buffer | null = null
  #unacknowledged = 0
  #isPaused = false
  #acks: number[] = []
  #flushIsDue = false

  constructor(options: LaneOptions) {
    this.#options = options
    const parser = internalsOf(options.client)._parser
    this.#parse = parser.parse.bind(parser)
    parser.parse = (bytes) => this.#read(bytes)
  }

  /** Messages that wait for their commit. */
  get unacknowledged(): number {
    return this.#unacknowledged
  }

  /** What may be read has changed (a new subscriber): asked again from now on. */
  forgetTopics(): void {
    this.#knownTopics.clear()
  }

  pause(): void {
    this.#isPaused = true
    internalsOf(this.#options.client).pause()
  }

  /** Writes the PUBACKs that are due. Before aedes writes one, so that they leave in the order of their publishes [MQTT-4.6.0-2]. */
  readonly flush = (): void => {
    this.#flushIsDue = false
    const acks = this.#acks
    if (acks.length === 0) return
    this.#acks = []
    const { client } = this.#options
    if (client.closed || client.conn.destroyed) return
    const bytes = Buffer.allocUnsafe(acks.length * 4)
    for (let index = 0; index < acks.length; index++) {
      const messageId = acks[index] as number
      const at = index * 4
      bytes[at] = 0x40
      bytes[at + 1] = 2
      bytes[at + 2] = messageId >>> 8
      bytes[at + 3] = messageId & 0xff
    }
    client.conn.write(bytes)
  }

  #read(chunk: Buffer): number {
    const { client, limits } = this.#options
    const bytes = this.#tail === null ? chunk : Buffer.concat([this.#tail, chunk])
    this.#tail = null
    const packetBytesMax = client.connected ? limits.packetBytesMax : limits.connectPacketBytesMax
    let at = 0
    // Packets for aedes that lie side by side go to it in one piece.
    let othersFrom = 0
    let readings = 0
    while (at < bytes.length) {
      const frame = nextFrame(bytes, at, packetBytesMax)
      if (frame === 'incomplete') break
      if (typeof frame === 'string') {
        this.#passOn(bytes, othersFrom, at)
        this.#breach(frame)
        return 0
      }
      if (client.connected && this.#takeReading(bytes, frame)) {
        this.#passOn(bytes, othersFrom, at)
        othersFrom = frame.end
        readings++
      }
      at = frame.end
    }
    this.#passOn(bytes, othersFrom, at)
    if (at < bytes.length) this.#tail = Buffer.from(bytes.subarray(at))
    if (readings > 0) internalsOf(client)._keepaliveTimer?.refresh()
    if (!this.#isPaused && this.#unacknowledged > limits.unacknowledgedMax) this.pause()
    return 0
  }

  #passOn(bytes: Buffer, from: number, to: number): void {
    if (to > from && !this.#options.client.closed) this.#parse(bytes.subarray(from, to))
  }

  /** False leaves the packet to aedes, which also refuses what is not right about it. */
  #takeReading(bytes: Buffer, frame: Frame): boolean {
    // PUBLISH of QoS 0, or of QoS 1 with or without DUP; no retain.
    const { head } = frame
    if (head !== 0x30 && head !== 0x32 && head !== 0x3a) return false
    const qos = head === 0x30 ? 0 : 1
    const topicFrom = frame.body + 2
    if (topicFrom > frame.end) return false
    const topicTo = topicFrom + (bytes[frame.body] as number) * 256 + (bytes[frame.body + 1] as number)
    const payloadFrom = topicTo + (qos === 1 ? 2 : 0)
    if (payloadFrom > frame.end) return false
    const messageId = qos === 1 ? (bytes[topicTo] as number) * 256 + (bytes[topicTo + 1] as number) : 0
    if (qos === 1 && messageId === 0) return false
    const topic = bytes.toString('utf8', topicFrom, topicTo)
    if (!this.#isReading(topic)) return false
    this.#unacknowledged++
    this.#options.take(topic, bytes.subarray(payloadFrom, frame.end), qos, () => this.#taken(messageId))
    return true
  }

  #isReading(topic: string): boolean {
    let known = this.#knownTopics.get(topic)
    if (known === undefined) {
      known = this.#options.isReading(topic)
      if (this.#knownTopics.size < knownTopicsMax) this.#knownTopics.set(topic, known)
    }
    return known
  }

  #taken(messageId: number): void {
    this.#unacknowledged--
    if (messageId !== 0) this.#acks.push(messageId)
    if (!this.#flushIsDue) {
      this.#flushIsDue = true
      // After the loop that tells everybody of the commit: all PUBACKs of it in one write.
      process.nextTick(this.flush)
    }
    if (this.#isPaused && this.#unacknowledged <= this.#options.limits.unacknowledgedMax / 2) {
      this.#isPaused = false
      if (!this.#options.client.closed) internalsOf(this.#options.client).resume()
    }
  }

  #breach(what: 'too_large' | 'malformed'): void {
    this.#options.onBreach(what)
    this.#options.client.emit(
      'error',
      new Error(what === 'too_large' ? 'a packet is larger than allowed' : 'a packet has no valid length'),
    )
  }
}
