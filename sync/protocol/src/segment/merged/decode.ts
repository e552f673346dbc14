import { DecodedSegment } from '../segment.ts'
import type { Segment } from '../segment.ts'
import { bufferSource } from './byte-source.ts'
import type { GatheredColumn } from './gathered.ts'
import { Gatherer } from './gathered.ts'
import { ColumnarReader } from './reader.ts'

/**
 * All readings of a merged segment, back in order of arrival.
 * @throws SegmentError
 */
export function decodeMerged(bytes: Uint8Array): Segment {
  const reader = new ColumnarReader(bufferSource(bytes))
  const gatherer = new Gatherer(reader.firstSeq, reader.count)
  gatherer.addMerged(reader)
  const { firstSeq, count, columns, column, timeMs, number, quality, texts, commits } = gatherer.result()
  const order = entriesByFirstArrival(column, columns.length)
  const ordered = order.map((columnNo) => columns[columnNo] as GatheredColumn)
  return new DecodedSegment({
    firstSeq,
    count,
    commitTable: commits,
    entryTagNos: ordered.map(({ tagNo }) => tagNo),
    entryKinds: ordered.map(({ kind }) => kind),
    entry: column,
    timeMs,
    quality,
    number,
    texts,
  })
}

/** Numbers the columns anew, as in a segment that was never merged; in place. Returns the old number of each. */
function entriesByFirstArrival(column: Uint32Array, columnCount: number): number[] {
  const entryOf = new Int32Array(columnCount).fill(-1)
  const order: number[] = []
  for (let place = 0; place < column.length; place++) {
    const columnNo = column[place] as number
    let entry = entryOf[columnNo] as number
    if (entry < 0) {
      entry = order.push(columnNo) - 1
      entryOf[columnNo] = entry
    }
    column[place] = entry
  }
  return order
}
