import type { ByteReader } from '../byte-reader.ts'
import { SegmentError } from '../error.ts'
import type { SectionPlace } from './sections.ts'

export interface GroupPlace {
  readonly firstTagNo: number
  readonly columns: number
  readonly readings: number
  readonly directory: SectionPlace
  readonly data: SectionPlace
}

/** Bytes of a group in the root, at least: six short numbers and two checksums. A header that claims more groups gets no memory for them. */
export const groupBytesMin = 14

/** Fields of a group, one behind the other. */
const [
  firstTagNo,
  columns,
  readings,
  directoryAt,
  directoryBytes,
  directoryCrc,
  dataAt,
  dataBytes,
  dataRawBytes,
  dataCrc,
] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const
const fieldsPerGroup = 10

/**
 * Where the groups of a segment lie, as numbers in one array. A chart of a day looks into 165 files of 500 groups each and
 * wants one group of each: as objects they were a quarter of its time.
 */
export class Groups {
  readonly length: number
  readonly #fields: Float64Array

  constructor(length: number) {
    this.length = length
    this.#fields = new Float64Array(length * fieldsPerGroup)
  }

  /** Takes the lengths of a group's sections from the root. Answers how long its data is when it is unpacked. */
  read(index: number, tagNo: number, itsColumns: number, itsReadings: number, root: ByteReader): number {
    const fields = this.#fields
    const at = index * fieldsPerGroup
    fields[at + firstTagNo] = tagNo
    fields[at + columns] = itsColumns
    fields[at + readings] = itsReadings
    fields[at + directoryBytes] = root.varint()
    fields[at + directoryCrc] = root.u32()
    const bytes = root.varint()
    const rawBytes = root.varint()
    if (bytes > rawBytes) throw new SegmentError('bounds', 'a section is longer packed than unpacked')
    fields[at + dataBytes] = bytes
    fields[at + dataRawBytes] = rawBytes
    fields[at + dataCrc] = root.u32()
    return rawBytes
  }

  /** Directories lie one behind the other from here on. Answers where they end. */
  placeDirectories(from: number): number {
    return this.#place(directoryAt, directoryBytes, from)
  }

  /** As `placeDirectories`; with the length of all when they are unpacked. */
  placeData(from: number): { readonly end: number; readonly rawBytes: number } {
    const end = this.#place(dataAt, dataBytes, from)
    let rawBytes = 0
    for (let at = dataRawBytes; at < this.#fields.length; at += fieldsPerGroup) rawBytes += this.#fields[at] as number
    return { end, rawBytes }
  }

  group(index: number): GroupPlace {
    const field = (name: number) => this.#fields[index * fieldsPerGroup + name] as number
    const bytes = field(directoryBytes)
    return {
      firstTagNo: field(firstTagNo),
      columns: field(columns),
      readings: field(readings),
      directory: { at: field(directoryAt), bytes, rawBytes: bytes, crc: field(directoryCrc) },
      data: { at: field(dataAt), bytes: field(dataBytes), rawBytes: field(dataRawBytes), crc: field(dataCrc) },
    }
  }

  /** The last group that begins with the tag or before it; -1 where none does. */
  indexOf(tagNo: number): number {
    let low = 0
    let high = this.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#fields[middle * fieldsPerGroup + firstTagNo] as number) <= tagNo) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  *[Symbol.iterator](): Iterator<GroupPlace> {
    for (let index = 0; index < this.length; index++) yield this.group(index)
  }

  #place(placeField: number, bytesField: number, from: number): number {
    let at = from
    for (let group = 0; group < this.#fields.length; group += fieldsPerGroup) {
      this.#fields[group + placeField] = at
      at += this.#fields[group + bytesField] as number
    }
    return at
  }
}
