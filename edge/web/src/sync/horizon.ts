import type { LineToCloud } from '@jidoka/contract'
import { useText } from '../messages/index.ts'

/** Ten years: whoever reads a longer forecast takes it for one. The appliance says 36,500 where nothing ever has to go. */
const daysShownMax = 3_650

/** The shorter of the two forecasts: who plans by it must not be surprised. Null while neither is known. */
export function shorterHorizonDays({
  horizon_days: byHour,
  horizon_days_at_day_rate: byDay,
}: Pick<LineToCloud['disk'], 'horizon_days' | 'horizon_days_at_day_rate'>): number | null {
  if (byHour === null || byDay === null) return byHour ?? byDay
  return Math.min(byHour, byDay)
}

export function useHorizonText(): (days: number | null) => string | null {
  const t = useText()
  return (days) => {
    if (days === null) return null
    if (days < 1) return t('disk.under_a_day')
    return days > daysShownMax ? t('disk.over_ten_years') : t('disk.days', { days: Math.floor(days) })
  }
}
