import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { nextFrame } from '../frames.ts'
import { publishPacket, withMessageId } from '../packets.ts'
import type { Qos } from '../packets.ts'

/** One packet that came from the broker. */
export interface Received {
  readonly type: string
  readonly head: number
  readonly bytes: Buffer
  readonly messageId: number
  /** Of PUBLISH. */
  readonly topic: string
  readonly text: string
  readonly qos: number
  readonly isRetained: boolean
  readonly isRepeat: boolean
}

const names = [
  'reserved',
  'connect',
  'connack',
  'publish',
  'puback',
  'pubrec',
  'pubrel',
  'pubcomp',
  'subscribe',
  'suback',
  'unsubscribe',
  'unsuback',
  'pingreq',
  'pingresp',
  'disconnect',
] as const

const text = (value: string | Buffer): Buffer => {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  return Buffer.concat([Buffer.from([bytes.length >>> 8, bytes.length & 255]), bytes])
}
const number = (value: number): Buffer => Buffer.from([value >>> 8, value & 255])

export const packet = (head: number, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts)
  const length: number[] = []
  for (let rest = body.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest)
    if (rest <= 127) break
  }
  return Buffer.concat([Buffer.from([head, ...length]), body])
}

export interface ConnectFields {
  readonly id?: string | Buffer
  readonly clean?: boolean
  readonly keepAliveSeconds?: number
  readonly login?: string
  readonly secret?: string
  readonly will?: { readonly topic: string; readonly text: string; readonly qos?: Qos; readonly retain?: boolean }
  readonly protocolName?: string
  readonly protocolLevel?: number
  /** Bits to set beside those that the fields ask for. */
  readonly moreFlags?: number
}

export function connectPacket(fields: ConnectFields = {}): Buffer {
  const { id = 'client', clean = true, keepAliveSeconds = 60, login, secret, will } = fields
  const flags =
    (clean ? 2 : 0) |
    (will === undefined ? 0 : 4 | ((will.qos ?? 0) << 3) | (will.retain === true ? 32 : 0)) |
    (secret === undefined ? 0 : 64) |
    (login === undefined ? 0 : 128) |
    (fields.moreFlags ?? 0)
  return packet(
    0x10,
    text(fields.protocolName ?? 'MQTT'),
    Buffer.from([fields.protocolLevel ?? 4, flags]),
    number(keepAliveSeconds),
    text(id),
    ...(will === undefined ? [] : [text(will.topic), text(will.text)]),
    ...(login === undefined ? [] : [text(login)]),
    ...(secret === undefined ? [] : [text(secret)]),
  )
}

/** A client of raw packets: it answers nothing by itself, and sends what a library would not. */
export class RawClient {
  readonly socket: Duplex
  readonly received: Received[] = []
  isClosed = false
  #tail = Buffer.alloc(0)
  readonly #waiting = new Set<() => void>()
  #nextId = 1

