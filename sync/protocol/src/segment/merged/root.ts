import { crc32 } from 'node:zlib'
import { ByteReader } from '../byte-reader.ts'
import { SegmentError } from '../error.ts'
import { tagNoMax } from '../layout.ts'
import type { MergedHeader } from './header.ts'
import { groupBytesMin, Groups } from './groups.ts'
import { mergedHeaderBytes } from './layout.ts'
import type { SectionPlace } from './sections.ts'

export interface Root {
  readonly clock: SectionPlace
  readonly commits: SectionPlace
  readonly groups: Groups
}

/**
 * Where everything lies. All lengths are checked here against the header, so that whoever unpacks a section asks for no more than the
 * whole may have.
 * @throws SegmentError
 */
export function readRoot(bytes: Uint8Array, header: MergedHeader): Root {
  const end = bytes.length - 4
  if (new DataView(bytes.buffer, bytes.byteOffset).getUint32(end, true) !== crc32(bytes.subarray(0, end)))
    throw new SegmentError('checksum', 'the checksum of its root does not fit')
  const reader = new ByteReader(bytes, 0, end)
  const clock = readLengths(reader)
  const commits = readLengths(reader)
  if (header.groupCount * groupBytesMin > end)
    throw new SegmentError('bounds', `its root is too short for ${header.groupCount} groups`)
  const groups = new Groups(header.groupCount)
  let tagNo = 0
  let columns = 0
  let readings = 0
  for (let index = 0; index < header.groupCount; index++) {
    const step = reader.varint()
    tagNo += step
    if (tagNo < 1 || tagNo > tagNoMax || (step === 0 && index > 0))
      throw new SegmentError('bounds', `group ${index} begins with the tag ${tagNo}`)
    const itsColumns = reader.varint()
    const itsReadings = reader.varint()
    const rawBytes = groups.read(index, tagNo, itsColumns, itsReadings, reader)
    if (itsColumns < 1 || itsReadings < itsColumns || rawBytes < itsReadings * 3)
      throw new SegmentError('bounds', `group ${index} claims ${itsReadings} readings of ${itsColumns} columns`)
    columns += itsColumns
    readings += itsReadings
  }
  if (!reader.atEnd) throw new SegmentError('shape', 'bytes are left over behind its root')
  if (columns !== header.columnCount || readings !== header.count)
    throw new SegmentError('shape', `its groups hold ${readings} readings of ${columns} columns, it claims others`)

  const directoriesAt = mergedHeaderBytes + header.rootBytes
  const clockAt = groups.placeDirectories(directoriesAt)
  const commitsAt = clockAt + clock.bytes
  const { end: sectionsEnd, rawBytes } = groups.placeData(commitsAt + commits.bytes)
  const expandedBytes = rawBytes + clock.rawBytes + commits.rawBytes
  if (sectionsEnd !== header.bytes || expandedBytes !== header.expandedBytes)
    throw new SegmentError('shape', `its sections end at ${sectionsEnd}, ${expandedBytes} unpacked; it claims others`)
  return { clock: { at: clockAt, ...clock }, commits: { at: commitsAt, ...commits }, groups }
}

type Lengths = Omit<SectionPlace, 'at'>

function readLengths(reader: ByteReader): Lengths {
  const bytes = reader.varint()
  const rawBytes = reader.varint()
  if (bytes > rawBytes) throw new SegmentError('bounds', 'a section is longer packed than unpacked')
  return { bytes, rawBytes, crc: reader.u32() }
}
