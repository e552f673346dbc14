import type { LastValue } from '../store/last-values.ts'
import type { Noted, Series } from './series.ts'

/** Null: no reading for windows. */
export function takeReading(
  series: Series,
  { timeMs, receivedMs, value, quality }: Pick<LastValue, 'timeMs' | 'receivedMs' | 'value' | 'quality'>,
): Noted | null {
  if (typeof value !== 'number' || quality === 'bad') return null
  return series.note(timeMs, receivedMs, value, quality === 'uncertain')
}
