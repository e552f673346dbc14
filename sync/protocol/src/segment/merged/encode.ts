import { crc32 } from 'node:zlib'
import { segmentLimits } from '../../limits.ts'
import { segmentMagic } from '../layout.ts'
import { setUint64, writeVarint } from '../varint.ts'
import { Clock } from './clock.ts'
import { GroupWriter } from './column-writer.ts'
import { commitPlanes } from './commits.ts'
import type { Gathered, GatheredColumn } from './gathered.ts'
import { GrowingBytes } from './growing-bytes.ts'
import { groupBytesMin, mergedHeaderBytes, mergedVersion } from './layout.ts'
import { joined, packSection } from './sections.ts'
import type { Section } from './sections.ts'
import { spanOf } from './stats.ts'

interface Group {
  readonly firstTagNo: number
  readonly columns: number
  readonly readings: number
  readonly directory: Uint8Array
  readonly data: Section
}

/**
 * Readings in order of arrival as one merged segment. The same readings in the same commits always give the same bytes.
 * @throws RangeError when they would be larger than a reader takes: texts alone can do that.
 */
export function encodeMerged(gathered: Gathered): Uint8Array {
  const { firstSeq, count, commits } = gathered
  const clock = Clock.of(commits, count)
  const span = spanOf(gathered.timeMs, count)
  const groups = encodeGroups(gathered, clock, span.fromMs)
  const clockSection = packSection(clock.planes())
  const commitSection = packSection(commitPlanes(commits))
  const sections = [clockSection, commitSection, ...groups.map(({ data }) => data)]

  const root = new GrowingBytes(64 + groups.length * 48)
  putSection(root, clockSection)
  putSection(root, commitSection)
  let tagNo = 0
  for (const group of groups) {
    putVarint(root, group.firstTagNo - tagNo)
    putVarint(root, group.columns)
    putVarint(root, group.readings)
    putVarint(root, group.directory.length)
    putUint32(root, crc32(group.directory))
    putSection(root, group.data)
    tagNo = group.firstTagNo
  }
  putUint32(root, crc32(root.written))

  const header = new Uint8Array(mergedHeaderBytes)
  const bytes = joined([
    header,
    root.written,
    ...groups.map(({ directory }) => directory),
    ...sections.map(({ stored }) => stored),
  ])
  const expandedBytes = sections.reduce((sum, { rawBytes }) => sum + rawBytes, 0)
  const wire = count <= segmentLimits.readingsMax
  const bytesMax = wire ? segmentLimits.bytesMax : segmentLimits.mergedBytesMax
  const expandedBytesMax = wire ? segmentLimits.expandedBytesMax : segmentLimits.mergedExpandedBytesMax
  if (bytes.length > bytesMax || expandedBytes > expandedBytesMax)
    throw new RangeError(
      `${count} readings take ${bytes.length} bytes, ${expandedBytes} unpacked: a segment of so many may have ${bytesMax} and ${expandedBytesMax}`,
    )

  const view = new DataView(bytes.buffer)
  view.setUint32(0, segmentMagic, true)
  view.setUint16(4, mergedVersion, true)
  setUint64(view, 8, firstSeq)
  setUint64(view, 16, commits.receivedMsOf(commits.length - 1))
  view.setUint32(24, count, true)
  view.setUint32(28, commits.length, true)
  view.setUint32(32, bytes.length, true)
  view.setUint32(36, expandedBytes, true)
  view.setUint32(40, groups.length, true)
  view.setUint32(44, root.at, true)
  view.setFloat64(48, span.fromMs, true)
  view.setFloat64(56, span.toMs, true)
  view.setUint32(
    64,
    groups.reduce((sum, { columns }) => sum + columns, 0),
    true,
  )
  view.setUint32(68, crc32(bytes.subarray(0, 68)), true)
  return bytes
}

function encodeGroups(gathered: Gathered, clock: Clock, segmentFromMs: number): Group[] {
  const { columns } = gathered
  const inOrder = [...columns.keys()]
    .filter((columnNo) => (columns[columnNo] as GatheredColumn).count > 0)
    .toSorted((left, right) => byTagAndKind(columns[left] as GatheredColumn, columns[right] as GatheredColumn))
  const { order, begins } = placesByColumn(gathered)
  const countMax = columns.reduce((most, { count }) => Math.max(most, count), 0)
  const places = new Float64Array(countMax)
  const timeMs = new Float64Array(countMax)
  const number = new Float64Array(countMax)
  const quality = new Uint8Array(countMax)
  const writer = new GroupWriter(clock, gathered.texts, segmentFromMs, countMax)
  const groups: Group[] = []
  for (const columnNo of inOrder) {
    const { tagNo, kind, count } = columns[columnNo] as GatheredColumn
    if (writer.rawBytes >= groupBytesMin && tagNo !== writer.lastTagNo) groups.push(closed(writer))
    const from = begins[columnNo] as number
    for (let index = 0; index < count; index++) {
      const place = order[from + index] as number
      places[index] = place
      timeMs[index] = gathered.timeMs[place] as number
      number[index] = gathered.number[place] as number
      quality[index] = gathered.quality[place] as number
    }
    writer.add({ tagNo, kind, count, places, timeMs, number, quality })
  }
  groups.push(closed(writer))
  return groups
}

const byTagAndKind = (left: GatheredColumn, right: GatheredColumn): number =>
  left.tagNo - right.tagNo || left.kind - right.kind

/** The places of each column in rising order, all columns in one array; where each column begins in it. */
function placesByColumn({ columns, column, count }: Gathered): { order: Uint32Array; begins: Uint32Array } {
  const begins = new Uint32Array(columns.length)
  let begin = 0
  for (const [columnNo, { count: ofColumn }] of columns.entries()) {
    begins[columnNo] = begin
    begin += ofColumn
  }
  const order = new Uint32Array(count)
  const next = begins.slice()
  for (let place = 0; place < count; place++) {
    const columnNo = column[place] as number
    const at = next[columnNo] as number
    order[at] = place
    next[columnNo] = at + 1
  }
  return { order, begins }
}

function closed(writer: GroupWriter): Group {
  const { firstTagNo, columns, readings } = writer
  const group = {
    firstTagNo,
    columns,
    readings,
    directory: writer.directory.written.slice(),
    data: packSection(writer.planes),
  }
  writer.reset()
  return group
}

function putSection(out: GrowingBytes, { stored, rawBytes, crc }: Section): void {
  putVarint(out, stored.length)
  putVarint(out, rawBytes)
  putUint32(out, crc)
}

function putVarint(out: GrowingBytes, value: number): void {
  out.reserve(8)
  out.at = writeVarint(out.bytes, out.at, value)
}

function putUint32(out: GrowingBytes, value: number): void {
  out.reserve(4)
  new DataView(out.bytes.buffer).setUint32(out.at, value, true)
  out.at += 4
}
