import { crc32 } from 'node:zlib'
import type { Quality, Value } from '@jidoka/domain'
import { textValueLengthMax } from '@jidoka/domain'
import { segmentLimits } from '../limits.ts'
import {
  checksumBytes,
  decimalsMax,
  encodingBoolean,
  encodingRaw,
  encodingText,
  flagQuality,
  headerBytes,
  kindBoolean,
  kindNumber,
  kindText,
  scaledMax,
  scales,
  segmentMagic,
  segmentVersion,
  tagNoMax,
  timeMsMax,
} from './layout.ts'
import { setUint64 } from './varint.ts'
import { writeColumns } from './write-columns.ts'

const qualityCode: Record<Quality, number> = { good: 0, uncertain: 1, bad: 2 }

/** 1,024 readings: a usual commit fits without growing, and an idle builder holds 20 KB. */
const capacityAtFirst = 1_024

/**
 * Collects the readings of one commit, in order of arrival, and writes them as one segment. Reusable: `reset` keeps its memory.
 * Not for two commits at a time.
 */
export class SegmentBuilder {
  #count = 0
  #entries = new Uint16Array(capacityAtFirst)
  #times = new Float64Array(capacityAtFirst)
  /** The number, 0 or 1, or the index of a text. */
  #values = new Float64Array(capacityAtFirst)
  #qualities = new Uint8Array(capacityAtFirst)
  #anyQuality = false

  readonly #entryOf = new Map<number, number>()
  readonly #entryTagNos: number[] = []
  readonly #entryEncodings: number[] = []
  readonly #entryMagnitudes: number[] = []

  readonly #textIndexOf = new Map<string, number>()
  readonly #texts: string[] = []
  #textBytesAtMost = 0

  #out = new Uint8Array(16_384)
  #lastScaled = new Float64Array(64)

  get count(): number {
    return this.#count
  }

  /** Whether the next `push` would throw: encode and reset first. */
  get full(): boolean {
    return (
      this.#count === segmentLimits.readingsMax ||
      this.#textBytesAtMost + textValueLengthMax * 3 > segmentLimits.textBytesMax
    )
  }

