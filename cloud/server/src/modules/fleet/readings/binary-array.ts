/**
 * A column of numbers as a binary parameter, in the form in which PostgreSQL sends and takes arrays: written once here and read once there,
 * a sixth of the time of the same array as text. Null where `push(null)` was called.
 */
export class BinaryArray {
  readonly #type: ElementType
  #bytes: Buffer
  #at = headBytes
  #length = 0
  #anyNull = false

  constructor(type: keyof typeof elementTypes) {
    this.#type = elementTypes[type]
    this.#bytes = Buffer.allocUnsafe(1_024)
  }

  get length(): number {
    return this.#length
  }

  push(value: number | null): void {
    const { bytes: width, write } = this.#type
    if (this.#at + 4 + width > this.#bytes.length) this.#grow()
    this.#length++
    if (value === null) {
      this.#anyNull = true
      this.#at = this.#bytes.writeInt32BE(-1, this.#at)
      return
    }
    this.#at = this.#bytes.writeInt32BE(width, this.#at)
    write(this.#bytes, value, this.#at)
    this.#at += width
  }

  /** The parameter. Whoever pushes on after it begins a new array. */
  take(): Buffer {
    const bytes = this.#bytes.subarray(0, this.#at)
    bytes.writeInt32BE(1, 0)
    bytes.writeInt32BE(this.#anyNull ? 1 : 0, 4)
    bytes.writeInt32BE(this.#type.oid, 8)
    bytes.writeInt32BE(this.#length, 12)
    bytes.writeInt32BE(1, 16)
    this.#bytes = Buffer.allocUnsafe(1_024)
    this.#at = headBytes
    this.#length = 0
    this.#anyNull = false
    return bytes
  }

  #grow(): void {
    const larger = Buffer.allocUnsafe(this.#bytes.length * 2)
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }
}

interface ElementType {
  /** In pg_type, the same in every database. */
  readonly oid: number
  readonly bytes: number
  readonly write: (bytes: Buffer, value: number, at: number) => void
}

/** Dimensions, whether there are nulls, type, length, lower bound. */
const headBytes = 20

/** PostgreSQL counts microseconds from the year 2000. */
const timestampEpochMs = Date.UTC(2000, 0, 1)

const elementTypes = {
  smallint: { oid: 21, bytes: 2, write: (bytes, value, at) => bytes.writeInt16BE(value, at) },
  integer: { oid: 23, bytes: 4, write: (bytes, value, at) => bytes.writeInt32BE(value, at) },
  bigint: { oid: 20, bytes: 8, write: writeInt64 },
  'double precision': { oid: 701, bytes: 8, write: (bytes, value, at) => bytes.writeDoubleBE(value, at) },
  /** Whole milliseconds since 1970, such as `storableMs` gives. */
  timestamptz: {
    oid: 1184,
    bytes: 8,
    write: (bytes, ms, at) => bytes.writeBigInt64BE(BigInt(ms - timestampEpochMs) * 1_000n, at),
  },
} as const satisfies Record<string, ElementType>

/** A safe integer; without the price of a BigInt. */
function writeInt64(bytes: Buffer, value: number, at: number): void {
  const high = Math.floor(value / 2 ** 32)
  bytes.writeInt32BE(high, at)
  bytes.writeUInt32BE(value - high * 2 ** 32, at + 4)
}
