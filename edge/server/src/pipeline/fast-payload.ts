import type { Quality } from '@jidoka/domain'
import { JsonScanner } from './json-scanner.ts'
import { ingestLimits } from './limits.ts'

/**
 * Reads the shapes that nearly every payload has, straight from its bytes: numbers, alone, in objects with `value` and, in
 * any order, `tenant_id`, `unit`, `timestamp` and `quality`, or in arrays of samples; texts without escapes. Says false for
 * anything else, and then `parsePayload` decides: what this reader accepts, that one reads alike (a property test holds them
 * together). Costs a fifth of JSON.parse, and nothing is allocated: samples lie in columns, texts stay positions.
 */
export class FastPayloadReader {
  count = 0
  readonly values = new Float64Array(ingestLimits.samplesMax)
  /** NaN when absent. */
  readonly timesMs = new Float64Array(ingestLimits.samplesMax)
  /** Indexes of `qualityOfCode`. */
  readonly qualities = new Uint8Array(ingestLimits.samplesMax)
  /** Positions in the buffer, from inclusive, to exclusive; both 0 when absent. The same text wherever it stands in the payload. */
  unitFrom = 0
  unitTo = 0
  tenantFrom = 0
  tenantTo = 0

  readonly #scanner = new JsonScanner()

  read(bytes: Uint8Array, from: number, to: number): boolean {
    if (to - from > ingestLimits.payloadBytesMax) return false
    const scanner = this.#scanner
    scanner.start(bytes, from, to)
    this.count = 0
    this.unitFrom = this.unitTo = this.tenantFrom = this.tenantTo = 0
    scanner.space()
    const first = scanner.next
    const isArray = first === bracketOpen
    let isRead: boolean
    if (isArray) isRead = this.#array()
    else if (first === braceOpen) isRead = this.#object(true)
    else isRead = this.#plain()
    if (!isRead) return false
    scanner.space()
    return scanner.isAtEnd && (isArray || this.count > 1 || to - from <= ingestLimits.onePayloadBytesMax)
  }

  #array(): boolean {
    const scanner = this.#scanner
    if (!scanner.take(bracketOpen)) return false
    for (;;) {
      if (this.count === ingestLimits.samplesMax) return false
      scanner.space()
      const first = scanner.next
      if (first === braceOpen) {
        if (!this.#object(false)) return false
      } else if (first === bracketOpen) {
        if (!this.#pair()) return false
      } else if (!this.#plain()) return false
      scanner.space()
      if (scanner.take(comma)) continue
      return scanner.take(bracketClose)
    }
  }

  #plain(): boolean {
    const value = this.#scanner.number()
    return this.#keep(value, Number.NaN, qualityAbsent)
  }

  /** `[timestamp, value]` */
  #pair(): boolean {
    const scanner = this.#scanner
    if (!scanner.take(bracketOpen)) return false
    scanner.space()
    const timeMs = this.#timestamp()
    if (Number.isNaN(timeMs)) return false
    scanner.space()
    if (!scanner.take(comma)) return false
    scanner.space()
    const value = scanner.number()
    scanner.space()
    return scanner.take(bracketClose) && this.#keep(value, timeMs, qualityAbsent)
  }

  /** A sample; or, at the top, the members that samples share around them. */
  #object(isTop: boolean): boolean {
    const scanner = this.#scanner
    if (!scanner.take(braceOpen)) return false
    let seen = 0
    let value = Number.NaN
    let timeMs = Number.NaN
    let quality = qualityAbsent
    for (;;) {
      scanner.space()
      const member = this.#key()
      // A member that comes twice means its last value to JSON.parse: left to it.
      if (member === 0 || (seen & member) !== 0) return false
      seen |= member
      scanner.space()
      if (!scanner.take(colon)) return false
      scanner.space()
      if (member === memberValue) value = scanner.number()
      else if (member === memberTimestamp) {
        timeMs = this.#timestamp()
        if (Number.isNaN(timeMs)) return false
      } else if (member === memberQuality) {
        quality = this.#quality()
        if (quality === qualityAbsent) return false
      } else if (member === memberUnit) {
        if (!this.#unit()) return false
      } else if (member === memberTenant) {
        if (!this.#tenant()) return false
      } else if (!isTop || !this.#array()) return false
      scanner.space()
      if (scanner.take(comma)) continue
      if (!scanner.take(braceClose)) return false
      break
    }
    if ((seen & memberSamples) === 0) return this.#keep(value, timeMs, quality)
    if ((seen & memberValue) !== 0) return false
    this.#share(timeMs, quality)
    return true
  }

  /** False without a value, or with one that the other reader refuses. */
  #keep(value: number, timeMs: number, quality: number): boolean {
    if (!(value <= ingestLimits.magnitudeMax && value >= -ingestLimits.magnitudeMax)) return false
    const index = this.count
    this.values[index] = value
    this.timesMs[index] = timeMs
    this.qualities[index] = quality
    this.count = index + 1
    return true
  }

  /** Gives what stands beside the samples to those that do not say otherwise. */
  #share(timeMs: number, quality: number): void {
    const { count, timesMs, qualities } = this
    if (!Number.isNaN(timeMs))
      for (let index = 0; index < count; index++) if (Number.isNaN(timesMs[index])) timesMs[index] = timeMs
    if (quality !== qualityAbsent)
      for (let index = 0; index < count; index++) if (qualities[index] === qualityAbsent) qualities[index] = quality
  }

