import type { Locale } from '@jidoka/domain'

const units = [
  { ms: 86_400_000, en: ' d', ko: '일' },
  { ms: 3_600_000, en: ' h', ko: '시간' },
  { ms: 60_000, en: ' min', ko: '분' },
  { ms: 1_000, en: ' s', ko: '초' },
] as const

/**
 * `12 s`, `3 min`, `2 h 5 min`, `4 d 3 h`; in Korean `12초`, `3분`, `2시간 5분`. Rounded down, so that an age never says more than has passed.
 * Below ten minutes the seconds are worth reading only up to the first minute; from an hour on a second unit is.
 * Negative durations (a clock a little ahead) are 0.
 */
export function formatDuration(ms: number, locale: Locale): string {
  if (!Number.isFinite(ms)) return '–'
  const left = Math.max(0, ms)
  const index = units.findIndex((unit) => left >= unit.ms)
  const unit = units[index === -1 ? units.length - 1 : index] ?? units[3]
  const count = Math.floor(left / unit.ms)
  const text = `${count.toLocaleString(locale)}${unit[locale]}`
  const next = units[index + 1]
  if (unit.ms < 3_600_000 || next === undefined) return text
  const rest = Math.floor((left - count * unit.ms) / next.ms)
  return rest === 0 ? text : `${text} ${rest}${next[locale]}`
}

/** Milliseconds between an instant and now; null for no instant. */
export function ageMs(instant: string | null, nowMs: number): number | null {
  if (instant === null) return null
  const at = Date.parse(instant)
  return Number.isFinite(at) ? Math.max(0, nowMs - at) : null
}
