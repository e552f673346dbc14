import type { PeriodKind } from './periods.ts'

export interface PartitionedTable {
  readonly by: PeriodKind
  /** Then a partition is archived where somebody asked for it, and dropped. */
  readonly monthsKept: number
  /** Then it keeps its primary key only; null: it has all of its indexes for as long as it is kept. */
  readonly daysHot: number | null
}

/** REFERENCE, "partitioned table". A module that partitions another table adds its line. */
export const partitionedTables = {
  // Pages of judgments are narrowed in months of any age.
  'core.judgment_executions': { by: 'month', monthsKept: 24, daysHot: null },
  // What core.sensor_events shows.
  'core.reading_segments': { by: 'month', monthsKept: 12, daysHot: 90 },
} as const satisfies Readonly<Record<string, PartitionedTable>>

export type PartitionedTableName = keyof typeof partitionedTables

/** Schema and name: both are ours, and become part of statements. */
export function splitName(table: string): { readonly schema: string; readonly name: string } {
  const [, schema, name] = /^([a-z_]+)\.([a-z_]+)$/.exec(table) ?? []
  if (schema === undefined || name === undefined) throw new TypeError(`"${table}" is no name of a partitioned table`)
  return { schema, name }
}
