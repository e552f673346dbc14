import type { Segment } from '@jidoka/sync-protocol'
import { qualities, valueKinds } from '@jidoka/domain'
import { storableInstant, storableText } from '../../platform/db/storable.ts'

/** Highest spread of times in one row, milliseconds: `dt` is a 32-bit integer. 24.8 days; late data beyond it begins another row. */
const spreadMsMax = 2 ** 31 - 1

const booleanKind = valueKinds.indexOf('boolean')
const textKind = valueKinds.indexOf('text')
const goodQuality = qualities.indexOf('good')

/** A row of core.reading_segments: readings of one tag and one kind from one batch, in order of arrival. */
export interface SegmentRow {
  firstSeq: number
  tagNo: number
  kind: string
  fromMs: number
  toMs: number
  timesMs: number[]
  numbers: number[] | null
  texts: string[] | null
  qualities: number[]
  allGood: boolean
}

/** The last value of a tag in a batch and its numbers in order of arrival. */
export interface LastValue {
  tagNo: number
  /**
   * The instant that counts for order and age, as at the edge: the source time, or when the reading came to the edge where the
   * source's clock runs ahead. Such a device would else hide its own later values once it is set right.
   */
  atMs: number
  value: number | boolean | string
  quality: number
  recent: number[]
}

/** The sparkline's length (`boardTagSchema.recent`). */
export const recentMax = 60

/** Turns segments into rows, leaving out what lies before `fromSeq`. */
export function rowsOf(segments: readonly Segment[], fromSeq: number): { rows: SegmentRow[]; last: LastValue[] } {
  const rows: SegmentRow[] = []
  const open = new Map<number, SegmentRow>()
  const last = new Map<number, LastValue>()
  for (const segment of segments) {
    for (let index = Math.max(0, fromSeq - segment.firstSeq); index < segment.count; index++) {
      const tagNo = segment.tagNo[index] as number
      const kind = segment.kind[index] as number
      const timeMs = segment.timeMs[index] as number
      const number = segment.number[index] as number
      const quality = segment.quality[index] as number
      // Tag numbers are 32-bit: both fit one exact number.
      const key = tagNo * valueKinds.length + kind
      let row = open.get(key)
      if (row === undefined || Math.max(row.toMs, timeMs) - Math.min(row.fromMs, timeMs) > spreadMsMax) {
        row = {
          firstSeq: segment.firstSeq + index,
          tagNo,
          kind: valueKinds[kind] as string,
          fromMs: timeMs,
          toMs: timeMs,
          timesMs: [],
          numbers: kind === textKind ? null : [],
          texts: kind === textKind ? [] : null,
          qualities: [],
          allGood: true,
        }
        open.set(key, row)
        rows.push(row)
      }
      if (timeMs < row.fromMs) row.fromMs = timeMs
      if (timeMs > row.toMs) row.toMs = timeMs
      row.timesMs.push(timeMs)
      row.qualities.push(quality)
      if (quality !== goodQuality) row.allGood = false
      if (row.texts === null) row.numbers?.push(number)
      else row.texts.push(segment.texts[number] as string)

      const atMs = Math.min(timeMs, segment.receivedMsAt(index))
      let value = last.get(tagNo)
      if (value === undefined) {
        value = { tagNo, atMs, value: number, quality, recent: [] }
        last.set(tagNo, value)
      }
      if (atMs >= value.atMs) {
        value.atMs = atMs
        value.quality = quality
        value.value =
          kind === textKind ? (segment.texts[number] as string) : kind === booleanKind ? number === 1 : number
      }
      if (kind !== textKind && kind !== booleanKind) value.recent.push(number)
    }
  }
  for (const value of last.values()) value.recent = value.recent.slice(-recentMax)
  return { rows, last: [...last.values()] }
}

/** Rows as the columns of one `unnest`: arrays within arrays go as PostgreSQL's array text. */
export function columnsOf(rows: readonly SegmentRow[]): unknown[][] {
  return [
    rows.map((row) => row.firstSeq),
    rows.map((row) => row.tagNo),
    rows.map((row) => row.kind),
    rows.map((row) => storableInstant(row.fromMs)),
    rows.map((row) => storableInstant(row.toMs)),
    rows.map((row) => row.timesMs.length),
    rows.map((row) => `{${row.timesMs.map((timeMs) => timeMs - row.fromMs).join()}}`),
    rows.map((row) => (row.numbers === null ? null : `{${row.numbers.map(floatText).join()}}`)),
    rows.map((row) => (row.texts === null ? null : `{${row.texts.map(quoted).join()}}`)),
    rows.map((row) => (row.allGood ? null : `{${row.qualities.join()}}`)),
  ]
}

/** Shortest text that reads back as the same float; String() would lose the sign of -0. */
export function floatText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

function quoted(text: string): string {
  return `"${storableText(text).replace(/["\\]/g, '\\$&')}"`
}
