/**
 * Steps through JSON as bytes, for readers that know what they expect. Every method says false, or NaN, for what it does not
 * read itself, and then a parser of the whole text decides: what is read here must be read there alike, to the last bit.
 * Allocates nothing but for long numbers.
 */
export class JsonScanner {
  bytes: Uint8Array = new Uint8Array(0)
  at = 0
  #end = 0
  /** Milliseconds of the day last seen, and the day as a number: a batch is of one day. */
  #dayKey = -1
  #dayMs = 0

  start(bytes: Uint8Array, from: number, to: number): void {
    this.bytes = bytes
    this.at = from
    this.#end = to
  }

  get isAtEnd(): boolean {
    return this.at === this.#end
  }

  /** The next byte, or -1. */
  get next(): number {
    return this.at < this.#end ? (this.bytes[this.at] as number) : -1
  }

  space(): void {
    // Small enough to be inlined: there is hardly ever a space.
    if (this.at < this.#end && (this.bytes[this.at] as number) > 32) return
    this.#skipSpace()
  }

  #skipSpace(): void {
    const { bytes } = this
    let { at } = this
    while (at < this.#end) {
      const byte = bytes[at]
      if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) break
      at++
    }
    this.at = at
  }

  take(byte: number): boolean {
    if (this.at >= this.#end || this.bytes[this.at] !== byte) return false
    this.at++
    return true
  }

  /** Exactly these bytes. */
  takeAll(expected: Uint8Array): boolean {
    const { at, bytes } = this
    if (at + expected.length > this.#end) return false
    for (let index = 0; index < expected.length; index++) if (bytes[at + index] !== expected[index]) return false
    this.at = at + expected.length
    return true
  }

  /** A text in quotes, of printable ASCII without escapes. Bytes above 127 are left to the other reader, which checks them. */
  text(lengthMax: number): boolean {
    const { bytes } = this
    if (!this.take(quote)) return false
    let { at } = this
    const end = Math.min(this.#end, at + lengthMax + 1)
    while (at < end) {
      const byte = bytes[at] as number
      if (byte === quote) {
        this.at = at + 1
        return true
      }
      if (byte < 32 || byte > 126 || byte === backslash) return false
      at++
    }
    return false
  }

  /**
   * A number, or NaN. With at most 15 digits mantissa and power of ten are both exact in a double, and one division of two
   * exact numbers is correctly rounded (Clinger), so the result is JSON.parse's to the last bit.
   */
  number(): number {
    const { bytes } = this
    const end = this.#end
    const start = this.at
    let at = start
    const negative = at < end && bytes[at] === minus
    if (negative) at++
    let mantissa = 0
    const first = at
    while (at < end) {
      const digit = (bytes[at] as number) - 48
      if (digit < 0 || digit > 9) break
      mantissa = mantissa * 10 + digit
      at++
    }
    const digits = at - first
    // No digit, or a leading zero with digits behind it: not JSON.
    if (digits === 0 || (digits > 1 && bytes[first] === 48)) return Number.NaN
    let decimals = 0
    if (at < end && bytes[at] === point) {
      at++
      const firstDecimal = at
      while (at < end) {
        const digit = (bytes[at] as number) - 48
        if (digit < 0 || digit > 9) break
        mantissa = mantissa * 10 + digit
        at++
      }
      decimals = at - firstDecimal
      if (decimals === 0) return Number.NaN
    }
    if (digits + decimals > 15 || (at < end && ((bytes[at] as number) | 32) === letterE)) return this.#longNumber()
    this.at = at
    const magnitude = decimals === 0 ? mantissa : mantissa / (powersOfTen[decimals] as number)
    return negative ? -magnitude : magnitude
  }

  /** `20.299999999999997`, as many languages print what they calculated, and exponents. */
  #longNumber(): number {
    const { bytes } = this
    const end = Math.min(this.#end, this.at + longNumberLengthMax)
    let text = ''
    let { at } = this
    while (at < end) {
      const byte = bytes[at] as number
      if (!(byte >= 48 && byte <= 57) && byte !== minus && byte !== plus && byte !== point && (byte | 32) !== letterE)
        break
      text += String.fromCharCode(byte)
      at++
    }
    if (!jsonNumber.test(text)) return Number.NaN
    this.at = at
    const number = Number(text)
    return Number.isFinite(number) ? number : Number.NaN
  }

  /** `"YYYY-MM-DDTHH:MM:SS.mmmZ"`, what Date#toISOString writes, as milliseconds since 1970 UTC, or NaN. */
  isoTime(): number {
    const { bytes, at } = this
    if (at + 26 > this.#end) return Number.NaN
    if (
      bytes[at + 25] !== quote ||
      bytes[at + 24] !== 90 ||
      bytes[at + 20] !== point ||
      bytes[at + 17] !== colon ||
      bytes[at + 14] !== colon ||
      bytes[at + 11] !== 84 ||
      bytes[at + 8] !== minus ||
      bytes[at + 5] !== minus ||
      bytes[at] !== quote
    )
      return Number.NaN
    const hour = this.#two(at + 12)
    const minute = this.#two(at + 15)
    const second = this.#two(at + 18)
    const ms = this.#two(at + 21) * 10 + this.#digit(at + 23)
    const year = this.#two(at + 1) * 100 + this.#two(at + 3)
    const month = this.#two(at + 6)
    const day = this.#two(at + 9)
    // 24:00 and leap seconds are left to the other reader; what is no digit is far above all of these.
    if (hour > 23 || minute > 59 || second > 59 || ms > 999 || year > 9_999) return Number.NaN
    const dayMs = this.#startOfDay(year, month, day)
    if (Number.isNaN(dayMs)) return Number.NaN
    this.at = at + 26
    return dayMs + ((hour * 60 + minute) * 60 + second) * 1_000 + ms
  }

  #startOfDay(year: number, month: number, day: number): number {
    if (month < 1 || month > 12 || day < 1 || day > 31) return Number.NaN
    const key = (year * 100 + month) * 100 + day
    if (key === this.#dayKey) return this.#dayMs
    // Date.UTC takes years below 100 for 1900 and later.
    const date = new Date(0)
    const dayMs = date.setUTCFullYear(year, month - 1, day)
    if (date.getUTCDate() !== day) return Number.NaN
    this.#dayMs = dayMs
    this.#dayKey = key
    return dayMs
  }

  /** Two digits, or more than 99 when one is none. */
  #two(at: number): number {
    return this.#digit(at) * 10 + this.#digit(at + 1)
  }

  #digit(at: number): number {
    const digit = (this.bytes[at] as number) - 48
    return digit >= 0 && digit <= 9 ? digit : 1_000_000
  }
}

/** Longer than any double in its shortest form (24); longer ones are left to the other reader. */
const longNumberLengthMax = 40
const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const quote = 34
const plus = 43
const minus = 45
const point = 46
const colon = 58
const backslash = 92
const letterE = 101
const powersOfTen = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent)
