import { crc32 } from 'node:zlib'

/** A line of an older version has no checksum: that it can be read is all that is known of it. */
export function isWholeRecord({ line, crc }: { readonly line: string; readonly crc: number | null }): boolean {
  if (crc !== null) return crc32(line) === crc
  try {
    JSON.parse(line)
    return true
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}

/** Those of some rows that are whole. */
export function* wholeRecords<Row extends { readonly line: string; readonly crc: number | null }>(
  rows: Iterable<Row>,
): Generator<Row> {
  for (const row of rows) if (isWholeRecord(row)) yield row
}
