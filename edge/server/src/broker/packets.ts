import { isUtf8 } from 'node:buffer'
import type { Frame } from './frames.ts'

/** Packet types that a client may send, by the upper half of their first byte. */
export const packetTypes = {
  connect: 1,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  unsubscribe: 10,
  pingreq: 12,
  disconnect: 14,
} as const

/** [MQTT-2.2.2-1] what the lower half must be; PUBLISH has flags of its own, and what is not listed comes from servers only. */
const fixedFlags: ReadonlyMap<number, number> = new Map([
  [packetTypes.connect, 0],
  [packetTypes.puback, 0],
  [packetTypes.pubrec, 0],
  [packetTypes.pubrel, 2],
  [packetTypes.pubcomp, 0],
  [packetTypes.subscribe, 2],
  [packetTypes.unsubscribe, 2],
  [packetTypes.pingreq, 0],
  [packetTypes.disconnect, 0],
])

export type Qos = 0 | 1 | 2

/** The client broke the protocol: [MQTT-4.8.0-1] its connection is closed. */
export class ProtocolError extends Error {
  override name = 'ProtocolError'
}

export interface Publish {
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: Qos
  readonly retain: boolean
  readonly dup: boolean
  /** 0 at QoS 0. */
  readonly messageId: number
}

export interface SubscriptionRequest {
  readonly topic: string
  readonly qos: Qos
}

/** Reads the fields of one packet; every read is bounded by the packet's end. */
class Fields {
  readonly #bytes: Buffer
  readonly #end: number
  #at: number

  constructor(bytes: Buffer, frame: Frame) {
    this.#bytes = bytes
    this.#at = frame.body
    this.#end = frame.end
  }

  get isAtEnd(): boolean {
    return this.#at === this.#end
  }

