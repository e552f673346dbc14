import type { Client, ConnectPacket } from 'aedes'
import type { DeviceGrant } from './devices.ts'
import type { BrokerLimits } from './limits.ts'
import type { Message } from './router.ts'
import type { PublishLane } from './publish-lane.ts'
import type { Receiver, Session } from './session.ts'

/** The way back to the broker's memory once a socket can be written again. */
export type OnRoom = (link: Link) => void

/** One connection: who is on it, and what may be written to it. */
export class Link implements Receiver {
  readonly client: Client
  readonly address: string
  /** Names on the client's certificate, when it was verified. */
  readonly certificateNames: readonly string[]
  grant: DeviceGrant | null = null
  login = ''
  connect: ConnectPacket | null = null
  session: Session | null = null
  /** Published when the connection ends without DISCONNECT [MQTT-3.1.2-8]. */
  will: Message | null = null
  saidGoodbye = false
  /** CONNACK has gone out, and the session speaks through this connection. */
  isAttached = false
  hasEnded = false
  lane!: PublishLane
  readonly #limits: BrokerLimits
  #isCorked = false
  #fullSinceMs: number | null = null

  constructor(options: {
    readonly client: Client
    readonly address: string
    readonly certificateNames: readonly string[]
    readonly limits: BrokerLimits
    readonly onRoom: OnRoom
  }) {
    this.client = options.client
    this.address = options.address
    this.certificateNames = options.certificateNames
    this.#limits = options.limits
    this.client.conn.on('drain', () => {
      this.#fullSinceMs = null
      options.onRoom(this)
    })
  }

  get isOpen(): boolean {
    return !this.client.closed && !this.client.conn.destroyed
  }

  /** Bytes that wait in the socket. */
  get waitingBytes(): number {
    return this.client.conn.writableLength
  }

  get hasRoom(): boolean {
    return this.isOpen && this.waitingBytes < this.#limits.outgoingBytesMax
  }

  /** Since when its socket takes nothing more, by `performance.now`; null while it does. */
  get fullSinceMs(): number | null {
    return this.#fullSinceMs
  }

  /** Everything of one turn leaves in one write. */
  send(bytes: Uint8Array): void {
    if (!this.isOpen) return
    const { conn } = this.client
    if (!this.#isCorked) {
      this.#isCorked = true
      conn.cork()
      process.nextTick(this.#uncork)
    }
    if (!conn.write(bytes)) this.#fullSinceMs ??= performance.now()
  }

  /** Ends the connection; what its client was promised stays true. */
  close(): void {
    this.client.close()
  }

  readonly #uncork = (): void => {
    this.#isCorked = false
    this.client.conn.uncork()
  }
}
