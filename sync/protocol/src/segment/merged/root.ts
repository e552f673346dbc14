import { crc32 } from 'node:zlib'
import { ByteReader } from '../byte-reader.ts'
import { SegmentError } from '../error.ts'
import { tagNoMax } from '../layout.ts'
import type { MergedHeader } from './header.ts'
import { mergedHeaderBytes } from './layout.ts'
import type { SectionPlace } from './sections.ts'

export interface GroupPlace {
  readonly firstTagNo: number
  readonly columns: number
  readonly readings: number
  readonly directory: SectionPlace
  readonly data: SectionPlace
}

export interface Root {
  readonly clock: SectionPlace
  readonly commits: SectionPlace
  readonly groups: readonly GroupPlace[]
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
  const drafts: { firstTagNo: number; columns: number; readings: number; directory: Lengths; data: Lengths }[] = []
  let tagNo = 0
  let columns = 0
  let readings = 0
  for (let index = 0; index < header.groupCount; index++) {
    const step = reader.varint()
    tagNo += step
    if (tagNo < 1 || tagNo > tagNoMax || (step === 0 && index > 0))
      throw new SegmentError('bounds', `group ${index} begins with the tag ${tagNo}`)
    const draft = { firstTagNo: tagNo, columns: reader.varint(), readings: reader.varint() }
    const directoryBytes = reader.varint()
    const directory = { bytes: directoryBytes, rawBytes: directoryBytes, crc: reader.u32() }
    const data = readLengths(reader)
    if (draft.columns < 1 || draft.readings < draft.columns || data.rawBytes < draft.readings * 3)
      throw new SegmentError('bounds', `group ${index} claims ${draft.readings} readings of ${draft.columns} columns`)
    columns += draft.columns
    readings += draft.readings
    drafts.push({ ...draft, directory, data })
  }
  if (!reader.atEnd) throw new SegmentError('shape', 'bytes are left over behind its root')
  if (columns !== header.columnCount || readings !== header.count)
    throw new SegmentError('shape', `its groups hold ${readings} readings of ${columns} columns, it claims others`)

  let at = mergedHeaderBytes + header.rootBytes
  let rawBytes = 0
  const placed = (lengths: Lengths): SectionPlace => {
    const place = { at, ...lengths }
    at += lengths.bytes
    return place
  }
  const packed = (lengths: Lengths): SectionPlace => {
    rawBytes += lengths.rawBytes
    return placed(lengths)
  }
  const directories = drafts.map(({ directory }) => placed(directory))
  const root = {
    clock: packed(clock),
    commits: packed(commits),
    groups: drafts.map((draft, index) => ({
      firstTagNo: draft.firstTagNo,
      columns: draft.columns,
      readings: draft.readings,
      directory: directories[index] as SectionPlace,
      data: packed(draft.data),
    })),
  }
  if (at !== header.bytes || rawBytes !== header.expandedBytes)
    throw new SegmentError('shape', `its sections end at ${at}, ${rawBytes} unpacked; it claims others`)
  return root
}

type Lengths = Omit<SectionPlace, 'at'>

function readLengths(reader: ByteReader): Lengths {
  const bytes = reader.varint()
  const rawBytes = reader.varint()
  if (bytes > rawBytes) throw new SegmentError('bounds', 'a section is longer packed than unpacked')
  return { bytes, rawBytes, crc: reader.u32() }
}
