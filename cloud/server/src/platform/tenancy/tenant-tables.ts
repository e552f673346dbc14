import { OperationalError } from '@jidoka/base'
import type { Backend } from '../db/backend.ts'
import type { OwnerQuery } from './owner-transaction.ts'
import { asOwnerOf } from './owner-transaction.ts'

interface KeyColumn {
  readonly name: string
  readonly type: string
  readonly nullable: boolean
}

/** A table with rows of tenants, as the catalogue says. */
export interface TenantTable {
  /** With its schema; of a partitioned table the parent. */
  readonly name: string
  readonly tenantColumn: string
  /** In the order of the table; generated ones are left out, as nobody may write them. */
  readonly columns: readonly string[]
  /** Of the primary key; of a table without one, of a unique constraint that takes nulls for equal. */
  readonly key: readonly KeyColumn[]
  /** Where the key does not begin with the tenant and the rows are many: the first column of the key, and whose values are the tenant's. */
  readonly scope: { readonly column: string; readonly values: string } | null
  /** Whether the program itself may change rows, or take one away and put another under its key; where it may not, a row that is there is the same for ever. */
  readonly isChanged: boolean
  /** Tables that its rows point to. */
  readonly parents: readonly string[]
  /** Columns that count by themselves. */
  readonly identities: readonly string[]
}

const streams = { column: 'stream_id', values: 'select stream_id from fleet.reading_streams where tenant_id = $1' }
/** Their keys save the tenant's and the edge's ids by a number. Without this a move of a small tenant would read the rows of all. */
const scopes: Readonly<Record<string, TenantTable['scope']>> = {
  'core.reading_segments': streams,
  'core.reading_rollups': streams,
}

/** Not by a foreign key. */
const behind: Readonly<Record<string, readonly string[]>> = {
  // A row of the log makes one here, and the copy of these must have the last word.
  'audit.unsealed': ['audit.audit_logs'],
  // Found by what is in the other, so they must be gone before it.
  'core.reading_segments': ['fleet.reading_streams'],
  'core.reading_rollups': ['fleet.reading_streams'],
}

interface CatalogueRow {
  name: string
  tenant_column: string
  columns: string[]
  key: KeyColumn[] | null
  is_changed: boolean
  parents: string[]
  identities: string[]
}

/** All tables with rows of tenants, those that others point to first. @throws OperationalError for one that cannot be moved */
export async function tenantTables(query: OwnerQuery): Promise<TenantTable[]> {
  const rows = await query<CatalogueRow>(
    `select n.nspname || '.' || c.relname as name, case when n.nspname = 'core' and c.relname = 'tenants' then 'id' else 'tenant_id' end as tenant_column,
       (select array_agg(a.attname::text order by a.attnum) from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
       (select json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'nullable', not a.attnotnull) order by k.place)
        from (select i.indkey from pg_index i where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
                and (i.indisprimary or i.indnullsnotdistinct) order by i.indisprimary desc limit 1) as chosen
        cross join unnest(chosen.indkey::smallint[]) with ordinality as k(attnum, place) join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum) as key,
       has_any_column_privilege('jidoka_app', c.oid, 'UPDATE') or has_table_privilege('jidoka_app', c.oid, 'DELETE') as is_changed,
       (select coalesce(array_agg(distinct pn.nspname || '.' || p.relname), '{}') from pg_constraint f join pg_class p on p.oid = f.confrelid
          join pg_namespace pn on pn.oid = p.relnamespace where f.conrelid = c.oid and f.contype = 'f' and p.oid <> c.oid and not p.relispartition) as parents,
       (select coalesce(array_agg(a.attname::text), '{}') from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attidentity <> '') as identities
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and not c.relispartition and n.nspname not in ('pg_catalog', 'information_schema', 'jidoka')
       and (exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped) or (n.nspname, c.relname) = ('core', 'tenants'))
     order by 1`,
  )
  return parentsFirst(
    rows.map(({ name, tenant_column: tenantColumn, columns, key, is_changed: isChanged, parents, identities }) => {
      if (key === null)
        throw new OperationalError(
          `The table ${name} has neither a primary key nor a unique constraint with "nulls not distinct", so its rows cannot be told apart in a move. Give it one in a migration.`,
        )
      return {
        name,
        tenantColumn,
        columns,
        key,
        scope: scopes[name] ?? null,
        isChanged,
        parents: [...parents, ...(behind[name] ?? [])],
        identities,
      }
    }),
  )
}

function parentsFirst(tables: readonly TenantTable[]): TenantTable[] {
  const ordered: TenantTable[] = []
  const waiting = new Map(tables.map((table) => [table.name, table]))
  while (waiting.size > 0) {
    const next = [...waiting.values()].filter(({ parents }) => !parents.some((parent) => waiting.has(parent)))
    if (next.length === 0)
      throw new OperationalError(
        `The tables ${[...waiting.keys()].join(', ')} point to each other in a circle, so none can be copied first. Let one of the foreign keys go.`,
      )
    for (const table of next) {
      ordered.push(table)
      waiting.delete(table.name)
    }
  }
  return ordered
}

/** How many rows the planner expects a tenant to have: no row is read for it. */
export function expectedRows(backend: Backend, tenant: string, tables: readonly TenantTable[]): Promise<number> {
  return asOwnerOf(backend, { tenant }, async (query) => {
    let total = 0
    for (const { name, tenantColumn } of tables) {
      const [row] = await query<{ 'QUERY PLAN': readonly { readonly Plan: { readonly 'Plan Rows': number } }[] }>(
        `explain (format json) select from ${name} t where t.${quoted(tenantColumn)} = $1`,
        [tenant],
      )
      total += row?.['QUERY PLAN'][0]?.Plan['Plan Rows'] ?? 0
    }
    return total
  })
}

/** The tenant is `$1`. */
export const isOfTenant = ({ tenantColumn, scope }: TenantTable): string =>
  `t.${quoted(tenantColumn)} = $1${scope === null ? '' : ` and t.${quoted(scope.column)} = any(array(${scope.values}))`}`

/** Whether a row `t` is the one of a key `k`. Not "is not distinct from", which finds by no index. */
export const isOfKey = ({ key }: TenantTable): string =>
  key
    .map(({ name, nullable }) => {
      const column = quoted(name)
      return nullable
        ? `(t.${column} = k.${column} or (t.${column} is null and k.${column} is null))`
        : `t.${column} = k.${column}`
    })
    .join(' and ')

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
