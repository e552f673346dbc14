import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { payloadOf, topicOf } from './kinds.ts'
import type { PublisherKind } from './kinds.ts'
import type { Ledger } from './ledger.ts'
import { connectPacket, publishPacket, pubrelPacket } from './packets.ts'
import type { Credentials } from './packets.ts'
import { SessionState } from './session.ts'

/** What went over one connection, for whoever works out later what had been acknowledged at some instant. */
export interface ConnectionRecord {
  readonly localPort: number
  /** The session when it was connected. */
  readonly began: SessionState
  /** Messages in the order in which they were first sent. */
  readonly sent: { readonly id: number; readonly message: number; readonly payload: string }[]
}

/** Messages go out in blocks this far apart: a rate, and not as fast as the machine can. */
const tickMs = 4

export interface PublisherOptions {
  readonly ledger: Ledger
  /** Messages a second at most. */
  readonly rateMax: number
  readonly session?: SessionState
  readonly credentials?: Credentials
}

/**
 * A device with its own record of what was acknowledged. Keeps a window of messages under way; after a broken connection
 * it sends what a session still has under way again, with DUP and in order, as MQTT asks [MQTT-4.4.0-1].
 */
export class Publisher {
  readonly ledger: Ledger
  readonly #rateMax: number
  readonly #credentials: Credentials | null
  #session: SessionState
  #socket: Socket | null = null
  #timer: NodeJS.Timeout | null = null
  #isConnected = false
  #mayBegin = true
  #credit = 0
  #creditAtMs = 0
  record: ConnectionRecord | null = null
  /** Acknowledgements of this process, for those who wait for some to come. */
  heardCount = 0
  /** When each message under way was sent, where latencies are wanted. */
  latenciesMs: number[] | null = null
  readonly #sentAtMs = new Map<number, number>()

  constructor(options: PublisherOptions) {
    this.ledger = options.ledger
    this.#rateMax = Math.min(options.rateMax, options.ledger.kind.beside?.perSecondMax ?? Infinity)
    this.#credentials = options.credentials ?? null
    this.#session = options.session ?? new SessionState()
  }

  get kind(): PublisherKind {
    return this.ledger.kind
  }

  get underWayCount(): number {
    return this.#session.underWay.size
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  /** Resolves when the broker has taken the connection; false when it did not. */
  connect(port: number): Promise<boolean> {
    this.disconnect()
    if (this.kind.clean) this.#session = new SessionState()
    const session = new SessionState(this.#session.underWay, this.#session.nextId)
    this.#session = session
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket = socket
    return new Promise((resolve) => {
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        if (this.#socket === socket) this.disconnect()
        resolve(false)
      })
      socket.on('connect', () => {
        this.record = {
          localPort: socket.localPort ?? 0,
          began: new SessionState(session.underWay, session.nextId),
          sent: [],
        }
        socket.write(connectPacket(`chaos-${this.kind.name}`, this.kind.clean, this.#credentials))
      })
      socket.on('data', (bytes: Buffer) => {
        const due: Buffer[] = []
        session.receive(bytes, {
          connected: (code) => {
            if (code !== 0) {
              socket.destroy()
              return
            }
            this.#isConnected = true
            this.#repeat(socket)
            this.#creditAtMs = performance.now()
            this.#timer = setInterval(() => this.#fill(), tickMs)
            resolve(true)
          },
          acknowledged: (message) => this.#acknowledged(message),
          release: (id) => due.push(pubrelPacket(id)),
        })
        if (due.length > 0) socket.write(Buffer.concat(due))
      })
    })
  }

  /** Sends nothing new from now on; what is under way still comes to its end. */
  rest(): void {
    this.#mayBegin = false
  }

  resume(): void {
    this.#mayBegin = true
  }

  disconnect(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    this.#isConnected = false
    const socket = this.#socket
    this.#socket = null
    socket?.destroy()
  }

  #repeat(socket: Socket): void {
    const packets = [...this.#session.underWay].map(([id, { payload, phase }]) =>
      phase === 'release' ? pubrelPacket(id) : publishPacket(topicOf(this.kind), payload, this.kind.qos, id, true),
    )
    if (packets.length > 0) socket.write(Buffer.concat(packets))
  }

  #fill(): void {
    const socket = this.#socket
    if (socket === null || !this.#mayBegin) return
    const nowMs = performance.now()
    this.#credit = Math.min(this.#credit + ((nowMs - this.#creditAtMs) / 1_000) * this.#rateMax, this.kind.window)
    this.#creditAtMs = nowMs
    const packets: Buffer[] = []
    while (this.#credit >= 1 && this.#session.underWay.size < this.kind.window) {
      this.#credit--
      const message = this.ledger.next()
      const payload = payloadOf(this.kind, message)
      const id = this.kind.qos === 0 ? 0 : this.#session.take(message, payload)
      this.record?.sent.push({ id, message, payload })
      if (this.latenciesMs !== null) this.#sentAtMs.set(message, nowMs)
      packets.push(publishPacket(topicOf(this.kind), payload, this.kind.qos, id, false))
    }
    if (packets.length > 0) socket.write(Buffer.concat(packets))
  }

  #acknowledged(message: number): void {
    this.heardCount++
    this.ledger.acknowledge(message)
    const sentAtMs = this.#sentAtMs.get(message)
    if (sentAtMs === undefined) return
    this.#sentAtMs.delete(message)
    this.latenciesMs?.push(performance.now() - sentAtMs)
  }
}
