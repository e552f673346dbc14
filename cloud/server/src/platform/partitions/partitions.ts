import type { Clock } from '@jidoka/base'
import type { Database } from '../db/database.ts'
import { codeOf } from '../db/unavailable.ts'
import { dayOfMonth, monthOf, nextPeriod, periodOf, startOfMonthMs, suffixOf } from './periods.ts'
import type { Period } from './periods.ts'
import { partitionedTables } from './tables.ts'
import type { PartitionedTable, PartitionedTableName } from './tables.ts'

/** REFERENCE: made three months ahead. */
const monthsAhead = 3
/** What is older came from a clock that is off. */
const monthsTrue = 26
/** After somebody held the default partition: each attempt makes others wait for the two seconds that it takes. */
const busyMs = 30_000
const duplicateTable = '42P07'
const lockNotAvailable = '55P03'

/** Makes the partitions that rows will need, before the transaction that writes them: the program's own role may not make tables. */
export class Partitions {
  readonly #database: Database
  readonly #clock: Clock
  readonly #tables: Readonly<Record<string, PartitionedTable>>
  /** Of all databases, or with the name of the one. */
  readonly #known = new Set<string>()
  #busyUntilMs = 0

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

  /** The period that is now, and those that begin within three months. Every start asks for them: where all are there, that is one statement. */
  async makeAhead(): Promise<void> {
    const now = monthOf(this.#clock.nowMs())
    const wanted: { readonly name: string; readonly table: string; readonly period: Period }[] = []
    for (const [table, { by }] of Object.entries(this.#tables))
      for (let period = periodOf(by, now); period.fromMonth <= now + monthsAhead; period = nextPeriod(period))
        wanted.push({ name: `${table}${suffixOf(period)}`, table, period })
    const lacking = await this.#lacking(wanted.map(({ name }) => name))
    for (const { name, table, period } of wanted) if (lacking.has(name)) await this.#make(table, period, null)
  }

  /** Those of these that some database lacks. Of one that does not answer it is not known: making them says what is to be said of it. */
  async #lacking(names: readonly string[]): Promise<ReadonlySet<string>> {
    const text = 'select name from unnest($1::text[]) as name where to_regclass(name) is null'
    const answers = await Promise.all(
      this.#database.each().map((database) =>
        database.asOwner<{ name: string }>(text, [names]).then(
          (rows) => rows.map(({ name }) => name),
          () => names,
        ),
      ),
    )
    return new Set(answers.flat())
  }

  /**
   * Those of these instants (epoch milliseconds), where they are kept for so long; others stay in the default partition. In the tenant's own database:
   * another that is away has nothing to do with its rows.
   */
  async make(tenantId: string, table: PartitionedTableName, instantsMs: Iterable<number>): Promise<void> {
    const spec = this.#tables[table]
    if (spec === undefined) throw new TypeError(`${table} is not partitioned`)
    const now = monthOf(this.#clock.nowMs())
    const months = new Set<number>()
    for (const instantMs of instantsMs) months.add(monthOf(instantMs))
    for (const month of months) {
      const period = periodOf(spec.by, month)
      if (period.toMonth > now - spec.monthsKept && month <= now + monthsAhead)
        await this.#make(table, period, tenantId)
    }
  }

  async #make(table: string, period: Period, tenantId: string | null): Promise<void> {
    const suffix = suffixOf(period)
    const key = `${table}${suffix}`
    const keyThere = tenantId === null ? key : `${key} ${this.#database.placeOf(tenantId)}`
    if (this.#known.has(key) || this.#known.has(keyThere)) return
    if (this.#clock.monotonicMs() < this.#busyUntilMs) return
    try {
      const text = 'select jidoka.make_partition($1::regclass, $2::date, $3::date, $4)'
      const values = [table, dayOfMonth(period.fromMonth), dayOfMonth(period.toMonth), suffix]
      if (tenantId !== null) await this.#database.asOwnerFor(tenantId, text, values)
      else if (!(await this.#database.asOwnerOfEach(text, values))) return
      this.#known.add(keyThere)
    } catch (error) {
      // Made by another process at the same moment: what PostgreSQL knew of its catalogue was older than the lock that this one waited for.
      if (codeOf(error) === duplicateTable) return
      if (!(error instanceof Error && codeOf(error.cause) === lockNotAvailable)) throw error
      // Rows fit the default partition, and move when it is made.
      this.#busyUntilMs = this.#clock.monotonicMs() + busyMs
    }
  }
}

/** Instants that a clock may have meant, as seen from now; `toMs` is the first behind. */
export function partitionedSpan(nowMs: number): { readonly fromMs: number; readonly toMs: number } {
  const now = monthOf(nowMs)
  return { fromMs: startOfMonthMs(now - monthsTrue), toMs: startOfMonthMs(now + monthsAhead + 1) }
}
