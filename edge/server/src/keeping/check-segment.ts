import { isErrno } from '@jidoka/base'
import { bufferSource, decodeSegment, openMerged, readSegmentHeader, SegmentError } from '@jidoka/sync-protocol'
import { SegmentFile } from '../store/segment-files.ts'

/** What a stored segment must be, by its row. */
export interface SegmentRange {
  readonly firstSeq: number
  readonly count: number
}

/** Why the body of a row is damaged; null when it is whole. All its checksums are looked at. */
export function faultOfBody(body: Uint8Array, range: SegmentRange): string | null {
  return faultOf(() => {
    const header = readSegmentHeader(body)
    if (header.version === 1) decodeSegment(body)
    else openMerged(bufferSource(body)).verify()
    return header
  }, range)
}

/** Why the file of a merged segment is damaged; null when it is whole. */
export function faultOfFile(dataFolder: string, file: string, range: SegmentRange): string | null {
  return faultOf(() => {
    const source = SegmentFile.open(dataFolder, file)
    if (source === null) return null
    try {
      const merged = openMerged(source)
      merged.verify()
      return { firstSeq: merged.firstSeq, count: merged.count }
    } finally {
      source.close()
    }
  }, range)
}

function faultOf(check: () => SegmentRange | null, { firstSeq, count }: SegmentRange): string | null {
  try {
    const found = check()
    if (found === null) return 'Its file is missing.'
    return found.firstSeq === firstSeq && found.count === count
      ? null
      : `It holds ${found.count} readings from ${found.firstSeq} on, and its row says ${count} from ${firstSeq} on.`
  } catch (error) {
    if (error instanceof SegmentError) return error.message
    // The disk gives an error in place of its bytes: they are lost just the same.
    if (isErrno(error, 'EIO')) return `The disk cannot read it (${error.message}).`
    throw error
  }
}
