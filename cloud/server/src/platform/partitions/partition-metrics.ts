import type { Clock, Log } from '@jidoka/base'
import { describeError } from '@jidoka/base'
import type { Registry } from 'prom-client'
import { Gauge } from 'prom-client'
import type { Database } from '../db/database.ts'
import { Rounds } from '../rounds.ts'
import { partitionsIn, rowsInDefault } from './catalogue.ts'
import { lateRowsIn } from './late.ts'
import { partitionedTables } from './tables.ts'

/** What is looked at grows in days. */
const everyMs = 600_000

export class PartitionMetrics {
  readonly #defaultRows: Gauge<'table'>
  readonly #waiting: Gauge<'table'>

  constructor(registry: Registry) {
    const of = (name: string, help: string) => new Gauge({ name, help, labelNames: ['table'], registers: [registry] })
    this.#defaultRows = of(
      'jidoka_partitions_default_rows',
      'Rows in the default partition, of no month that there is, as the database estimates them; looked at every ten minutes',
    )
    this.#waiting = of(
      'jidoka_partitions_waiting',
      'Months, and rows that came when theirs was gone, that are out of their table and wait for their archive, or to be dropped; looked at every ten minutes',
    )
  }

  /** Of all databases that can be reached. */
  async measure(database: Database): Promise<void> {
    const databases = database.each()
    for (const [table, spec] of Object.entries(partitionedTables)) {
      let rows = 0
      let waiting = 0
      for (const each of databases) {
        rows += await rowsInDefault(each, table)
        waiting += (await partitionsIn(each, table, spec)).filter(({ isAttached }) => !isAttached).length
        waiting += (await lateRowsIn(each, table)).length
      }
      this.#defaultRows.set({ table }, rows)
      this.#waiting.set({ table }, waiting)
    }
  }
}

export function watchPartitions({
  database,
  clock,
  log,
  registry,
}: {
  readonly database: Database
  readonly clock: Clock
  readonly log: Log
  readonly registry: Registry
}): Rounds {
  const metrics = new PartitionMetrics(registry)
  return new Rounds({
    name: 'partitions.measure',
    everyMs,
    clock,
    work: () => metrics.measure(database),
    failed: (error) => log.warn({ action: 'partitions.measure', success: false }, describeError(error)),
  })
}
