import type { LastValue } from '../store/last-values.ts'

/** What windows are filled from after a start: readings in the order of their arrival. */
export interface WindowReader {
  /** The first reading that came within a span of the appliance's clock. */
  firstSeqWithin(span: { readonly fromMs: number; readonly toMs: number }): number | null
  readTagsFrom(
    tagNos: readonly number[],
    fromSeq: number,
  ): Iterable<
    { readonly seq: number; readonly tagNo: number } & Pick<LastValue, 'timeMs' | 'receivedMs' | 'value' | 'quality'>
  >
}
