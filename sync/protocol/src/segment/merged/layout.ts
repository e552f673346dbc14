/**
 * A merged segment (version 2), little endian: the readings of consecutive commits by tag, each with its place in the order of
 * arrival. Made to be read a little at a time; everything lies under a CRC-32, so that damage is found where it is met.
 *
 *     header       72 bytes, the first 24 as in version 1
 *     0  u32  magic "JSEG"               32  u32  length in bytes
 *     4  u16  version 2                  36  u32  length of everything packed, unpacked
 *     6  u16  flags, 0                   40  u32  count of groups
 *     8  u64  firstSeq                   44  u32  length of the root, its checksum included
 *    16  u64  receivedMs of the last     48  f64  earliest source time
 *             commit                     56  f64  latest source time
 *    24  u32  count of readings          64  u32  count of columns
 *    28  u32  count of commits           68  u32  CRC-32 of the 68 bytes before
 *
 *     root         varints, then CRC-32: the sections that follow, in their order. A section is `length, length unpacked, u32 CRC-32`;
 *                  equal lengths: it lies as it is, else as zstd frames.
 *                    section of the clock, section of the commits,
 *                    per group: first tagNo minus that of the group before, columns, readings,
 *                               length of its directory, u32 CRC-32 of it, section of its data
 *     directories  of all groups, one behind another; see below
 *     clock        wall clock at every `clockStep(count)`-th place and at the last, as codes (delta)
 *     commits      per commit count (codes, delta), receivedMs (codes, delta)
 *     data         of all groups
 *
 * A column is the readings of one tag and kind. Columns go by tag number, then kind; a group is as many as fill `groupBytesMin`, and
 * never ends within a tag. Directory entry of a column:
 *
 *     varint tagNo minus that of the column before (of the group's first tag: 0)
 *     u8     encoding (5 bits) | 32 has statistics | 64 statistics as floats | 128 has exceptions
 *     u8     predictor of places (2 bits), of times (2), of values (2) | 64 times relative to the clock | 128 has qualities
 *     varint count, varint length of its extras
 *     statistics, see stats.ts
 *
 * Data of a group: the planes of all its columns, each plane a zstd frame of its own (their bytes are distributed differently):
 * places, times, values (a byte a reading each, see codes.ts), qualities (a byte a reading of the columns that have them), extras. The
 * extras of a column: what its places, times and values have beyond one byte, floats, exceptions, distinct texts.
 */
export const mergedVersion = 2
export const mergedHeaderBytes = 72

/**
 * 16 KB: unpacking one takes about 30 us, part of the 60 to 100 us that reading one tag out of thousands costs. With 8 KB a reading takes
 * 0.02 to 0.04 bytes more (each plane has a table of its own), with 32 KB 0.01 to 0.02 less, and every reader of a tag unpacks twice as much.
 */
export const groupBytesMin = 16 * 1024

/**
 * Level 3: on noise levels 1 to 9 are the same within two percent; on values that repeat 3 is a sixth smaller than 1, and 9 a tenth
 * smaller than 3 for a third more time.
 */
export const mergedZstdLevel = 3

/**
 * With 24 readings or more a column says what it holds, in about 16 bytes: of 65,536 readings of 2,000 tags half a byte each, for which
 * a chart asks such a segment in 20 us and not in 90. Below, they would weigh as much as the readings.
 */
export const statsCountMin = 24

/** A value in places: 1,024 to 2,048 points whatever the count, so that reading one tag never pays for more, and not closer than 16. */
export function clockStep(count: number): number {
  let step = 16
  while (step * 2_048 < count) step *= 2
  return step
}

export const flagStats = 32
export const flagWideStats = 64
export const flagExceptions = 128
export const encodingMask = 31

export const flagClock = 64
export const flagColumnQuality = 128

/** Numbers that are exactly 32-bit floats, as controllers keep them. Only in merged segments. */
export const encodingSingle = 19