  u8(): number {
    if (this.#at >= this.#end) throw new ProtocolError('a packet is shorter than its fields')
    return this.#bytes[this.#at++] as number
  }

  u16(): number {
    return this.u8() * 256 + this.u8()
  }

  /** [MQTT-2.3.1-1] an id is never 0. */
  messageId(): number {
    const messageId = this.u16()
    if (messageId === 0) throw new ProtocolError('a packet has the id 0')
    return messageId
  }

  binary(): Buffer {
    const length = this.u16()
    const from = this.#at
    this.#at += length
    if (this.#at > this.#end) throw new ProtocolError('a packet is shorter than its fields')
    return this.#bytes.subarray(from, this.#at)
  }

  /** [MQTT-1.5.3-1] well-formed UTF-8 without surrogates, [MQTT-1.5.3-2] without U+0000. */
  text(): string {
    const binary = this.binary()
    if (!isUtf8(binary)) throw new ProtocolError('a text is no well-formed UTF-8')
    const text = binary.toString('utf8')
    if (text.includes('\0')) throw new ProtocolError('a text holds U+0000')
    return text
  }

  rest(): Buffer {
    const rest = this.#bytes.subarray(this.#at, this.#end)
    this.#at = this.#end
    return rest
  }

  end(): void {
    if (!this.isAtEnd) throw new ProtocolError('a packet is longer than its fields')
  }
}

/** The packet's type; the flags of its first byte are checked. @throws ProtocolError */
export function packetType({ head }: Frame): number {
  const type = head >>> 4
  if (type !== packetTypes.publish && fixedFlags.get(type) !== (head & 15))
    throw new ProtocolError(`no client sends a packet that begins with 0x${head.toString(16)}`)
  return type
}

/** @throws ProtocolError */
export function readPublish(bytes: Buffer, frame: Frame): Publish {
  const qos = (frame.head >>> 1) & 3
  const dup = (frame.head & 8) !== 0
  if (qos === 3) throw new ProtocolError('a publish has QoS 3') // [MQTT-3.3.1-4]
  if (qos === 0 && dup) throw new ProtocolError('a publish of QoS 0 says that it is a repeat') // [MQTT-3.3.1-2]
  const fields = new Fields(bytes, frame)
  const topic = fields.text()
  const messageId = qos === 0 ? 0 : fields.messageId()
  return { topic, payload: fields.rest(), qos: qos as Qos, retain: (frame.head & 1) !== 0, dup, messageId }
}

/** The id of a PUBACK, PUBREC, PUBREL or PUBCOMP. @throws ProtocolError */
export function readMessageId(bytes: Buffer, frame: Frame): number {
  const fields = new Fields(bytes, frame)
  const messageId = fields.messageId()
  fields.end()
  return messageId
}

/** @throws ProtocolError */
export function readEmpty(frame: Frame): void {
  if (frame.end !== frame.body) throw new ProtocolError('a packet is longer than its fields')
}

/** @throws ProtocolError */
export function readSubscribe(bytes: Buffer, frame: Frame): { messageId: number; requests: SubscriptionRequest[] } {
  const fields = new Fields(bytes, frame)
  const messageId = fields.messageId()
  const requests: SubscriptionRequest[] = []
  do {
    const topic = fields.text()
    const qos = fields.u8()
    if (qos > 2) throw new ProtocolError('a subscription asks for a QoS that there is not') // [MQTT-3.8.3-4]
    requests.push({ topic, qos: qos as Qos })
  } while (!fields.isAtEnd)
  return { messageId, requests }
}

/** @throws ProtocolError */
export function readUnsubscribe(bytes: Buffer, frame: Frame): { messageId: number; topics: string[] } {
  const fields = new Fields(bytes, frame)
  const messageId = fields.messageId()
  const topics: string[] = []
  do topics.push(fields.text())
  while (!fields.isAtEnd)
  return { messageId, topics }
}

export interface Connect {
  readonly protocolName: string
  readonly protocolLevel: number
  readonly clientId: string
  readonly isClean: boolean
}

/**
 * What of CONNECT must be known before aedes reads it: its parser looks at neither the encoding of texts nor the flags of
 * a will that is not there, and it closes without an answer for a protocol level that it does not know. Only name and
 * level are read of a protocol that is not ours.
 * @throws ProtocolError
 */
export function readConnect(bytes: Buffer, frame: Frame): Connect {
  const fields = new Fields(bytes, frame)
  const protocolName = fields.text()
  const protocolLevel = fields.u8()
  if (!isOurProtocol(protocolName, protocolLevel)) return { protocolName, protocolLevel, clientId: '', isClean: true }
  const flags = fields.u8()
  const hasWill = (flags & 4) !== 0
  const willQos = (flags >>> 3) & 3
  const hasLogin = (flags & 128) !== 0
  const hasSecret = (flags & 64) !== 0
  if ((flags & 1) !== 0) throw new ProtocolError('the reserved flag of CONNECT is set') // [MQTT-3.1.2-3]
  if (hasWill ? willQos === 3 : (flags & 0b11_1000) !== 0) throw new ProtocolError('the flags of the will are wrong') // [MQTT-3.1.2-11, -13 to -15]
  if (hasSecret && !hasLogin) throw new ProtocolError('there is a secret without a login') // [MQTT-3.1.2-22]
  fields.u16()
  const clientId = fields.text()
  if (hasWill) {
    fields.text()
    fields.binary()
  }
  if (hasLogin) fields.text()
  if (hasSecret) fields.binary()
  fields.end()
  return { protocolName, protocolLevel, clientId, isClean: (flags & 2) !== 0 }
}

/** MQTT 3.1.1, and its forerunner 3.1 under its old name. */
export const isOurProtocol = (name: string, level: number): boolean =>
  (name === 'MQTT' && level === 4) || (name === 'MQIsdp' && level === 3)

/** A packet of four bytes that answers to an id: PUBACK, PUBREC, PUBREL, PUBCOMP, UNSUBACK. */
export const answerHeads = { puback: 0x40, pubrec: 0x50, pubrel: 0x62, pubcomp: 0x70, unsuback: 0xb0 } as const

export const answerPacket = (head: number, messageId: number): Buffer =>
  Buffer.from([head, 2, messageId >>> 8, messageId & 0xff])

export const connackPacket = (code: number): Buffer => Buffer.from([0x20, 2, 0, code])

/** SUBACK: the granted QoS of each request, or 0x80 [MQTT-3.9.3-2]. */
export function subackPacket(messageId: number, granted: readonly number[]): Buffer {
  const length = remainingLength(2 + granted.length)
  return Buffer.from([0x90, ...length, messageId >>> 8, messageId & 0xff, ...granted])
}

/** A PUBLISH as it goes out. One encoding serves every receiver of QoS 0; at QoS 1 and 2 the id is set by `withMessageId`. */
export function publishPacket(message: {
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: Qos
  readonly retain: boolean
}): Buffer {
  const topicBytes = Buffer.byteLength(message.topic)
  const length = 2 + topicBytes + (message.qos === 0 ? 0 : 2) + message.payload.length
  const head = remainingLength(length)
  const packet = Buffer.allocUnsafe(1 + head.length + length)
  packet[0] = 0x30 | (message.qos << 1) | (message.retain ? 1 : 0)
  packet.set(head, 1)
  let at = 1 + head.length
  packet.writeUInt16BE(topicBytes, at)
  packet.write(message.topic, at + 2)
  at += 2 + topicBytes
  if (message.qos > 0) {
    packet.writeUInt16BE(0, at)
    at += 2
  }
  packet.set(message.payload, at)
  return packet
}

/** A copy of a PUBLISH of QoS 1 or 2 under an id. */
export function withMessageId(packet: Uint8Array, messageId: number): Buffer {
  const copy = Buffer.from(packet)
  const at = messageIdAt(copy)
  copy.writeUInt16BE(messageId, at)
  return copy
}

function messageIdAt(packet: Buffer): number {
  const at = topicAt(packet)
  return at + 2 + packet.readUInt16BE(at)
}

/** Where the length of a PUBLISH's topic is. */
function topicAt(packet: Uint8Array): number {
  let at = 1
  while ((packet[at] as number) >= 128) at++
  return at + 1
}

/** Whether the topic of a PUBLISH, an empty packet's not, begins with these letters of ASCII. */
export function hasTopicBelow(packet: Uint8Array, prefix: string): boolean {
  const at = topicAt(packet) + 2
  for (let index = 0; index < prefix.length; index++) if (packet[at + index] !== prefix.charCodeAt(index)) return false
  return true
}

/** [MQTT-3.3.1-1] the same PUBLISH, said to be a repeat. */
export function asRepeat(packet: Uint8Array): Buffer {
  const copy = Buffer.from(packet)
  copy[0] = (copy[0] as number) | 8
  return copy
}

/** Reads back what `publishPacket` made. */
export function readStoredPublish(packet: Uint8Array): Publish {
  const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength)
  let body = 1
  while ((bytes[body] as number) >= 128) body++
  const frame = { head: bytes[0] as number, start: 0, body: body + 1, end: bytes.length }
  const fields = new Fields(bytes, frame)
  const qos = ((frame.head >>> 1) & 3) as Qos
  const topic = fields.text()
  const messageId = qos === 0 ? 0 : fields.u16()
  return { topic, payload: fields.rest(), qos, retain: (frame.head & 1) !== 0, dup: false, messageId }
}

function remainingLength(length: number): number[] {
  const bytes: number[] = []
  let rest = length
  do {
    const low = rest % 128
    rest = Math.floor(rest / 128)
    bytes.push(rest > 0 ? low | 128 : low)
  } while (rest > 0)
  return bytes
}
