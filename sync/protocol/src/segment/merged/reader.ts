import { SegmentError } from '../error.ts'
import { decimalsMax, kindNumber } from '../layout.ts'
import type { ByteSource } from './byte-source.ts'
import { HeadedSource } from './byte-source.ts'
import type { Clock } from './clock.ts'
import { readClock } from './clock.ts'
import type { Column } from './column-reader.ts'
import { readColumn } from './column-reader.ts'
import { readCommits } from './commits.ts'
import type { Commit, CommitTable } from './commits.ts'
import type { ColumnPlace, Directory } from './directory.ts'
import { readDirectory } from './directory.ts'
import { readMergedHeader } from './header.ts'
import type { MergedHeader } from './header.ts'
import { mergedHeaderBytes } from './layout.ts'
import { readRoot } from './root.ts'
import type { Root } from './root.ts'
import { checkSection, unpackBoth, unpackSection } from './sections.ts'
import type { SectionPlace } from './sections.ts'
import { spanOf, statsOfNumbers } from './stats.ts'
import type { NumberStats, TagStats } from './stats.ts'
import { joinColumns } from './tag-column.ts'
import type { TagColumn } from './tag-column.ts'

/** Reads a merged segment a little at a time. All methods throw SegmentError where they meet damage. */
export interface MergedReader {
  readonly firstSeq: number
  readonly count: number
  /** Of the last commit. */
  readonly receivedMs: number
  readonly fromMs: number
  readonly toMs: number
  /** Length of the whole. */
  readonly bytes: number
  /** Reads them when asked for the first time. */
  readonly commits: readonly Commit[]
  /** When the reading with this sequence number was committed. */
  receivedMsOf(seq: number): number
  /** Rising. Reads all directories, no data. */
  readonly tagNos: readonly number[]
  /** Null of a tag that has no reading here. Reads the directory; of a tag with few readings also those. */
  stats(tagNo: number): TagStats | null
  /** All readings of a tag in order of arrival; null when there is none. */
  readTag(tagNo: number): TagColumn | null
  /** Every checksum. What passes may still lie, if somebody made it so. */
  verify(): void
}

/** @throws SegmentError */
export function openMerged(source: ByteSource): MergedReader {
  return new ColumnarReader(source)
}

interface Found {
  readonly tagNo: number
  readonly group: number
  readonly directory: Directory
}

export class ColumnarReader implements MergedReader {
  readonly header: MergedHeader
  readonly #source: HeadedSource
  readonly #root: Root
  #found: Found | null = null
  #commits: CommitTable | null = null
  #clock: Clock | null = null
  readonly #readClock = (): Clock => (this.#clock ??= readClock(this.#unpacked(this.#root.clock), this.header.count))
  /** The data that was unpacked last: what is asked for next is often its neighbour. */
  #dataOf = -1
  #data: Uint8Array = new Uint8Array(0)

