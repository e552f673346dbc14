import { deliveryLimits } from './delivery-limits.ts'

const headBytes = 4
const entryBytes = 10
const capacityAtFirst = 16

/**
 * The packet ids of one session's QoS 1 publishes that are on disk and that it may send again, oldest first, each with 64
 * bits of its bytes. Columns and not a map of objects: with 1,000 sessions of 4,096 ids it is 48 MB instead of some 300.
 */
export class DeliveryRing {
  #ids = new Uint16Array(capacityAtFirst)
  #low = new Uint32Array(capacityAtFirst)
  #high = new Uint32Array(capacityAtFirst)
  /** One bit an id: most publishes carry an id that is not here, and are spared the search. */
  readonly #held = new Uint8Array(65_536 / 8)
  /** Positions count from the session's beginning and never come twice; entry p lies at p modulo the capacity. */
  #from = 0
  #to = 0

  /** Position of the oldest entry, and the one behind the newest. */
  get from(): number {
    return this.#from
  }
  get to(): number {
    return this.#to
  }

  /** Whether the last publish of this id had the same bytes. */
  holds(id: number, low: number, high: number): boolean {
    const at = this.#find(id)
    if (at < 0) return false
    const slot = at % this.#ids.length
    return this.#low[slot] === low && this.#high[slot] === high
  }

  /**
   * Notes a publish that is no repeat. An id is free for use again only after its PUBACK came [MQTT-2.3.1-4], and PUBACKs
   * leave and arrive in the order of their publishes [MQTT-4.6.0-2]: where the id was in use before, that publish and all
   * before it are known to be finished, and are forgotten. So a client that takes the lowest free id each time, and says
   * the same value again, is never mistaken for one that repeats itself.
   */
  add(id: number, low: number, high: number): void {
    const before = this.#find(id)
    while (this.#from <= before) this.#drop()
    if (this.#to - this.#from === deliveryLimits.idsMax) this.#drop()
    if (this.#to - this.#from === this.#ids.length) this.#grow()
    const slot = this.#to % this.#ids.length
    this.#ids[slot] = id
    this.#low[slot] = low
    this.#high[slot] = high
    this.#to++
    this.#held[id >>> 3] = (this.#held[id >>> 3] as number) | (1 << (id & 7))
  }

  /**
   * Entries from a position on, as the store keeps them: how many older ones are still held, u32, since what pushed others
   * out may be gone itself; then `id u16 | low u32 | high u32` each, little endian.
   */
  encode(from: number): Uint8Array {
    const start = Math.max(from, this.#from)
    const bytes = new Uint8Array(headBytes + (this.#to - start) * entryBytes)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, start - this.#from, true)
    for (let position = start; position < this.#to; position++) {
      const slot = position % this.#ids.length
      const at = headBytes + (position - start) * entryBytes
      view.setUint16(at, this.#ids[slot] as number, true)
      view.setUint32(at + 2, this.#low[slot] as number, true)
      view.setUint32(at + 6, this.#high[slot] as number, true)
    }
    return bytes
  }

  /** Adds what `encode` wrote. */
  restore(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const older = view.getUint32(0, true)
    while (this.#to - this.#from > older) this.#drop()
    for (let at = headBytes; at + entryBytes <= bytes.length; at += entryBytes)
      this.add(view.getUint16(at, true), view.getUint32(at + 2, true), view.getUint32(at + 6, true))
  }

  #find(id: number): number {
    if (((this.#held[id >>> 3] as number) & (1 << (id & 7))) === 0) return -1
    const ids = this.#ids
    for (let position = this.#to - 1; position >= this.#from; position--)
      if (ids[position % ids.length] === id) return position
    return -1
  }

  #drop(): void {
    const id = this.#ids[this.#from % this.#ids.length] as number
    // An id is here at most once: `add` drops the one before.
    this.#held[id >>> 3] = (this.#held[id >>> 3] as number) & ~(1 << (id & 7))
    this.#from++
  }

  #grow(): void {
    const capacity = this.#ids.length
    const [ids, low, high] = [this.#ids, this.#low, this.#high]
    this.#ids = new Uint16Array(capacity * 2)
    this.#low = new Uint32Array(capacity * 2)
    this.#high = new Uint32Array(capacity * 2)
    for (let position = this.#from; position < this.#to; position++) {
      const [was, is] = [position % capacity, position % (capacity * 2)]
      this.#ids[is] = ids[was] as number
      this.#low[is] = low[was] as number
      this.#high[is] = high[was] as number
    }
  }
}
