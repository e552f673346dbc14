/**
 * Inputs that once broke something, or that are known to break others' parsers; every run begins with them. A found case
 * goes here as it came, with a word on what it did.
 */
const text = (value: string): Uint8Array => Buffer.from(value)

export const foundPayloads: readonly Uint8Array[] = [
  text(''),
  text('\u{feff}{"value":1}'),
  text('{"value":1e400}'),
  text('{"value":-0}'),
  text('{"value":1,"value":2}'),
  text('{"__proto__":{"value":1}}'),
  text('{"value":{"toString":1}}'),
  text('{"value":"\\u0000"}'),
  text('{"value":"\\ud800"}'),
  text('{"value":1,"timestamp":"2026-13-41T99:99:99Z"}'),
  text('{"value":1,"timestamp":1e308}'),
  text('['.repeat(4_000)),
  text('{"value":'.repeat(800)),
  text('[]'),
  text('[[]]'),
  text('{"samples":[]}'),
  text('{"samples":[[1795230245678]]}'),
  text(`[${'1,'.repeat(3_000)}1]`),
  text(`"${'x'.repeat(5_000)}"`),
  Uint8Array.of(0xff, 0xfe, 0x7b, 0x00),
  Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22),
]

const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex')

/** Before or instead of a CONNECT, and behind one. */
export const foundPackets: readonly Uint8Array[] = [
  // A remaining length that never ends.
  bytes('30 ff ff ff ff ff ff'),
  // A length beyond what follows, and beyond every limit.
  bytes('30 ff ff ff 7f'),
  // PUBLISH whose topic is longer than the packet; whose packet id is missing; of QoS 3.
  bytes('30 03 00 10 61'),
  bytes('32 03 00 01 61'),
  bytes('36 05 00 01 61 00 01'),
  // Packet id 0.
  bytes('32 06 00 01 61 00 00 31'),
  // SUBSCRIBE without a filter, with reserved flags, with QoS 3.
  bytes('82 02 00 01'),
  bytes('80 06 00 01 00 01 61 00'),
  bytes('82 06 00 01 00 01 61 03'),
  // A second CONNECT.
  bytes('10 0d 00 04 4d 51 54 54 04 02 00 00 00 01 61'),
  // CONNECT with a will of QoS 3, with a password and no login, with the reserved flag.
  bytes('10 0d 00 04 4d 51 54 54 04 1e 00 00 00 01 61'),
  bytes('10 0d 00 04 4d 51 54 54 04 42 00 00 00 01 61'),
  bytes('10 0d 00 04 4d 51 54 54 04 03 00 00 00 01 61'),
  // Acknowledgements of what was never sent.
  bytes('40 02 ff ff'),
  bytes('50 02 ff ff'),
  bytes('62 02 ff ff'),
  bytes('70 02 ff ff'),
  // Reserved packet types.
  bytes('00 00'),
  bytes('f0 00'),
]
