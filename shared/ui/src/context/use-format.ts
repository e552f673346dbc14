import { useMemo } from 'react'
import { formatDuration } from '../i18n/duration.ts'
import { formatBytes, formatCount, formatInstant, formatNumber, formatPercent, type DateStyle } from '../i18n/format.ts'
import { useUi } from './ui-context.tsx'

/** The formatters of `i18n/` with the reader's language and the site's zone filled in. */
export function useFormat() {
  const { locale, timeZone } = useUi()
  return useMemo(
    () => ({
      number: (value: number, decimals: number) => formatNumber(value, decimals, locale),
      count: (value: number) => formatCount(value, locale),
      /** Of something a second: a slow one must not read as none. */
      rate: (perSecond: number) => formatNumber(perSecond, perSecond < 10 ? 1 : 0, locale),
      percent: (fraction: number, decimals?: number) => formatPercent(fraction, locale, decimals),
      bytes: (bytes: number) => formatBytes(bytes, locale),
      duration: (ms: number) => formatDuration(ms, locale),
      instant: (instant: string | number | null, style: DateStyle) => formatInstant(instant, style, locale, timeZone),
    }),
    [locale, timeZone],
  )
}
