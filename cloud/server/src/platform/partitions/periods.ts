/** How long one partition is. */
export type PeriodKind = 'month' | 'quarter'

const monthsOf: Record<PeriodKind, number> = { month: 1, quarter: 3 }

/** Months since January of the year 1900, in UTC. */
export function monthOf(instantMs: number): number {
  const instant = new Date(instantMs)
  return (instant.getUTCFullYear() - 1900) * 12 + instant.getUTCMonth()
}

/** The months of one partition, as `monthOf` counts them. */
export interface Period {
  readonly kind: PeriodKind
  readonly fromMonth: number
  /** The first month behind. */
  readonly toMonth: number
}

export function periodOf(kind: PeriodKind, month: number): Period {
  const length = monthsOf[kind]
  const fromMonth = Math.floor(month / length) * length
  return { kind, fromMonth, toMonth: fromMonth + length }
}

export const nextPeriod = ({ kind, toMonth }: Period): Period => periodOf(kind, toMonth)

export const startOfMonthMs = (month: number): number =>
  Date.UTC(1900 + Math.floor(month / 12), ((month % 12) + 12) % 12)

export const dayOfMonth = (month: number): string => new Date(startOfMonthMs(month)).toISOString().slice(0, 10)

/** As REFERENCE names partitions: `_y2025m11`, `_y2025q4`. */
export function suffixOf({ kind, fromMonth }: Period): string {
  const year = 1900 + Math.floor(fromMonth / 12)
  const month = fromMonth % 12
  return kind === 'month' ? `_y${year}m${String(month + 1).padStart(2, '0')}` : `_y${year}q${month / 3 + 1}`
}

/** Null for the name of another table: a default partition, or one of the other kind. */
export function periodOfName(kind: PeriodKind, parent: string, name: string): Period | null {
  if (!name.startsWith(`${parent}_y`)) return null
  const rest = name.slice(parent.length)
  const [, year, part] = (kind === 'month' ? /^_y(\d{4})m(\d{2})$/ : /^_y(\d{4})q([1-4])$/).exec(rest) ?? []
  if (year === undefined || part === undefined) return null
  const period = periodOf(kind, (Number(year) - 1900) * 12 + (Number(part) - 1) * monthsOf[kind])
  return suffixOf(period) === rest ? period : null
}
