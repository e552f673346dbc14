import { decimalsMax, encodingBoolean, encodingRaw, encodingText, headerBytes, scales } from './layout.ts'
import { writeVarint, writeZigzag } from './varint.ts'

/** What a builder has gathered; arrays may be longer than `count`. */
export interface Columns {
  readonly count: number
  readonly receivedMs: number
  /** Per reading: index into the dictionary. */
  readonly entries: Uint16Array
  readonly times: Float64Array
  /** Per reading: the number, 0 or 1, or the index of a text. */
  readonly values: Float64Array
  /** Null when all are good. */
  readonly qualities: Uint8Array | null
  readonly entryTagNos: readonly number[]
  readonly entryEncodings: readonly number[]
  readonly texts: readonly string[]
}

const textEncoder = new TextEncoder()

/**
 * Writes all columns behind the header; see layout.ts for their order. The caller has made sure of the room.
 * @param scratch one number per dictionary entry, of any content
 * @returns where the checksum goes
 */
export function writeColumns(out: Uint8Array, columns: Columns, scratch: Float64Array): number {
  let at = writeDictionary(out, headerBytes, columns)
  at = writeEntries(out, at, columns)
  at = writeTimes(out, at, columns)
  at = writeScaled(out, at, columns, scratch.fill(0, 0, columns.entryEncodings.length))
  if (columns.entryEncodings.includes(encodingRaw)) at = writeRaw(out, at, columns)
  if (columns.entryEncodings.includes(encodingBoolean)) at = writeBooleans(out, at, columns)
  if (columns.texts.length > 0) at = writeTexts(out, at, columns)
  return columns.qualities === null ? at : writeQualities(out, at, columns.qualities, columns.count)
}

function writeDictionary(out: Uint8Array, from: number, { entryTagNos, entryEncodings }: Columns): number {
  let at = from
  for (let entry = 0; entry < entryTagNos.length; entry++) {
    at = writeVarint(out, at, entryTagNos[entry] as number)
    out[at++] = entryEncodings[entry] as number
  }
  return at
}

function writeEntries(out: Uint8Array, from: number, { count, entries, entryTagNos }: Columns): number {
  if (entryTagNos.length === 1) return from
  const wide = entryTagNos.length > 256
  let at = from
  for (let index = 0; index < count; index++) {
    const entry = entries[index] as number
    out[at++] = entry
    if (wide) out[at++] = entry >>> 8
  }
  return at
}

function writeTimes(out: Uint8Array, from: number, { count, receivedMs, times }: Columns): number {
  let at = from
  let before = receivedMs
  for (let index = 0; index < count; index++) {
    const time = times[index] as number
    at = writeZigzag(out, at, time - before)
    before = time
  }
  return at
}

function writeScaled(
  out: Uint8Array,
  from: number,
  { count, entries, values, entryEncodings }: Columns,
  last: Float64Array,
): number {
  let at = from
  for (let index = 0; index < count; index++) {
    const entry = entries[index] as number
    const encoding = entryEncodings[entry] as number
    if (encoding > decimalsMax) continue
    const scaled = Math.round((values[index] as number) * (scales[encoding] as number))
    at = writeZigzag(out, at, scaled - (last[entry] as number))
    last[entry] = scaled
  }
  return at
}

function writeRaw(out: Uint8Array, from: number, { count, entries, values, entryEncodings }: Columns): number {
  const view = new DataView(out.buffer, out.byteOffset)
  let at = from
  for (let index = 0; index < count; index++) {
    if (entryEncodings[entries[index] as number] !== encodingRaw) continue
    view.setFloat64(at, values[index] as number, true)
    at += 8
  }
  return at
}

function writeBooleans(out: Uint8Array, from: number, { count, entries, values, entryEncodings }: Columns): number {
  let at = from
  let bits = 0
  let bitCount = 0
  for (let index = 0; index < count; index++) {
    if (entryEncodings[entries[index] as number] !== encodingBoolean) continue
    bits |= (values[index] as number) << bitCount
    if (++bitCount === 8) {
      out[at++] = bits
      bits = 0
      bitCount = 0
    }
  }
  if (bitCount > 0) out[at++] = bits
  return at
}

function writeTexts(out: Uint8Array, from: number, { count, entries, values, entryEncodings, texts }: Columns): number {
  let at = writeVarint(out, from, texts.length)
  for (const text of texts) {
    // A text of 1,024 characters has a length of at most two varint bytes; written behind them and moved if one was enough.
    const { written } = textEncoder.encodeInto(text, out.subarray(at + 2))
    const start = writeVarint(out, at, written)
    if (start !== at + 2) out.copyWithin(start, at + 2, at + 2 + written)
    at = start + written
  }
  for (let index = 0; index < count; index++) {
    if (entryEncodings[entries[index] as number] === encodingText) at = writeVarint(out, at, values[index] as number)
  }
  return at
}

function writeQualities(out: Uint8Array, from: number, qualities: Uint8Array, count: number): number {
  const end = from + Math.ceil(count / 4)
  out.fill(0, from, end)
  for (let index = 0; index < count; index++) {
    const at = from + (index >>> 2)
    out[at] = (out[at] as number) | ((qualities[index] as number) << ((index & 3) * 2))
  }
  return end
}
