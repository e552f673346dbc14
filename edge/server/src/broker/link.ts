import type { Client, ConnectPacket } from 'aedes'
import type { ConnectRefusal, SignedIn } from './connect-check.ts'
import type { DeviceGrant } from './devices.ts'
import type { BrokerLimits } from './limits.ts'
import type { Message } from './router.ts'
import type { OutgoingBytes } from './outgoing-bytes.ts'
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
  /** Whose place it takes: its login, or its address where nobody signs in. */
  holder = ''
  connect: ConnectPacket | null = null
  /** What came of its CONNECT, until it is answered. */
  outcome: SignedIn | ConnectRefusal | null = null
  session: Session | null = null
  /** Published when the connection ends without DISCONNECT [MQTT-3.1.2-8]. */
  will: Message | null = null
  saidGoodbye = false
  /** CONNACK has gone out, and the session speaks through this connection. */
  isAttached = false
  hasEnded = false
  lane!: PublishLane
  readonly #limits: BrokerLimits
  readonly #ofAll: OutgoingBytes
  /** What this turn sends, until its end. */
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0
  #written: (() => void)[] = []
  #flushIsDue = false
  #fullSinceMs: number | null = null

  constructor(options: {
    readonly client: Client
    readonly address: string
    readonly certificateNames: readonly string[]
    readonly limits: BrokerLimits
    readonly ofAll: OutgoingBytes
    readonly onRoom: OnRoom
  }) {
    this.client = options.client
    this.address = options.address
    this.certificateNames = options.certificateNames
    this.#limits = options.limits
    this.#ofAll = options.ofAll
    this.client.conn.on('drain', () => {
      this.#fullSinceMs = null
      options.onRoom(this)
    })
  }

  get isOpen(): boolean {
    return !this.client.closed && !this.client.conn.destroyed
  }

  /** Bytes that wait in the socket, or for it. */
  get waitingBytes(): number {
    return this.client.conn.writableLength + this.#gatheredBytes
  }

  get hasRoom(): boolean {
    if (!this.isOpen) return false
    const { outgoingBytesMax, outgoingBytesAlways, outgoingBytesOfAllMax } = this.#limits
    const { waitingBytes } = this
    if (waitingBytes < outgoingBytesAlways) return true
    return waitingBytes < outgoingBytesMax && this.#ofAll.bytes < outgoingBytesOfAllMax / 2
  }

  /** Since when its socket takes nothing more, by `performance.now`; null while it does. */
  get fullSinceMs(): number | null {
    return this.#fullSinceMs
  }

  /** Everything of one turn leaves in one write; `written` is called when the socket has taken it. */
  send(bytes: Uint8Array, written?: () => void): void {
    if (!this.isOpen) return
    this.#ofAll.sent(bytes.length)
    this.#gathered.push(bytes)
    this.#gatheredBytes += bytes.length
    if (written !== undefined) this.#written.push(written)
    if (this.#gatheredBytes >= gatheredBytesMax) this.#flush()
    else if (!this.#flushIsDue) {
      this.#flushIsDue = true
      process.nextTick(this.#endTurn)
    }
  }

  /** Ends the connection; what its client was promised stays true. */
  close(): void {
    this.#flush()
    this.client.close()
  }

  readonly #endTurn = (): void => {
    this.#flushIsDue = false
    this.#flush()
  }

  /** Joined: a socket that is not read would hold an object of some 200 bytes for each message of 50, and the kernel would gather them anew. */
  #flush(): void {
    const gathered = this.#gathered
    const [first] = gathered
    if (first === undefined) return
    const written = this.#written
    this.#gathered = []
    this.#gatheredBytes = 0
    this.#written = []
    if (!this.isOpen) return
    const told = () => {
      for (const each of written) each()
    }
    const bytes = gathered.length === 1 ? first : Buffer.concat(gathered)
    if (!this.client.conn.write(bytes, written.length === 0 ? undefined : told)) this.#fullSinceMs ??= performance.now()
  }
}

/** A turn's messages beyond it leave at once: more would only be copied later. */
const gatheredBytesMax = 65_536
