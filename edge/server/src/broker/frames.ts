/** One MQTT packet within a buffer. */
export interface Frame {
  /** First byte: type and flags. */
  readonly head: number
  readonly start: number
  /** Where the variable header begins. */
  readonly body: number
  readonly end: number
}

export type FrameOutcome = Frame | 'incomplete' | 'malformed' | 'too_large'

/**
 * Finds the packet that begins at `start`. Its length is known from its first five bytes, so that one that is too large
 * is refused before it is gathered.
 * [MQTT-2.2.3] the remaining length has at most four bytes.
 */
export function nextFrame(bytes: Uint8Array, start: number, packetBytesMax: number): FrameOutcome {
  // Types 0 and 15 are reserved (table 2.1): nothing behind them could make such a packet right.
  const type = (bytes[start] as number) >>> 4
  if (type === 0 || type === 15) return 'malformed'
  let length = 0
  let factor = 1
  let at = start + 1
  for (;;) {
    if (at - start > 4) return 'malformed'
    if (at >= bytes.length) return 'incomplete'
    const byte = bytes[at++] as number
    length += (byte & 127) * factor
    if (byte < 128) break
    factor *= 128
  }
  if (at - start + length > packetBytesMax) return 'too_large'
  if (at + length > bytes.length) return 'incomplete'
  return { head: bytes[start] as number, start, body: at, end: at + length }
}

/** How long the packet at the beginning is, as far as its first bytes say; 0 while they do not. `nextFrame` has bounded it. */
export function frameBytes(bytes: Uint8Array): number {
  let length = 0
  let factor = 1
  for (let at = 1; at < Math.min(bytes.length, 5); at++) {
    const byte = bytes[at] as number
    length += (byte & 127) * factor
    if (byte < 128) return at + 1 + length
    factor *= 128
  }
  return 0
}