  constructor(source: ByteSource) {
    this.#source = new HeadedSource(source)
    this.header = readMergedHeader(this.#source.read(0, Math.min(source.bytes, mergedHeaderBytes)))
    if (this.header.bytes !== source.bytes)
      throw new SegmentError('bounds', `it has ${source.bytes} bytes and claims ${this.header.bytes}`)
    this.#root = readRoot(this.#source.read(mergedHeaderBytes, this.header.rootBytes), this.header)
  }

  get firstSeq(): number {
    return this.header.firstSeq
  }

  get count(): number {
    return this.header.count
  }

  get receivedMs(): number {
    return this.header.receivedMs
  }

  get fromMs(): number {
    return this.header.fromMs
  }

  get toMs(): number {
    return this.header.toMs
  }

  get bytes(): number {
    return this.header.bytes
  }

  get commitTable(): CommitTable {
    const { firstSeq, count, commitCount } = this.header
    this.#commits ??= readCommits(this.#unpacked(this.#root.commits), firstSeq, count, commitCount)
    return this.#commits
  }

  get commits(): readonly Commit[] {
    return this.commitTable.list
  }

  receivedMsOf(seq: number): number {
    return this.commitTable.receivedMsAt(seq - this.firstSeq)
  }

  get tagNos(): readonly number[] {
    const tagNos: number[] = []
    for (let group = 0; group < this.#root.groups.length; group++)
      for (const { tagNo } of this.#directory(group, null).columns) tagNos.push(tagNo)
    return tagNos.filter((tagNo, index) => tagNo !== tagNos[index - 1])
  }

  stats(tagNo: number): TagStats | null {
    const { group, directory } = this.#lookUp(tagNo)
    const parts = directory.columns.map((place) => {
      if (place.span !== null) return { count: place.count, ...place.span, numbers: place.numbers }
      const column = this.#column(group, directory, place)
      return { count: place.count, ...spanOf(column.timeMs, column.count), numbers: numbersOf(column, place) }
    })
    return parts.length === 0
      ? null
      : {
          count: parts.reduce((sum, { count }) => sum + count, 0),
          fromMs: Math.min(...parts.map(({ fromMs }) => fromMs)),
          toMs: Math.max(...parts.map(({ toMs }) => toMs)),
          numbers: parts.find(({ numbers }) => numbers !== null)?.numbers ?? null,
        }
  }

  readTag(tagNo: number): TagColumn | null {
    const { group, directory } = this.#lookUp(tagNo)
    return joinColumns(
      this.firstSeq,
      directory.columns.map((place) => this.#column(group, directory, place)),
    )
  }

  /** Every column, one after another; of each group the data is unpacked once. */
  *columns(): Iterable<Column> {
    for (let group = 0; group < this.#root.groups.length; group++) {
      const directory = this.#directory(group, null)
      for (const place of directory.columns) yield this.#column(group, directory, place)
    }
  }

  verify(): void {
    for (const place of [
      this.#root.clock,
      this.#root.commits,
      ...[...this.#root.groups].flatMap(({ directory, data }) => [directory, data]),
    ])
      checkSection(this.#source.read(place.at, place.bytes), place)
  }

  /** The columns of one tag. What was found last is kept: after the statistics the readings are asked for. */
  #lookUp(tagNo: number): Found {
    if (this.#found?.tagNo === tagNo) return this.#found
    const group = this.#root.groups.indexOf(tagNo)
    const directory = group < 0 ? { columns: [], qualities: 0 } : this.#directory(group, tagNo)
    return (this.#found = { tagNo, group, directory })
  }

  #directory(group: number, wantedTagNo: number | null): Directory {
    const place = this.#root.groups.group(group)
    const bytes = this.#source.read(place.directory.at, place.directory.bytes)
    return readDirectory(bytes, place, this.fromMs, wantedTagNo)
  }

  #column(group: number, { qualities }: Directory, place: ColumnPlace): Column {
    const { readings, data } = this.#root.groups.group(group)
    if (this.#dataOf !== group) {
      this.#data = this.#clock === null ? this.#dataWithClock(data) : this.#unpacked(data)
      this.#dataOf = group
    }
    return readColumn(place, { data: this.#data, readings, qualities, count: this.count, clock: this.#readClock })
  }

  #unpacked(place: SectionPlace): Uint8Array {
    return unpackSection(this.#stored(place), place)
  }

  /** Every column needs the clock, too. */
  #dataWithClock(data: SectionPlace): Uint8Array {
    const { clock } = this.#root
    const [rawClock, rawData] = unpackBoth([this.#stored(clock), clock], [this.#stored(data), data])
    this.#clock = readClock(rawClock, this.header.count)
    return rawData
  }

  #stored({ at, bytes }: SectionPlace): Uint8Array {
    return this.#source.read(at, bytes)
  }
}

function numbersOf({ kind, number, timeMs, count }: Column, place: ColumnPlace): NumberStats | null {
  if (kind !== kindNumber) return null
  const decimals = place.encoding <= decimalsMax && !place.hasExceptions ? place.encoding : null
  return statsOfNumbers(number, timeMs, count, decimals)
}