  /**
   * @param tagNo the edge's number of the tag, 1 .. 2^32 - 1
   * @param timeMs source time, whole milliseconds since 1970 UTC
   * @param value a finite number, a boolean, or a text of at most 1,024 characters. A lone surrogate in a text becomes U+FFFD,
   *   as everywhere else where text becomes UTF-8.
   * @throws RangeError when one of them is outside, or the builder is full: the caller has checked before, this is a bug.
   */
  push(tagNo: number, timeMs: number, value: Value, quality: Quality): void {
    if (this.full) throw new RangeError('the segment is full: encode and reset it before the next reading')
    if (!(tagNo >= 1 && tagNo <= tagNoMax && Number.isInteger(tagNo)))
      throw new RangeError(`${tagNo} is not the number of a tag`)
    if (!(timeMs >= -timeMsMax && timeMs <= timeMsMax && Number.isInteger(timeMs)))
      throw new RangeError(`${timeMs} is not a time in whole milliseconds`)
    const index = this.#count
    if (index === this.#entries.length) this.#grow()
    if (typeof value === 'number') {
      if (!Number.isFinite(value)) throw new RangeError(`${value} is not a finite number`)
      const entry = this.#entry(tagNo, kindNumber)
      this.#noteNumber(entry, value)
      this.#entries[index] = entry
      this.#values[index] = value
    } else if (typeof value === 'boolean') {
      this.#entries[index] = this.#entry(tagNo, kindBoolean)
      this.#values[index] = value ? 1 : 0
    } else {
      if (value.length > textValueLengthMax)
        throw new RangeError(`a text of ${value.length} characters is longer than ${textValueLengthMax}`)
      this.#values[index] = this.#text(value)
      this.#entries[index] = this.#entry(tagNo, kindText)
    }
    this.#times[index] = timeMs
    const code = qualityCode[quality]
    this.#qualities[index] = code
    if (code !== 0) this.#anyQuality = true
    this.#count = index + 1
  }

  /**
   * The segment as bytes of its own; the builder is as it was.
   * @param firstSeq sequence number of the first reading, >= 1
   * @param receivedMs wall clock of the commit, whole milliseconds since 1970 UTC, >= 0
   * @throws RangeError when nothing was pushed or a number is outside.
   */
  encode(firstSeq: number, receivedMs: number): Uint8Array {
    const count = this.#count
    if (count === 0) throw new RangeError('a segment holds at least one reading')
    if (!Number.isSafeInteger(firstSeq) || firstSeq < 1 || !Number.isSafeInteger(firstSeq + count))
      throw new RangeError(`${firstSeq} is not a sequence number`)
    if (!Number.isSafeInteger(receivedMs) || receivedMs < 0 || receivedMs > timeMsMax)
      throw new RangeError(`${receivedMs} is not a wall clock in milliseconds`)
    this.#settleEncodings()
    if (this.#lastScaled.length < this.#entryTagNos.length)
      this.#lastScaled = new Float64Array(this.#entryTagNos.length * 2)
    // 28: two bytes of entry, eight of time, eight of value, a quarter of quality, six of dictionary, rounded up for a reading with a tag of its own.
    const bytesAtMost = headerBytes + checksumBytes + count * 28 + this.#texts.length * 2 + this.#textBytesAtMost + 16
    if (this.#out.length < bytesAtMost) this.#out = new Uint8Array(bytesAtMost * 2)

    const at = writeColumns(
      this.#out,
      {
        count,
        receivedMs,
        entries: this.#entries,
        times: this.#times,
        values: this.#values,
        qualities: this.#anyQuality ? this.#qualities : null,
        entryTagNos: this.#entryTagNos,
        entryEncodings: this.#entryEncodings,
        texts: this.#texts,
      },
      this.#lastScaled,
    )

    const bytes = this.#out.slice(0, at + checksumBytes)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, segmentMagic, true)
    view.setUint16(4, segmentVersion, true)
    view.setUint16(6, this.#anyQuality ? flagQuality : 0, true)
    setUint64(view, 8, firstSeq)
    setUint64(view, 16, receivedMs)
    view.setUint32(24, count, true)
    view.setUint32(28, this.#entryTagNos.length, true)
    view.setUint32(32, bytes.length, true)
    view.setUint32(at, crc32(bytes.subarray(0, at)), true)
    return bytes
  }

  reset(): void {
    this.#count = 0
    this.#anyQuality = false
    this.#entryOf.clear()
    this.#entryTagNos.length = 0
    this.#entryEncodings.length = 0
    this.#entryMagnitudes.length = 0
    this.#textIndexOf.clear()
    this.#texts.length = 0
    this.#textBytesAtMost = 0
  }

  #entry(tagNo: number, kind: number): number {
    const key = tagNo * 4 + kind
    const known = this.#entryOf.get(key)
    if (known !== undefined) return known
    const entry = this.#entryTagNos.length
    this.#entryOf.set(key, entry)
    this.#entryTagNos.push(tagNo)
    this.#entryEncodings.push(kind === kindNumber ? 0 : kind === kindBoolean ? encodingBoolean : encodingText)
    this.#entryMagnitudes.push(0)
    return entry
  }

  /** Finds the fewest decimals that write every number of the entry exactly, or gives up and keeps its floats as they are. */
  #noteNumber(entry: number, value: number): void {
    let decimals = this.#entryEncodings[entry] as number
    if (decimals === encodingRaw) return
    const magnitude = Math.abs(value)
    if (magnitude > (this.#entryMagnitudes[entry] as number)) this.#entryMagnitudes[entry] = magnitude
    const decimalsBefore = decimals
    // An integer has no sign of zero: -0 stays a float.
    if (value === 0 && Object.is(value, -0)) decimals = encodingRaw
    else {
      for (;;) {
        const scale = scales[decimals] as number
        const scaled = Math.round(value * scale)
        if (scaled / scale === value && scaled <= scaledMax && scaled >= -scaledMax) break
        if (++decimals > decimalsMax) {
          decimals = encodingRaw
          break
        }
      }
    }
    if (decimals !== decimalsBefore) this.#entryEncodings[entry] = decimals
  }

  /** The scale may have grown after a large value was seen with a small one. */
  #settleEncodings(): void {
    for (let entry = 0; entry < this.#entryEncodings.length; entry++) {
      const encoding = this.#entryEncodings[entry] as number
      if (
        encoding <= decimalsMax &&
        (this.#entryMagnitudes[entry] as number) * (scales[encoding] as number) > scaledMax
      )
        this.#entryEncodings[entry] = encodingRaw
    }
  }

  #text(value: string): number {
    const text = value.isWellFormed() ? value : value.toWellFormed()
    const known = this.#textIndexOf.get(text)
    if (known !== undefined) return known
    const index = this.#texts.length
    this.#textIndexOf.set(text, index)
    this.#texts.push(text)
    this.#textBytesAtMost += text.length * 3
    return index
  }

  #grow(): void {
    const capacity = Math.min(this.#entries.length * 4, segmentLimits.readingsMax)
    this.#entries = grown(new Uint16Array(capacity), this.#entries)
    this.#times = grown(new Float64Array(capacity), this.#times)
    this.#values = grown(new Float64Array(capacity), this.#values)
    this.#qualities = grown(new Uint8Array(capacity), this.#qualities)
  }
}

function grown<Column extends Uint8Array | Uint16Array | Float64Array>(larger: Column, smaller: Column): Column {
  larger.set(smaller)
  return larger
}
