import type { TagDefinition } from '@jidoka/domain'
import type { StoreReader } from '../store/journal-reader.ts'
import type { TagReading } from '../store/read-tags.ts'

/** A reading as it leaves the house: nothing of it needs the appliance to be understood. */
export interface ExportedReading extends TagReading {
  readonly tag: string
  readonly unit: string
}

export interface ExportQuestion {
  /** Null: every tag. */
  readonly tags: readonly TagDefinition[] | null
  readonly fromMs: number
  /** Not included. */
  readonly toMs: number
}

/** Readings in order of arrival, as the journal is when the export begins. */
export function* exportedReadings(
  reader: StoreReader,
  { tags, fromMs, toMs }: ExportQuestion,
): Generator<ExportedReading, void, undefined> {
  const known = new Map(reader.tags().map((tag) => [tag.tag_no, tag]))
  const tagNos = tags?.map((tag) => tag.tag_no) ?? null
  const { readingsSeq } = reader.lanes()
  for (const reading of reader.readTagsFrom(tagNos, 1, { toSeq: readingsSeq, fromMs, toMs: toMs - 1 })) {
    const tag = known.get(reading.tagNo)
    yield { ...reading, tag: tag?.key ?? `tag ${reading.tagNo}`, unit: tag?.unit ?? '' }
  }
}

export const csvHead = 'time,tag,value,kind,unit,quality,received,seq'

export function csvLine({ timeMs, tag, value, unit, quality, receivedMs, seq }: ExportedReading): string {
  const kind = typeof value === 'string' ? 'text' : typeof value
  return [
    iso(timeMs),
    csvField(tag),
    csvField(csvValue(value)),
    kind,
    csvField(unit),
    quality,
    iso(receivedMs),
    seq,
  ].join(',')
}

export function ndjsonLine({ timeMs, tag, value, unit, quality, receivedMs, seq }: ExportedReading): string {
  const ndjsonValue = Object.is(value, -0) ? '-0' : JSON.stringify(value)
  return `{"time":"${iso(timeMs)}","tag":${JSON.stringify(tag)},"value":${ndjsonValue},"unit":${JSON.stringify(unit)},"quality":"${quality}","received":"${iso(receivedMs)}","seq":${seq}}`
}

/** Instants beyond the year 275,760 have no ISO form; a device with such a clock still gets its readings out. */
export const iso = (ms: number): string => (Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms))

export const csvField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

const csvValue = (value: TagReading['value']): string => (Object.is(value, -0) ? '-0' : String(value))
