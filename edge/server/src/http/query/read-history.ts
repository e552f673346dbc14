import { OperationalError } from '@jidoka/base'
import type { History } from '@jidoka/contract'
import type { StoreReader } from '../../store/journal-reader.ts'

export interface HistoryQuestion {
  readonly key: string
  readonly fromMs: number
  /** Included. */
  readonly toMs: number
  readonly points: number
}
export type HistoryAnswer = Pick<History, 'times_ms' | 'values' | 'readings_count'>

export const historyLimits = {
  /** The caller waits 10 s at most; a trend that needs longer is refused in words instead of being cut off in silence. */
  timeMsMax: 6_000,
} as const

/**
 * A tag's trend with the exact extremes of every stretch.
 * @throws OperationalError when it takes too long
 */
export function readHistory(
  reader: Pick<StoreReader, 'series'>,
  { key, fromMs, toMs, points }: HistoryQuestion,
  elapsedMs: () => number,
): HistoryAnswer {
  const series = reader.series(key, { fromMs, toMs, points }, () => elapsedMs() > historyLimits.timeMsMax)
  if (series === null)
    throw new OperationalError(
      'Reading this span takes longer than the appliance may give to one trend. Ask for a shorter one, or use `jidoka export`.',
    )
  return {
    times_ms: Array.from(series.timesMs),
    values: Array.from(series.values),
    readings_count: series.readingsCount,
  }
}
