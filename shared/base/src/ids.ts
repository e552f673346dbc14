import { randomFillSync } from 'node:crypto'

const bytes = new Uint8Array(16)
const view = new DataView(bytes.buffer)
let lastMs = 0
let counter = 0

/**
 * UUID version 7 (RFC 9562): sorts by the time of its making, also within one millisecond of one process.
 * The 12 bits behind the time count up within a millisecond and borrow from the next when they run over.
 */
export function uuidv7(nowMs: number = Date.now()): string {
  randomFillSync(bytes)
  if (nowMs > lastMs) {
    lastMs = nowMs
    counter = view.getUint16(6) & 0x7ff
  } else if (++counter > 0xfff) {
    lastMs++
    counter = 0
  }
  view.setUint16(0, Math.floor(lastMs / 2 ** 32))
  view.setUint32(2, lastMs % 2 ** 32)
  view.setUint16(6, 0x7000 | counter)
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
  const hex = Buffer.from(bytes.buffer).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
