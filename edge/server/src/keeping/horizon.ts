/** What a forecast of the disk goes by; all bytes at the size that they have at rest. */
export interface HorizonQuestion {
  /** Bytes until something must go for space; 0 or less: it goes now. */
  readonly headroomBytes: number
  /** New data a day. */
  readonly bytesPerDay: number
  /** What is held of the readings, which are nearly all of it, and over how many days they came. */
  readonly held: { readonly bytes: number; readonly days: number }
  /** Days after which readings go by age; null while they do not, because the cloud gives no receipts for them. */
  readonly daysKept: number | null
}

/** 100 years: beyond that a date cannot be written; "never" is what it means. */
export const horizonDaysMax = 36_500

/**
 * Days until the first row must go for want of space; `horizonDaysMax`: never at this rate; null: nothing is written. What goes by age makes room: once the
 * oldest readings reach their days, they free what was stored as long ago, at the mean rate of what is held. After all
 * of those have gone, as much goes as comes, and nothing grows any more.
 */
export function horizonDays({ headroomBytes, bytesPerDay, held, daysKept }: HorizonQuestion): number | null {
  if (bytesPerDay <= 0) return null
  if (headroomBytes <= 0) return 0
  const daysAlone = headroomBytes / bytesPerDay
  if (daysKept === null) return bounded(daysAlone)
  const daysUntilAge = Math.max(0, daysKept - held.days)
  if (daysAlone <= daysUntilAge) return bounded(daysAlone)
  const freedPerDay = held.days > 0 ? held.bytes / held.days : 0
  if (freedPerDay >= bytesPerDay) return horizonDaysMax
  const days = daysUntilAge + (headroomBytes - bytesPerDay * daysUntilAge) / (bytesPerDay - freedPerDay)
  return days > daysUntilAge + Math.min(held.days, daysKept) ? horizonDaysMax : bounded(days)
}

const bounded = (days: number): number => Math.min(horizonDaysMax, days)
