import type { TagPlace } from '@jidoka/domain'
import type { Series } from './series.ts'
import type { WindowFigure } from './window-figure.ts'
import type { WindowSpec } from './window-spec.ts'

/** The windows of one tag: a series for each lateness that rules ask for. */
export interface TagWindows {
  readonly series: readonly OwnedSeries[]
  readonly figures: ReadonlyMap<WindowSpec, WindowFigure>
}

export interface OwnedSeries {
  readonly series: Series
  /** How far back in the journal its readings lie at most. */
  readonly lookBackMs: number
  isFilled: boolean
  /** Where filling goes on; null: at the beginning. */
  readonly nextSeq: number | null
}

/** What of a tag its windows are hung on. */
export interface WindowedTag {
  readonly tagNo: number
  readonly place: TagPlace
  /** Null: no rule looks at its windows. Undefined: not yet worked out. */
  windows: TagWindows | null | undefined
}
