/** An answer that waits for the commit of what it answers. */
export interface Ack {
  /** First byte and packet id: PUBACK, PUBREC or PUBCOMP. */
  readonly head: number
  readonly messageId: number
  isDue: boolean
}

/**
 * The answers of one connection. They leave in the order of the packets that they answer [MQTT-4.6.0-2, -3], whichever
 * commit came first, and those of one commit in one write.
 */
export class AckQueue {
  readonly #write: (bytes: Buffer) => void
  #acks: Ack[] = []
  /** The first that has not left. */
  #from = 0
  #flushIsDue = false

  constructor(write: (bytes: Buffer) => void) {
    this.#write = write
  }

  open(head: number, messageId: number): Ack {
    const ack = { head, messageId, isDue: false }
    this.#acks.push(ack)
    return ack
  }

  due(ack: Ack): void {
    ack.isDue = true
    if (this.#flushIsDue || this.#acks[this.#from] !== ack) return
    this.#flushIsDue = true
    // After the loop that tells everybody of the commit.
    process.nextTick(this.#flush)
  }

  readonly #flush = (): void => {
    this.#flushIsDue = false
    const acks = this.#acks
    let to = this.#from
    while (to < acks.length && (acks[to] as Ack).isDue) to++
    const bytes = Buffer.allocUnsafe((to - this.#from) * 4)
    let at = 0
    for (let index = this.#from; index < to; index++) {
      const { head, messageId } = acks[index] as Ack
      bytes[at] = head
      bytes[at + 1] = 2
      bytes[at + 2] = messageId >>> 8
      bytes[at + 3] = messageId & 0xff
      at += 4
    }
    if (to === acks.length) {
      this.#acks = []
      this.#from = 0
    } else if (to > 4_096) {
      this.#acks = acks.slice(to)
      this.#from = 0
    } else this.#from = to
    this.#write(bytes)
  }
}
