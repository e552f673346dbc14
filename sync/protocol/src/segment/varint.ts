/** Seven bits a byte, lowest first. Bit operations see 32 bits only, so larger numbers are cut down by division before. */
export function writeVarint(out: Uint8Array, from: number, value: number): number {
  let at = from
  let rest = value
  while (rest > 0x7fff_ffff) {
    out[at++] = (rest % 128) | 128
    rest = Math.floor(rest / 128)
  }
  while (rest > 127) {
    out[at++] = (rest & 127) | 128
    rest >>>= 7
  }
  out[at++] = rest
  return at
}

export function writeZigzag(out: Uint8Array, from: number, value: number): number {
  if (value < 0x3fff_ffff && value > -0x3fff_ffff) {
    let rest = (value << 1) ^ (value >> 31)
    let at = from
    while (rest > 127) {
      out[at++] = (rest & 127) | 128
      rest >>>= 7
    }
    out[at++] = rest
    return at
  }
  return writeVarint(out, from, zigzag(value))
}

/** Small magnitudes of either sign as small non-negative integers. Exact to 2^52 either way. */
export function zigzag(value: number): number {
  return value < 0 ? -value * 2 - 1 : value * 2
}

export function unzigzag(code: number): number {
  if (code <= 0x7fff_ffff) return (code >>> 1) ^ -(code & 1)
  return code % 2 === 0 ? code / 2 : -(code + 1) / 2
}

export function setUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true)
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true)
}

export function getUint64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32
}