  /** `"name"`, told apart by its first letters and then compared whole. */
  #key(): number {
    const scanner = this.#scanner
    const { bytes, at } = scanner
    switch (bytes[at + 1]) {
      case 118 /* v */:
        return scanner.takeAll(keyValue) ? memberValue : 0
      case 117 /* u */:
        return scanner.takeAll(keyUnit) ? memberUnit : 0
      case 113 /* q */:
        return scanner.takeAll(keyQuality) ? memberQuality : 0
      case 115 /* s */:
        return scanner.takeAll(keySamples) ? memberSamples : 0
      case 116 /* t */:
        if (bytes[at + 2] === 101 /* e */) return scanner.takeAll(keyTenant) ? memberTenant : 0
        return scanner.takeAll(keyTimestamp) ? memberTimestamp : 0
      default:
        return 0
    }
  }

  /** Another unit than that of an earlier sample is left to the other reader. */
  #unit(): boolean {
    const scanner = this.#scanner
    const from = scanner.at + 1
    // 16 bytes are at most 16 characters; a longer one is counted by the other reader.
    if (!scanner.text(16)) return false
    const to = scanner.at - 1
    if (this.unitTo !== 0) return areEqual(scanner.bytes, from, to, this.unitFrom, this.unitTo)
    this.unitFrom = from
    this.unitTo = to
    return true
  }

  #tenant(): boolean {
    const scanner = this.#scanner
    const from = scanner.at + 1
    if (!scanner.text(63)) return false
    const to = scanner.at - 1
    if (this.tenantTo !== 0) return areEqual(scanner.bytes, from, to, this.tenantFrom, this.tenantTo)
    this.tenantFrom = from
    this.tenantTo = to
    return true
  }

  #quality(): number {
    const scanner = this.#scanner
    const first = scanner.bytes[scanner.at + 1]
    const code = first === 103 /* g */ ? 0 : first === 117 /* u */ ? 1 : 2
    return scanner.takeAll(qualityTexts[code] as Uint8Array) ? code : qualityAbsent
  }

  /** UTC with milliseconds, or a number of seconds or milliseconds; NaN for anything else. The same sums as `parseTimestamp`. */
  #timestamp(): number {
    const scanner = this.#scanner
    if (scanner.next === quote) return scanner.isoTime()
    const number = scanner.number()
    return Math.round(number < 1e11 ? number * 1_000 : number)
  }
}

function areEqual(bytes: Uint8Array, from: number, to: number, otherFrom: number, otherTo: number): boolean {
  if (to - from !== otherTo - otherFrom) return false
  for (let at = from; at < to; at++) if (bytes[at] !== bytes[otherFrom + at - from]) return false
  return true
}

/** The last one stands for a quality that was not given. */
export const qualityOfCode: readonly Quality[] = ['good', 'uncertain', 'bad', 'good']
const qualityAbsent = 3

const quote = 34
const comma = 44
const colon = 58
const bracketOpen = 91
const bracketClose = 93
const braceOpen = 123
const braceClose = 125
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const keyValue = ascii('"value"')
const keyUnit = ascii('"unit"')
const keyQuality = ascii('"quality"')
const keyTenant = ascii('"tenant_id"')
const keyTimestamp = ascii('"timestamp"')
const keySamples = ascii('"samples"')
const qualityTexts = [ascii('"good"'), ascii('"uncertain"'), ascii('"bad"')]
const memberValue = 1
const memberTenant = 2
const memberUnit = 4
const memberTimestamp = 8
const memberQuality = 16
const memberSamples = 32
