import type { Database } from '../db/database.ts'
import { periodOfName } from './periods.ts'
import type { Period } from './periods.ts'
import { splitName } from './tables.ts'
import type { PartitionedTable } from './tables.ts'

/** Where a partition lies between being detached and being dropped, out of the way of what looks for tables of tenants. */
export const retiredSchema = 'jidoka'

/** A partition as the database has it. What has the name of one and is not attached was detached to be dropped: making one is a single transaction. */
export interface PartitionInDatabase {
  /** With its schema. */
  readonly name: string
  readonly shortName: string
  readonly period: Period
  readonly isAttached: boolean
  /** A detach that was begun concurrently and did not end. */
  readonly isHalfDetached: boolean
}

/** The oldest first. */
export async function partitionsIn(
  database: Database,
  table: string,
  { by }: Pick<PartitionedTable, 'by'>,
): Promise<PartitionInDatabase[]> {
  const { schema, name: parent } = splitName(table)
  const rows = await database.asOwner<{ schema: string; name: string; attached: boolean; pending: boolean }>(
    `select n.nspname as schema, c.relname as name, i.inhparent is not null as attached, coalesce(i.inhdetachpending, false) as pending
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     left join pg_inherits i on i.inhrelid = c.oid and i.inhparent = $1::regclass
     where n.nspname in ($2, '${retiredSchema}') and c.relkind = 'r' and starts_with(c.relname, $3)`,
    [table, schema, `${parent}_y`],
  )
  return rows
    .flatMap(({ schema: lies, name, attached, pending }) => {
      const period = periodOfName(by, parent, name)
      return period === null
        ? []
        : [{ name: `${lies}.${name}`, shortName: name, period, isAttached: attached, isHalfDetached: pending }]
    })
    .toSorted((one, other) => one.period.fromMonth - other.period.fromMonth)
}

export async function hasDefault(database: Database, table: string): Promise<boolean> {
  const [row] = await database.asOwner<{ has: boolean }>(
    'select partdefid <> 0 as has from pg_partitioned_table where partrelid = $1::regclass',
    [table],
  )
  return row?.has ?? false
}

/** As the statistics of the database have it: row-level security would hide the rows, of the owner too. */
export async function rowsInDefault(database: Database, table: string): Promise<number> {
  const [row] = await database.asOwner<{ rows: number }>(
    'select coalesce(pg_stat_get_live_tuples(nullif(partdefid, 0)), 0)::float8 as rows from pg_partitioned_table where partrelid = $1::regclass',
    [table],
  )
  return row?.rows ?? 0
}
