import type { DecodedBatch } from '@jidoka/sync-protocol'
import type { Reading } from '@jidoka/domain'

/** A reading as the model compares it: all of its parts in words, with -0 told from 0. */
export const readingText = ({ tagNo, timeMs, value, quality }: Reading): string =>
  `${tagNo} ${timeMs} ${typeof value} ${Object.is(value, -0) ? '-0' : String(value)} ${quality}`

/** The rows of a batch as the model compares them. */
export function rowText(batch: Exclude<DecodedBatch, { kind: 'dropped' }>): { seq: number; text: string }[] {
  if (batch.kind === 'records') return batch.lines.map((text, index) => ({ seq: batch.header.from_seq + index, text }))
  return batch.segments.flatMap((segment) =>
    [...segment.readings()].map(({ seq, ...reading }) => ({ seq, text: readingText(reading) })),
  )
}
