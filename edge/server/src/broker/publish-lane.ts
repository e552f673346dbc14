import type { Client } from 'aedes'
import { AckQueue } from './ack-queue.ts'
import { internalsOf } from './aedes-internals.ts'
import { Share } from './fair-shares.ts'
import type { FairShares } from './fair-shares.ts'
import { frameBytes, nextFrame } from './frames.ts'
import type { Frame } from './frames.ts'
import type { BrokerLimits } from './limits.ts'
import { answerHeads, ProtocolError } from './packets.ts'
import type { Qos } from './packets.ts'

export type Breach = 'too_large' | 'malformed' | 'too_early'

export interface LaneOptions {
  readonly client: Client
  readonly limits: BrokerLimits
  readonly shares: FairShares
  /** Whether a publish to the topic is a reading of this client that nobody else subscribes to. */
  readonly isReading: (topic: string) => boolean
  /** Takes a reading; calls `taken` after its commit, or with false when it must not be acknowledged. */
  readonly take: (
    topic: string,
    payload: Uint8Array,
    qos: Qos,
    messageId: number,
    isRepeat: boolean,
    taken: (isStored: boolean) => void,
  ) => void
  /** The first packet; false when it has been answered and the connection is over. May throw a ProtocolError. */
  readonly onFirst: (bytes: Buffer, frame: Frame) => boolean
  /** Every packet behind CONNACK that is no reading; false leaves it to aedes. May throw a ProtocolError. */
  readonly onPacket: (bytes: Buffer, frame: Frame) => boolean
  /** The client broke a limit or the protocol; it is being disconnected. */
  readonly onBreach: (what: Breach, detail: string) => void
  /** Writes answers; `written` is called when the socket has taken them. */
  readonly write: (bytes: Buffer, written: () => void) => void
}

/** Answers of `isReading` that are remembered for one client; a device has few topics. */
const knownTopicsMax = 1_000

/**
 * Stands between the socket and aedes' parser. It cuts the stream into packets, so that no packet above its limit is ever
 * gathered, and takes the one kind that makes up nearly all traffic by the shortest way: readings without retain. Their
 * answers leave together, one write a commit. What comes between CONNECT and CONNACK waits here.
 */
export class PublishLane {
  readonly acks: AckQueue
  readonly #options: LaneOptions
  readonly #parse: (bytes: Buffer) => number
  readonly #knownTopics = new Map<string, boolean>()
  /** The beginning of a packet whose rest has not come, or all that came before CONNACK. */
  #tail: Buffer | null = null
  #tailBytes = 0
  #hasConnect = false
  readonly #share: Share
  readonly #shares: FairShares
  /** Packets that have come and wait for this connection's turn; the socket is not read meanwhile. */
  #rest: Buffer | null = null
  #isWaiting = false
  #hasStopped = false
  /** `#cut` has stopped before a packet whose turn has not come. */
  #mustWait = false
  /** Bytes of answers that the socket has not taken. */
  #unreadBytes = 0

  constructor(options: LaneOptions) {
    this.#options = options
    this.#shares = options.shares
    this.#share = new Share(() => this.#goOn())
    this.acks = new AckQueue((bytes) => this.#answer(bytes))
    const parser = internalsOf(options.client)._parser
    this.#parse = parser.parse.bind(parser)
    parser.parse = (bytes) => this.#read(bytes)
  }

  /** What waits for a commit: messages, and by their weight the changes that they cause. */
  get unacknowledged(): number {
    return this.#share.underWay
  }

  /** What may be read has changed (a new subscriber): asked again from now on. */
  forgetTopics(): void {
    this.#knownTopics.clear()
  }

  /** The client is signed in: on with what it has sent since CONNECT. */
  proceed(): void {
    this.#read(nothing)
  }

  /** Takes nothing more; what is under way goes on. */
  stop(): void {
    this.#hasStopped = true
    internalsOf(this.#options.client).pause()
  }

  /** The connection is over. */
  close(): void {
    this.#hasStopped = true
    this.#rest = null
    this.#shares.forget(this.#share)
  }

  /** A message has come that waits for a commit. */
  begin(bytes: number): void {
    this.#shares.begin(this.#share, bytes)
  }

  /** What it causes: copies that left for its readers, and changes that wait for a commit with it. */
  weigh(copiesCount: number, changesCount: number): void {
    if (copiesCount > 0) this.#shares.work(this.#share, copiesCount)
    if (changesCount > 0) this.#shares.weigh(this.#share, changesCount * this.#options.limits.changeWeight)
  }

  end(bytes: number, changesCount: number): void {
    this.#shares.end(this.#share, bytes, 1 + changesCount * this.#options.limits.changeWeight)
  }

  #wait(): void {
    this.#isWaiting = true
    internalsOf(this.#options.client).pause()
    this.#shares.wait(this.#share)
  }

  #goOn(): void {
    this.#isWaiting = false
    const { client } = this.#options
    if (this.#hasStopped || client.closed || client.conn.destroyed) return
    const rest = this.#rest
    this.#rest = null
    if (rest !== null) this.#take(rest)
    else if (!this.#hasRoom()) this.#wait()
    if (!this.#isWaiting && !client.closed) internalsOf(client).resume()
  }

  /** Who does not read its answers gets no more of them to read. */
  #hasRoom(): boolean {
    return this.#unreadBytes < this.#options.limits.unreadAnswersBytesMax
  }

  #answer(bytes: Buffer): void {
    this.#unreadBytes += bytes.length
    this.#options.write(bytes, () => {
      this.#unreadBytes -= bytes.length
      if (this.#isWaiting) this.#shares.wake()
    })
  }

  /** Node gives one chunk a read, and aedes reads once for all that lie in the stream: the rest would wait for the next to come. */
  #read(first: Buffer): number {
    const { client } = this.#options
    let chunk: Buffer | null = first
    do {
      this.#handle(chunk)
      if (client.closed || client.conn.destroyed || internalsOf(client)._paused === true) break
      chunk = client.conn.read() as Buffer | null
    } while (chunk !== null)
    return 0
  }

