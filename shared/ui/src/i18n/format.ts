import type { Locale } from '@jidoka/domain'

/** Shown for a value that is not there. A dash of the width of a figure, so that columns stay in line. */
export const noValue = '–'

/**
 * Formatters of Intl are slow to make (about 50 µs each) and the board formats hundreds of values a second. The keys are
 * languages, zones and counts of digits, so the cache is bounded by the program itself.
 */
const numberFormats = new Map<string, Intl.NumberFormat>()
const dateFormats = new Map<string, Intl.DateTimeFormat>()

function numberFormat(locale: Locale, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${locale} ${options.minimumFractionDigits ?? ''} ${options.maximumFractionDigits ?? ''}`
  const known = numberFormats.get(key)
  if (known) return known
  const made = new Intl.NumberFormat(locale, options)
  numberFormats.set(key, made)
  return made
}

/** A number with exactly that many digits behind the point; from 1e15 on, where figures mean nothing any more, as an exponent. */
export function formatNumber(value: number, decimals: number, locale: Locale): string {
  if (!Number.isFinite(value)) return noValue
  if (Math.abs(value) >= 1e15) return value.toExponential(2)
  // -0.04 with one digit would read "-0.0".
  const rounded = Number(value.toFixed(decimals))
  return numberFormat(locale, { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).format(
    rounded === 0 ? 0 : rounded,
  )
}

export function formatCount(value: number, locale: Locale): string {
  return numberFormat(locale, { maximumFractionDigits: 0 }).format(value)
}

/** `0.953` is `95 %`. */
export function formatPercent(fraction: number, locale: Locale, decimals = 0): string {
  return `${formatNumber(fraction * 100, decimals, locale)} %`
}

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

/** Powers of a thousand, as disks are sold. */
export function formatBytes(bytes: number, locale: Locale): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < byteUnits.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${formatNumber(value, unit === 0 || value >= 99.5 ? 0 : 1, locale)} ${byteUnits[unit] ?? 'B'}`
}

const dateStyles = {
  /** `14:03` */
  minute: { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  /** `14:03:22` */
  second: { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
  /** `21 Nov 14:03:22`, `11월 21일 14:03:22` */
  dateSecond: {
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  },
  /** `21 Nov 2026, 14:03:22` */
  full: {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  },
  /** `Sat 21 Nov`, `11월 21일 (토)` */
  day: { month: 'short', day: 'numeric', weekday: 'short' },
  /** `21 Nov` */
  shortDay: { month: 'short', day: 'numeric' },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>
export type DateStyle = keyof typeof dateStyles

/** English dates day first with a 24 hour clock: what a plant anywhere reads without a second thought. */
const dateLocale: Record<Locale, string> = { en: 'en-GB', ko: 'ko-KR' }

/** An instant (ISO 8601 or epoch milliseconds) in the site's zone; a dash for null and for what is no instant. */
export function formatInstant(
  instant: string | number | null,
  style: DateStyle,
  locale: Locale,
  timeZone: string,
): string {
  if (instant === null) return noValue
  const ms = typeof instant === 'number' ? instant : Date.parse(instant)
  if (!Number.isFinite(ms)) return noValue
  const key = `${locale} ${style} ${timeZone}`
  let format = dateFormats.get(key)
  if (!format) {
    format = new Intl.DateTimeFormat(dateLocale[locale], { ...dateStyles[style], timeZone: knownZone(timeZone) })
    dateFormats.set(key, format)
  }
  return format.format(ms)
}

/** A zone that this browser does not know (an old tablet, a typo in the site's description) is shown in UTC rather than not at all. */
export function knownZone(timeZone: string): string {
  try {
    new Intl.DateTimeFormat('en', { timeZone })
    return timeZone
  } catch {
    return 'UTC'
  }
}
