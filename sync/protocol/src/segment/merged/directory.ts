import { crc32 } from 'node:zlib'
import { ByteReader } from '../byte-reader.ts'
import { SegmentError } from '../error.ts'
import {
  decimalsMax,
  encodingBoolean,
  encodingRaw,
  encodingText,
  kindBoolean,
  kindNumber,
  kindText,
  tagNoMax,
} from '../layout.ts'
import type { GroupPlace } from './groups.ts'
import {
  encodingMask,
  encodingSingle,
  flagClock,
  flagColumnQuality,
  flagExceptions,
  flagStats,
  flagWideStats,
} from './layout.ts'
import { predictors } from './predictors.ts'
import type { Predictor } from './predictors.ts'
import { readNumberStats, readSpan, skipStats } from './stats.ts'
import type { NumberStats, Span } from './stats.ts'

export interface ColumnPlace {
  readonly tagNo: number
  readonly kind: number
  readonly encoding: number
  readonly hasExceptions: boolean
  readonly placePredictor: Predictor
  readonly timePredictor: Predictor
  readonly valuePredictor: Predictor
  readonly byClock: boolean
  readonly hasQualities: boolean
  readonly count: number
  /** Where it begins in the planes of places, times and values. */
  readonly from: number
  /** Where in that of qualities. */
  readonly qualitiesFrom: number
  /** Where in the extras. */
  readonly extrasFrom: number
  readonly extrasEnd: number
  readonly span: Span | null
  readonly numbers: NumberStats | null
}

const kindOfEncoding = (encoding: number): number =>
  encoding === encodingText ? kindText : encoding === encodingBoolean ? kindBoolean : kindNumber

const isEncoding = (encoding: number): boolean =>
  encoding <= decimalsMax || (encoding >= encodingRaw && encoding <= encodingSingle)

export interface Directory {
  readonly columns: readonly ColumnPlace[]
  /** Length of the plane of qualities. */
  readonly qualities: number
}

/**
 * What the columns of a group are and where they lie in its data.
 * @param wantedTagNo the others are passed over: of thousands of tags one is asked for
 * @throws SegmentError
 */
export function readDirectory(
  bytes: Uint8Array,
  group: GroupPlace,
  segmentFromMs: number,
  wantedTagNo: number | null = null,
): Directory {
  if (crc32(bytes) !== group.directory.crc)
    throw new SegmentError('checksum', 'the checksum of a directory does not fit its bytes')
  const reader = new ByteReader(bytes, 0, bytes.length)
  const columns: ColumnPlace[] = []
  let tagNo = group.firstTagNo
  let kindBefore = -1
  let from = 0
  let qualities = 0
  let extras = 0
  for (let index = 0; index < group.columns; index++) {
    const step = reader.varint()
    const shape = reader.u8()
    const modes = reader.u8()
    const count = reader.varint()
    const extrasBytes = reader.varint()
    const encoding = shape & encodingMask
    const kind = kindOfEncoding(encoding)
    tagNo += step
    if (!isEncoding(encoding)) throw new SegmentError('shape', `the encoding ${encoding} is unknown`)
    if (tagNo > tagNoMax || (index === 0 && step !== 0) || (step === 0 && kind <= kindBefore))
      throw new SegmentError('bounds', `the tag ${tagNo} is not at its place`)
    if (count < 1 || from + count > group.readings)
      throw new SegmentError('bounds', `a column claims ${count} readings`)
    const hasQualities = (modes & flagColumnQuality) !== 0
    const stats = (shape & flagStats) !== 0
    const wide = (shape & flagWideStats) !== 0
    if (wantedTagNo !== null && tagNo !== wantedTagNo) {
      if (stats) skipStats(reader, kind === kindNumber, wide)
    } else {
      const span = stats ? readSpan(reader, segmentFromMs) : null
      columns.push({
        tagNo,
        kind,
        encoding,
        hasExceptions: (shape & flagExceptions) !== 0,
        placePredictor: predictors[modes & 3] as Predictor,
        timePredictor: predictors[(modes >>> 2) & 3] as Predictor,
        valuePredictor: predictors[(modes >>> 4) & 3] as Predictor,
        byClock: (modes & flagClock) !== 0,
        hasQualities,
        count,
        from,
        qualitiesFrom: qualities,
        extrasFrom: extras,
        extrasEnd: extras + extrasBytes,
        span,
        numbers: span !== null && kind === kindNumber ? readNumberStats(reader, span, { count, encoding, wide }) : null,
      })
    }
    kindBefore = kind
    from += count
    if (hasQualities) qualities += count
    extras += extrasBytes
  }
  if (!reader.atEnd) throw new SegmentError('shape', 'bytes are left over behind a directory')
  if (from !== group.readings || from * 3 + qualities + extras !== group.data.rawBytes)
    throw new SegmentError('shape', 'the columns of a group do not fill it')
  return { columns, qualities }
}