  #handle(chunk: Buffer): void {
    const tail = this.#tail
    if (tail !== null && this.#tailBytes + chunk.length < tail.length) {
      // Joined once and not at every piece: a client that sends byte by byte costs no more than its bytes.
      this.#tailBytes += chunk.copy(tail, this.#tailBytes)
      return
    }
    const bytes = tail === null ? chunk : Buffer.concat([tail.subarray(0, this.#tailBytes), chunk])
    this.#tail = null
    this.#take(bytes)
  }

  #take(bytes: Buffer): void {
    const { client, limits } = this.#options
    let at = 0
    try {
      at = this.#cut(bytes)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#breach('malformed', error.message)
      return
    }
    if (client.closed || client.conn.destroyed) return
    if (this.#mustWait) {
      this.#mustWait = false
      this.#rest = bytes.subarray(at)
      this.#wait()
    } else if (at < bytes.length) {
      if (!client.connected && bytes.length - at > limits.bytesBeforeConnackMax) {
        this.#breach('too_early', 'it sends more before CONNACK than it may')
        return
      }
      this.#keepTail(bytes.subarray(at))
    }
    if (at > 0) internalsOf(client)._keepaliveTimer?.refresh()
  }

  #keepTail(rest: Buffer): void {
    // What waits for CONNACK is looked at again with whatever comes; the length of a packet may not be known yet either.
    const isWaiting = this.#hasConnect && !this.#options.client.connected
    const tail = Buffer.allocUnsafe(isWaiting ? rest.length : Math.max(rest.length, frameBytes(rest)))
    this.#tailBytes = rest.copy(tail)
    this.#tail = tail
  }

  /** Handles whole packets as far as the share goes; answers where the first that was not handled begins. @throws ProtocolError */
  #cut(bytes: Buffer): number {
    const { client, limits } = this.#options
    const hasRoom = this.#hasRoom()
    let at = 0
    while (at < bytes.length && !client.closed && !client.conn.destroyed) {
      const isConnected = client.connected
      // Until CONNACK what follows CONNECT waits.
      if (this.#hasConnect && !isConnected) break
      if (isConnected && (!hasRoom || !this.#shares.mayGoOn(this.#share))) {
        this.#mustWait = true
        break
      }
      // [MQTT-3.1.0-1] what is no CONNECT is refused from its first byte: the length of what is no MQTT says nothing.
      if (!isConnected && bytes[at] !== connectHead) throw new ProtocolError('the first packet is no CONNECT')
      const frame = nextFrame(bytes, at, isConnected ? limits.packetBytesMax : limits.connectPacketBytesMax)
      if (frame === 'incomplete') break
      if (typeof frame === 'string') {
        this.#breach(frame, frame === 'too_large' ? 'a packet is larger than allowed' : 'a packet has no valid length')
        return bytes.length
      }
      at = frame.end
      if (!isConnected) {
        if (!this.#options.onFirst(bytes, frame)) return bytes.length
        this.#hasConnect = true
        this.#parse(bytes.subarray(frame.start, frame.end))
      } else if (!this.#takeReading(bytes, frame)) {
        this.#shares.work(this.#share, 1)
        if (!this.#options.onPacket(bytes, frame)) this.#parse(bytes.subarray(frame.start, frame.end))
      }
    }
    return at
  }

  /** False leaves the packet to the longer way, which also refuses what is not right about it. */
  #takeReading(bytes: Buffer, frame: Frame): boolean {
    // PUBLISH with or without DUP; no retain, and no DUP at QoS 0.
    const { head } = frame
    if ((head & 0xf1) !== 0x30 || head === 0x38 || (head & 6) === 6) return false
    const qos = ((head >>> 1) & 3) as Qos
    const topicFrom = frame.body + 2
    if (topicFrom > frame.end) return false
    const topicTo = topicFrom + (bytes[frame.body] as number) * 256 + (bytes[frame.body + 1] as number)
    const payloadFrom = topicTo + (qos === 0 ? 0 : 2)
    if (payloadFrom > frame.end) return false
    const messageId = qos === 0 ? 0 : (bytes[topicTo] as number) * 256 + (bytes[topicTo + 1] as number)
    if (qos > 0 && messageId === 0) return false
    const topic = bytes.toString('utf8', topicFrom, topicTo)
    if (!this.#isReading(topic)) return false
    const size = frame.end - frame.start
    this.begin(size)
    const ack = qos === 0 ? null : this.acks.open(qos === 1 ? answerHeads.puback : answerHeads.pubrec, messageId)
    this.#options.take(topic, bytes.subarray(payloadFrom, frame.end), qos, messageId, (head & 8) !== 0, (isStored) => {
      this.end(size, 0)
      if (isStored && ack !== null) this.acks.due(ack)
    })
    return true
  }

  #isReading(topic: string): boolean {
    let known = this.#knownTopics.get(topic)
    if (known === undefined) {
      // A byte that is no UTF-8 has become this character: the longer way looks at the bytes.
      known = !topic.includes('\ufffd') && this.#options.isReading(topic)
      if (this.#knownTopics.size < knownTopicsMax) this.#knownTopics.set(topic, known)
    }
    return known
  }

  #breach(what: Breach, detail: string): void {
    this.#options.onBreach(what, detail)
    this.#options.client.emit('error', new Error(detail))
  }
}

const nothing = Buffer.alloc(0)
const connectHead = 0x10
