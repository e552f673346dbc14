import type { Quality } from '@jidoka/domain'
import { ingestLimits } from './limits.ts'

/**
 * Reads the shape that nearly every payload has, straight from its bytes: an object with a plain decimal `value` and,
 * in any order, `tenant_id`, `unit`, `timestamp` (UTC with milliseconds, or a whole number) and `quality`, without
 * escapes. Says false for anything else, and then `parsePayload` decides: what this reader accepts, that one reads alike
 * (a property test holds them together). Costs a fifth of JSON.parse, and nothing is allocated: texts stay positions.
 */
export class FastPayloadReader {
  value = 0
  /** Positions in the buffer, from inclusive, to exclusive; both 0 when absent. */
  unitFrom = 0
  unitTo = 0
  tenantFrom = 0
  tenantTo = 0
  /** NaN when absent. */
  timeMs = Number.NaN
  quality: Quality = 'good'

  #at = 0
  #end = 0
  #bytes: Uint8Array = new Uint8Array(0)
  /** Milliseconds of the day last seen, by its ten characters as two numbers: a batch is of one day. */
  #dayKey = -1
  #dayMs = 0

  read(bytes: Uint8Array, from: number, to: number): boolean {
    if (to - from > ingestLimits.payloadBytesMax) return false
    this.#bytes = bytes
    this.#at = from
    this.#end = to
    this.unitFrom = this.unitTo = this.tenantFrom = this.tenantTo = 0
    this.timeMs = Number.NaN
    this.quality = 'good'
    let seen = 0
    this.#space()
    if (!this.#take(braceOpen)) return false
    for (;;) {
      this.#space()
      const member = this.#key()
      // A member that comes twice means its last value to JSON.parse: left to it.
      if (member === 0 || (seen & member) !== 0) return false
      seen |= member
      this.#space()
      if (!this.#take(colon)) return false
      this.#space()
      if (!this.#member(member)) return false
      this.#space()
      if (this.#take(comma)) continue
      if (!this.#take(braceClose)) return false
      break
    }
    this.#space()
    return this.#at === this.#end && (seen & memberValue) !== 0
  }

  #member(member: number): boolean {
    switch (member) {
      case memberValue:
        return this.#decimal()
      case memberTenant: {
        const from = this.#at + 1
        if (!this.#text(63)) return false
        this.tenantFrom = from
        this.tenantTo = this.#at - 1
        return true
      }
      case memberUnit: {
        const from = this.#at + 1
        // 16 bytes are at most 16 characters; a longer one is counted by the other reader.
        if (!this.#text(16)) return false
        this.unitFrom = from
        this.unitTo = this.#at - 1
        return true
      }
      case memberQuality: {
        const from = this.#at + 1
        if (!this.#text(9)) return false
        return this.#readQuality(from, this.#at - 1)
      }
      default:
        return this.#timestamp()
    }
  }

  /** `"name"`, told apart by length and first letter and then compared whole. */
  #key(): number {
    const bytes = this.#bytes
    const at = this.#at
    if (bytes[at] !== quote) return 0
    const first = bytes[at + 1]
    if (first === 118 /* v */) return this.#isKey(keyValue) ? memberValue : 0
    if (first === 117 /* u */) return this.#isKey(keyUnit) ? memberUnit : 0
    if (first === 113 /* q */) return this.#isKey(keyQuality) ? memberQuality : 0
    if (first !== 116 /* t */) return 0
    return bytes[at + 2] === 101 /* e */
      ? this.#isKey(keyTenant)
        ? memberTenant
        : 0
      : this.#isKey(keyTimestamp)
        ? memberTimestamp
        : 0
  }

  #isKey(key: Uint8Array): boolean {
    const at = this.#at
    if (at + key.length > this.#end) return false
    for (let index = 0; index < key.length; index++) if (this.#bytes[at + index] !== key[index]) return false
    this.#at = at + key.length
    return true
  }

  /** A text of printable ASCII and UTF-8 continuation bytes without escapes. Bytes above 127 are left to the other reader, which checks them. */
  #text(lengthMax: number): boolean {
    const bytes = this.#bytes
    if (bytes[this.#at] !== quote) return false
    let at = this.#at + 1
    const end = Math.min(this.#end, at + lengthMax + 1)
    while (at < end) {
      const byte = bytes[at] as number
      if (byte === quote) {
        this.#at = at + 1
        return true
      }
      if (byte < 32 || byte > 126 || byte === backslash) return false
      at++
    }
    return false
  }

  /**
   * At most 15 digits and 15 of them behind the point: mantissa and power of ten are both exact in a double, and one
   * division of two exact numbers is correctly rounded (Clinger), so the result is JSON.parse's to the last bit.
   */
  #decimal(): boolean {
    const bytes = this.#bytes
    const end = this.#end
    let at = this.#at
    const negative = bytes[at] === minus
    if (negative) at++
    let mantissa = 0
    let digits = 0
    const first = at
    while (at < end) {
      const digit = (bytes[at] as number) - 48
      if (digit < 0 || digit > 9) break
      mantissa = mantissa * 10 + digit
      digits++
      at++
    }
    // No digit, or a leading zero with digits behind it: not JSON.
    if (digits === 0 || (digits > 1 && bytes[first] === 48)) return false
    let decimals = 0
    if (at < end && bytes[at] === point) {
      at++
      while (at < end) {
        const digit = (bytes[at] as number) - 48
        if (digit < 0 || digit > 9) break
        mantissa = mantissa * 10 + digit
        decimals++
        at++
      }
      if (decimals === 0) return false
    }
    if (digits + decimals > 15) return false
    const next = bytes[at]
    if (at < end && (next === 101 || next === 69)) return false // an exponent
    const magnitude = decimals === 0 ? mantissa : mantissa / (powersOfTen[decimals] as number)
    this.value = negative ? -magnitude : magnitude
    this.#at = at
    return true
  }

  #timestamp(): boolean {
    const bytes = this.#bytes
    const at = this.#at
    if (bytes[at] !== quote) return this.#epoch()
    // "YYYY-MM-DDTHH:MM:SS.mmmZ", what Date#toISOString writes.
    if (at + 26 > this.#end) return false
    if (
      bytes[at + 25] !== quote ||
      bytes[at + 24] !== 90 ||
      bytes[at + 20] !== point ||
      bytes[at + 17] !== colon ||
      bytes[at + 14] !== colon
    )
      return false
    if (bytes[at + 11] !== 84 || bytes[at + 8] !== minus || bytes[at + 5] !== minus) return false
    const hour = this.#two(at + 12)
    const minute = this.#two(at + 15)
    const second = this.#two(at + 18)
    const hundredths = this.#two(at + 21)
    const thousandth = this.#digit(at + 23)
    // 24:00 and leap seconds are left to the other reader.
    if (!(hour <= 23 && minute <= 59 && second <= 59 && hundredths <= 99 && thousandth <= 9)) return false
    const century = this.#two(at + 1)
    const year = this.#two(at + 3)
    const month = this.#two(at + 6)
    const day = this.#two(at + 9)
    if (!(century <= 99 && year <= 99 && month >= 1 && month <= 12 && day >= 1 && day <= 28)) {
      // Days 29 to 31 depend on the month; the other reader knows.
      if (!(day >= 29 && day <= 31)) return false
      return this.#lateDay(century * 100 + year, month, day, hour, minute, second, hundredths * 10 + thousandth)
    }
    this.#finishTime(century * 100 + year, month, day, hour, minute, second, hundredths * 10 + thousandth)
    return true
  }

  #lateDay(
    year: number,
    month: number,
    day: number,
    hour: number,
    minute: number,
    second: number,
    ms: number,
  ): boolean {
    if (!(year <= 9_999 && month >= 1 && month <= 12)) return false
    if (new Date(Date.UTC(year, month - 1, day)).getUTCDate() !== day) return false
    this.#finishTime(year, month, day, hour, minute, second, ms)
    return true
  }

  #finishTime(
    year: number,
    month: number,
    day: number,
    hour: number,
    minute: number,
    second: number,
    ms: number,
  ): void {
    const key = (year * 100 + month) * 100 + day
    if (key !== this.#dayKey) {
      // Date.UTC takes years below 100 for 1900 and later.
      const date = new Date(0)
      date.setUTCFullYear(year, month - 1, day)
      this.#dayMs = date.getTime()
      this.#dayKey = key
    }
    this.timeMs = this.#dayMs + ((hour * 60 + minute) * 60 + second) * 1_000 + ms
    this.#at += 26
  }

  /** A whole number of seconds or milliseconds; fractions are left to the other reader. */
  #epoch(): boolean {
    const bytes = this.#bytes
    let at = this.#at
    let number = 0
    const first = at
    while (at < this.#end) {
      const digit = (bytes[at] as number) - 48
      if (digit < 0 || digit > 9) break
      number = number * 10 + digit
      at++
    }
    const digits = at - first
    if (digits === 0 || digits > 15 || (digits > 1 && bytes[first] === 48)) return false
    const next = bytes[at]
    if (at < this.#end && (next === point || next === 101 || next === 69)) return false
    this.timeMs = number < 1e11 ? number * 1_000 : number
    this.#at = at
    return true
  }

  #readQuality(from: number, to: number): boolean {
    const first = this.#bytes[from]
    const known = first === 103 /* g */ ? good : first === 117 /* u */ ? uncertain : first === 98 /* b */ ? bad : null
    if (known === null || to - from !== known.bytes.length) return false
    for (let index = 0; index < known.bytes.length; index++)
      if (this.#bytes[from + index] !== known.bytes[index]) return false
    this.quality = known.quality
    return true
  }

  /** Two digits, or more than 99 when one is none. */
  #two(at: number): number {
    return this.#digit(at) * 10 + this.#digit(at + 1)
  }

  #digit(at: number): number {
    const digit = (this.#bytes[at] as number) - 48
    return digit >= 0 && digit <= 9 ? digit : 1_000
  }

  #space(): void {
    const bytes = this.#bytes
    while (this.#at < this.#end) {
      const byte = bytes[this.#at]
      if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) return
      this.#at++
    }
  }

  #take(byte: number): boolean {
    if (this.#at >= this.#end || this.#bytes[this.#at] !== byte) return false
    this.#at++
    return true
  }
}

const quote = 34
const backslash = 92
const braceOpen = 123
const braceClose = 125
const colon = 58
const comma = 44
const minus = 45
const point = 46
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const keyValue = ascii('"value"')
const keyUnit = ascii('"unit"')
const keyQuality = ascii('"quality"')
const keyTenant = ascii('"tenant_id"')
const keyTimestamp = ascii('"timestamp"')
const memberValue = 1
const memberTenant = 2
const memberUnit = 4
const memberTimestamp = 8
const memberQuality = 16
const good = { quality: 'good', bytes: ascii('good') } as const
const uncertain = { quality: 'uncertain', bytes: ascii('uncertain') } as const
const bad = { quality: 'bad', bytes: ascii('bad') } as const
const powersOfTen = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent)
