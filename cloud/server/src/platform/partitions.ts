import type { Clock } from '@jidoka/base'
import type { Database } from './db/database.ts'

export type PartitionedTable = 'core.judgment_executions' | 'core.reading_segments'

/** REFERENCE: made three months ahead. */
const monthsAhead = 3
/** Judgments are kept for two years; what is older than that, or lies in the future, came from a clock that is off and stays in the default partition. */
const monthsBack = 26

/** Makes the partitions that rows will need, before the transaction that writes them: the program's own role may not make tables. */
export class Partitions {
  #database: Database
  #clock: Clock
  #known = new Set<string>()

  constructor(database: Database, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  /** This month and those ahead. */
  async makeAhead(): Promise<void> {
    const now = monthOf(this.#clock.nowMs())
    for (const table of ['core.judgment_executions', 'core.reading_segments'] as const) {
      for (let ahead = 0; ahead <= monthsAhead; ahead++) await this.#make(table, now + ahead)
    }
  }

  /** The months of these instants (epoch milliseconds), where they are near enough to be true. */
  async make(table: PartitionedTable, instantsMs: Iterable<number>): Promise<void> {
    const now = monthOf(this.#clock.nowMs())
    const months = new Set<number>()
    for (const instantMs of instantsMs) months.add(monthOf(instantMs))
    for (const month of months)
      if (month >= now - monthsBack && month <= now + monthsAhead) await this.#make(table, month)
  }

  async #make(table: PartitionedTable, month: number): Promise<void> {
    const key = `${table} ${month}`
    if (this.#known.has(key)) return
    await this.#database.asOwner('select jidoka.make_month_partition($1::regclass, $2::date)', [
      table,
      new Date(Date.UTC(0, month)).toISOString().slice(0, 10),
    ])
    this.#known.add(key)
  }
}

/** What lies in partitions of months, as seen from now; `toMs` is the first instant behind. */
export function partitionedSpan(nowMs: number): { readonly fromMs: number; readonly toMs: number } {
  const now = monthOf(nowMs)
  return { fromMs: Date.UTC(0, now - monthsBack), toMs: Date.UTC(0, now + monthsAhead + 1) }
}

/** Months since the year 1900, as Date.UTC counts two-digit years. */
export function monthOf(instantMs: number): number {
  const instant = new Date(instantMs)
  return (instant.getUTCFullYear() - 1900) * 12 + instant.getUTCMonth()
}
