import type { Clock } from '@jidoka/base'
import type { Database } from '../db/database.ts'
import { dayOfMonth, monthOf, nextPeriod, periodOf, startOfMonthMs, suffixOf } from './periods.ts'
import type { Period } from './periods.ts'
import { partitionedTables } from './tables.ts'
import type { PartitionedTable, PartitionedTableName } from './tables.ts'

/** REFERENCE: made three months ahead. */
export const monthsAhead = 3
/** What is older came from a clock that is off. */
const monthsTrue = 26

/** Makes the partitions that rows will need, before the transaction that writes them: the program's own role may not make tables. */
export class Partitions {
  readonly #database: Database
  readonly #clock: Clock
  readonly #tables: Readonly<Record<string, PartitionedTable>>
  readonly #known = new Set<string>()

  /** @param tables others than those of the program, for tests */
  constructor(
    database: Database,
    clock: Clock,
    tables: Readonly<Record<string, PartitionedTable>> = partitionedTables,
  ) {
    this.#database = database
    this.#clock = clock
    this.#tables = tables
  }

  /** The period that is now, and those that begin within three months. */
  async makeAhead(): Promise<void> {
    const now = monthOf(this.#clock.nowMs())
    for (const [table, { by }] of Object.entries(this.#tables))
      for (let period = periodOf(by, now); period.fromMonth <= now + monthsAhead; period = nextPeriod(period))
        await this.#make(table, period)
  }

  /** Those of these instants (epoch milliseconds), where they are kept for so long; others stay in the default partition. */
  async make(table: PartitionedTableName, instantsMs: Iterable<number>): Promise<void> {
    const spec = this.#tables[table]
    if (spec === undefined) throw new TypeError(`${table} is not partitioned`)
    const now = monthOf(this.#clock.nowMs())
    const months = new Set<number>()
    for (const instantMs of instantsMs) months.add(monthOf(instantMs))
    for (const month of months) {
      const period = periodOf(spec.by, month)
      if (period.toMonth > now - spec.monthsKept && month <= now + monthsAhead) await this.#make(table, period)
    }
  }

  async #make(table: string, period: Period): Promise<void> {
    const suffix = suffixOf(period)
    const key = `${table}${suffix}`
    if (this.#known.has(key)) return
    const isEverywhere = await this.#database.asOwnerOfEach(
      'select jidoka.make_partition($1::regclass, $2::date, $3::date, $4)',
      [table, dayOfMonth(period.fromMonth), dayOfMonth(period.toMonth), suffix],
    )
    if (isEverywhere) this.#known.add(key)
  }
}

/** Instants that a clock may have meant, as seen from now; `toMs` is the first behind. */
export function partitionedSpan(nowMs: number): { readonly fromMs: number; readonly toMs: number } {
  const now = monthOf(nowMs)
  return { fromMs: startOfMonthMs(now - monthsTrue), toMs: startOfMonthMs(now + monthsAhead + 1) }
}
