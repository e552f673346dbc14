import type { LastValue } from '../store/last-values.ts'
import type { ReceivedClockState } from './received-clock.ts'

/** Where the readings begin that windows are made of, and where the appliance's clock stands behind the last of them. */
export interface WindowStart extends ReceivedClockState {
  readonly fromSeq: number
}

/** What windows are filled from, after a start and when rules change: readings in the order of their arrival. */
export interface WindowReader {
  /**
   * Looks where windows begin that reach back so far; null where nothing is stored. Each step takes a few milliseconds at most.
   * See `findWindowStart`.
   */
  findStart(backMs: number): Generator<undefined, WindowStart | null, undefined>
  readTagsFrom(
    tagNos: readonly number[],
    fromSeq: number,
  ): Iterable<
    { readonly seq: number; readonly tagNo: number } & Pick<LastValue, 'timeMs' | 'receivedMs' | 'value' | 'quality'>
  >
}
