import { ackBytes, acks } from './packets.ts'

/** Where a message stands between publisher and broker. `release` (QoS 2): it is stored, and its packet id is being given back. */
export interface UnderWay {
  readonly message: number
  /** A repeat has the bytes of the first time. */
  readonly payload: string
  phase: 'publish' | 'release'
}

/**
 * What a publisher knows of its messages under way, moved by what it sends and by the bytes that it is sent. It stands
 * apart from the socket so that the same bytes, taken from the record of a power cut, lead to the same state.
 */
export class SessionState {
  /** By packet id, in the order of sending. */
  readonly underWay: Map<number, UnderWay>
  #tail: Uint8Array = new Uint8Array(0)
  #nextId: number

  constructor(underWay: ReadonlyMap<number, UnderWay> = new Map(), nextId = 1) {
    this.underWay = new Map([...underWay].map(([id, each]) => [id, { ...each }]))
    this.#nextId = nextId
  }

  get nextId(): number {
    return this.#nextId
  }

  /** Gives a message a packet id that is free. */
  take(message: number, payload: string): number {
    while (this.underWay.has(this.#nextId)) this.#advance()
    const id = this.#nextId
    this.#advance()
    this.underWay.set(id, { message, payload, phase: 'publish' })
    return id
  }

  /**
   * Takes what came. `acknowledged` is told of each message whose storing is promised from now on (PUBACK, PUBREC),
   * `release` of packet ids for which PUBREL is due.
   */
  receive(
    bytes: Uint8Array,
    heard: {
      connected?: (code: number) => void
      acknowledged: (message: number) => void
      release?: (id: number) => void
    },
  ): void {
    const all = this.#tail.length === 0 ? bytes : Buffer.concat([this.#tail, bytes])
    const wholeEnd = all.length - (all.length % ackBytes)
    for (let at = 0; at < wholeEnd; at += ackBytes) {
      const id = (all[at + 2] as number) * 256 + (all[at + 3] as number)
      const known = this.underWay.get(id)
      switch (all[at]) {
        case acks.connack:
          heard.connected?.(all[at + 3] as number)
          break
        case acks.puback:
          this.underWay.delete(id)
          if (known !== undefined) heard.acknowledged(known.message)
          break
        case acks.pubrec:
          if (known !== undefined) {
            known.phase = 'release'
            heard.acknowledged(known.message)
          }
          heard.release?.(id)
          break
        case acks.pubcomp:
          this.underWay.delete(id)
          break
        default:
          throw new Error(
            `a publisher was sent a packet that it never asked for: ${Buffer.from(all).toString('hex', at, at + ackBytes)}`,
          )
      }
    }
    this.#tail = Uint8Array.from(all.subarray(wholeEnd))
  }

  #advance(): void {
    this.#nextId = this.#nextId === 65_535 ? 1 : this.#nextId + 1
  }
}
