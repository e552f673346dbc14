import type { CourierExport } from '@jidoka/contract'

export interface ExportFrom {
  readonly records: number | undefined
  readonly readings: number | undefined
}

/** Where the file behind `written` begins; null when it holds all there is. A lane of which it held nothing goes on where it was. */
export function nextFrom(written: CourierExport | undefined, start: ExportFrom | null): ExportFrom | null {
  if (written === undefined || !written.has_more) return null
  const behind = (stretch: CourierExport['records'], was: number | undefined) =>
    stretch === null ? was : stretch.to_seq + 1
  return {
    records: behind(written.records, start?.records),
    readings: behind(written.readings, start?.readings),
  }
}
