import { OperationalError } from '@jidoka/base'
import type { Backend } from '../db/backend.ts'
import { retiredSchema } from '../partitions/catalogue.ts'
import type { OwnerQuery } from './owner-transaction.ts'
import { asOwnerOf } from './owner-transaction.ts'
import type { TenantTable } from './tenant-tables.ts'
import { quoted, tenantTables } from './tenant-tables.ts'

/** Numbers of these stay as they are, as each database gives those of its own range (`place-register.ts`). */
const ranged = new Set(['fleet.reading_streams.stream_id'])
/** What others may count on while the counter is being read and set. */
const countedMeanwhile = 1_000

export const readTables = (backend: Backend, tenant: string): Promise<readonly TenantTable[]> =>
  asOwnerOf(backend, { tenant }, tenantTables)

interface Month {
  readonly parent: string
  readonly month: string
}

/** Of all partitioned tables. */
export const monthsOf = (query: OwnerQuery): Promise<Month[]> =>
  query<Month>(
    `select p.oid::regclass::text as parent, substring(c.relname from '_y(\\d{4}m\\d{2})$') as month
     from pg_inherits i join pg_class p on p.oid = i.inhparent join pg_class c on c.oid = i.inhrelid
     where p.relkind = 'p' and c.relname ~ '_y\\d{4}m\\d{2}$' order by 1, 2`,
  )

/** Those that the source has partitions of and the target has not. */
export function lackingMonths(source: readonly Month[], target: readonly Month[]): Month[] {
  const known = new Set(target.map(({ parent, month }) => `${parent} ${month}`))
  return source.filter(({ parent, month }) => !known.has(`${parent} ${month}`))
}

/** Without them rows would go to the default partition, and have to move from there. */
export async function makeMonths(target: Backend, months: readonly Month[]): Promise<void> {
  for (const { parent, month } of months)
    await target.pool.query(`select jidoka.make_month_partition($1::regclass, to_date($2, 'YYYY"m"MM'))`, [
      parent,
      month,
    ])
}

/** @throws OperationalError where there are any: what was copied into them may have gone with them */
export function refuseLackingMonths(lacking: readonly Month[], database: string): void {
  if (lacking.length > 0)
    throw new OperationalError(
      `"${database}" has no partition for ${lacking.map(({ parent, month }) => `${parent} ${month}`).join(', ')}, which came or went while the tenant moved. Go on: they are made, and all rows are verified anew.`,
    )
}

/** Columns that count by themselves go on behind the highest that has come: what is written next stands behind what was written before. */
export async function moveCounters(target: OwnerQuery, tenant: string, tables: readonly TenantTable[]): Promise<void> {
  for (const { name, tenantColumn, identities } of tables)
    for (const column of identities) {
      if (ranged.has(`${name}.${column}`)) continue
      await target(
        `select setval(s.id, m.highest + ${countedMeanwhile}) from (select pg_get_serial_sequence($2, $3)::regclass as id) s
         cross join (select max(t.${quoted(column)}) as highest from ${name} t where t.${quoted(tenantColumn)} = $1) m
         where m.highest > coalesce(pg_sequence_last_value(s.id), 0)`,
        [tenant, name, column],
      )
    }
}

/** Months that are out of their table and not archived or dropped yet: whose rows are in them no statement on the table tells. */
async function retiredPartitions(query: OwnerQuery): Promise<string[]> {
  const rows = await query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
     where n.nspname = $1 and c.relkind = 'r' and a.attname = 'tenant_id' and not a.attisdropped order by 1`,
    [retiredSchema],
  )
  return rows.map(({ name }) => name)
}

/** @throws OperationalError while there are any: their rows would be left behind, and be dropped there without an archive of this tenant */
export async function refuseRetired(query: OwnerQuery, database: string): Promise<void> {
  const retired = await retiredPartitions(query)
  if (retired.length > 0)
    throw new OperationalError(
      `"${database}" is about to archive and drop ${retired.join(', ')}, which are out of their tables already. Let that job end (partitions.keep), then go on.`,
    )
}
