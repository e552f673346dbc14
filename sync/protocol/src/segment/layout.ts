/**
 * A segment, little endian:
 *
 *     0  u32  magic "JSEG"             24  u32  count of readings
 *     4  u16  version                  28  u32  count of dictionary entries
 *     6  u16  flags                    32  u32  length in bytes, checksum included
 *     8  u64  firstSeq                 36  columns
 *    16  u64  receivedMs               -4  u32  CRC-32 of all before
 *
 * Columns, in this order; each reading's entry says which of the value columns holds it:
 *
 *     dictionary   per entry: varint tagNo, u8 encoding (0..9 decimals of scaled numbers | raw | boolean | text)
 *     entry        per reading: nothing (1 entry), u8 (to 256), u16 (above)
 *     time         per reading: zigzag varint of ms since the reading before; the first since receivedMs
 *     scaled       per scaled number: zigzag varint of value * 10^decimals minus the same of its entry's value before (0 at first)
 *     raw          per other number: f64
 *     boolean      per boolean: 1 bit, lowest first, padded with zeros
 *     text         varint count, then per distinct text: varint length, UTF-8; then per reading: varint index
 *     quality      with flag 1 only: 2 bits a reading, lowest first, the order of `qualities`
 */
export const segmentMagic = 0x4745534a // "JSEG"
export const segmentVersion = 1
export const headerBytes = 36
export const checksumBytes = 4

export const flagQuality = 1

/** 9: nine decimals of a value below a million still fit `scaledMax`; longer fractions are noise of a float and go raw. */
export const decimalsMax = 9
export const encodingRaw = 16
export const encodingBoolean = 17
export const encodingText = 18

/** 10^0 .. 10^9, all exact as floats, which is what makes `integer / scale` the nearest float to the decimal. */
export const scales = Float64Array.from({ length: decimalsMax + 1 }, (_, decimals) => 10 ** decimals)

/**
 * Largest scaled integer. Below 2^50 the rounding error of `value * scale` stays under a quarter, so that rounding finds the
 * one integer whose quotient is the value again, also when the scale grew after the value had been seen.
 */
export const scaledMax = 2 ** 50

/** Year 73,000 either way. The zigzag of the difference of any two such times is still an exact integer (2^53). */
export const timeMsMax = 2 ** 51
export const tagNoMax = 0xffff_ffff

/** The kinds of an entry's values, in the order of `valueKinds`. */
export const kindNumber = 0
export const kindBoolean = 1
export const kindText = 2