  constructor(socket: Duplex) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    // A stream over WebSocket does not close by itself when the other side does.
    socket.on('end', () => socket.destroy())
    socket.on('error', () => {})
    socket.on('close', () => {
      this.isClosed = true
      this.#wake()
    })
  }

  static open(port: number): RawClient {
    const socket: Socket = connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    return new RawClient(socket)
  }

  /** Opens, and answers once CONNACK has come; `sessionPresent` and `code` are in its bytes. */
  static async connect(port: number, fields: ConnectFields = {}): Promise<RawClient & { connack: Received }> {
    const client = RawClient.open(port)
    client.send(connectPacket(fields))
    return Object.assign(client, { connack: await client.next('connack') })
  }

  send(...bytes: readonly (Buffer | readonly number[])[]): void {
    this.socket.write(Buffer.concat(bytes.map((each) => Buffer.from(each))))
  }

  /** Answers the packet id that it was given. */
  publish(
    topic: string,
    payload: string | Buffer,
    qos: Qos = 0,
    more: { retain?: boolean; dup?: boolean; id?: number } = {},
  ): number {
    const id = qos === 0 ? 0 : (more.id ?? this.#nextId++)
    const bytes = publishPacket({
      topic,
      payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
      qos,
      retain: more.retain === true,
    })
    const sent = qos === 0 ? bytes : withMessageId(bytes, id)
    if (more.dup === true) sent[0] = (sent[0] as number) | 8
    this.send(sent)
    return id
  }

  /** Publishes and waits until it is acknowledged to its end. */
  async published(topic: string, payload: string, qos: Qos = 1, more: { retain?: boolean } = {}): Promise<void> {
    const id = this.publish(topic, payload, qos, more)
    if (qos === 1) await this.next('puback')
    if (qos === 2) {
      await this.next('pubrec')
      this.answer(0x62, id)
      await this.next('pubcomp')
    }
    if (qos === 0) await this.ping()
  }

  /** Subscribes and answers the granted codes. */
  async subscribe(...requests: readonly (readonly [topic: string, qos: number])[]): Promise<number[]> {
    this.sendSubscribe(...requests)
    return [...(await this.next('suback')).bytes.subarray(4)]
  }

  sendSubscribe(...requests: readonly (readonly [topic: string, qos: number])[]): void {
    const id = this.#nextId++
    this.send(packet(0x82, number(id), ...requests.flatMap(([topic, qos]) => [text(topic), Buffer.from([qos])])))
  }

  async unsubscribe(...topics: readonly string[]): Promise<void> {
    this.send(packet(0xa2, number(this.#nextId++), ...topics.map(text)))
    await this.next('unsuback')
  }

  answer(head: number, messageId: number): void {
    this.send([head, 2, messageId >>> 8, messageId & 255])
  }

  /** Comes back when everything sent before has been handled and answered. */
  async ping(): Promise<void> {
    this.send([0xc0, 0])
    await this.next('pingresp')
  }

  disconnect(): Promise<void> {
    this.send([0xe0, 0])
    return this.closed()
  }

  /** The connection breaks without a word. */
  async vanish(): Promise<void> {
    this.socket.destroy()
    await this.closed()
  }

  /** The next packet of a type; others before it stay where they are. */
  async next(type: (typeof names)[number]): Promise<Received> {
    return this.#until(() => {
      const index = this.received.findIndex((each) => each.type === type)
      return index < 0 ? undefined : this.received.splice(index, 1)[0]
    }, type)
  }

  /** Publishes that have come, oldest first, once there are so many; they are taken out. */
  async publishes(count: number): Promise<Received[]> {
    const found: Received[] = []
    while (found.length < count) found.push(await this.next('publish'))
    return found
  }

  /** Publishes that are there and were not asked for. */
  get unread(): Received[] {
    return this.received.filter(({ type }) => type === 'publish')
  }

  async closed(): Promise<void> {
    await this.#until(() => (this.isClosed ? true : undefined), 'the end of the connection')
  }

  async #until<Answer>(look: () => Answer | undefined, what: string): Promise<Answer> {
    const deadline = performance.now() + waitMsMax
    for (;;) {
      const found = look()
      if (found !== undefined) return found
      const restMs = deadline - performance.now()
      if (restMs <= 0 || (this.isClosed && what !== 'the end of the connection'))
        throw new Error(
          `waited in vain for ${what}; ${this.isClosed ? 'closed' : 'open'}, ${this.received.map(({ type }) => type).join()}`,
        )
      await new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer)
          this.#waiting.delete(wake)
          resolve()
        }
        const timer = setTimeout(wake, restMs)
        this.#waiting.add(wake)
      })
    }
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
  }

  #read(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#tail, chunk])
    let at = 0
    for (;;) {
      const frame = at < bytes.length ? nextFrame(bytes, at, Infinity) : 'incomplete'
      if (typeof frame === 'string') break
      this.received.push(toReceived(bytes.subarray(frame.start, frame.end), frame.body - frame.start))
      at = frame.end
    }
    this.#tail = Buffer.from(bytes.subarray(at))
    this.#wake()
  }
}

/** A loaded machine takes its time; what never comes is a failure. */
const waitMsMax = 15_000

function toReceived(bytes: Buffer, body: number): Received {
  const head = bytes[0] as number
  const type = names[head >>> 4] ?? 'reserved'
  const qos = type === 'publish' ? (head >>> 1) & 3 : 0
  const topicEnd = type === 'publish' ? body + 2 + bytes.readUInt16BE(body) : body
  const hasId = type === 'publish' ? qos > 0 : !['connack', 'pingresp'].includes(type)
  const payloadFrom = type === 'publish' ? topicEnd + (hasId ? 2 : 0) : bytes.length
  return {
    type,
    head,
    bytes,
    messageId: hasId ? bytes.readUInt16BE(topicEnd) : 0,
    topic: type === 'publish' ? bytes.toString('utf8', body + 2, topicEnd) : '',
    text: bytes.toString('utf8', payloadFrom),
    qos,
    isRetained: type === 'publish' && (head & 1) === 1,
    isRepeat: type === 'publish' && (head & 8) === 8,
  }
}
