import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { OperationalError } from '@jidoka/base'
import type { Backend } from '../db/backend.ts'
import { codeOf } from '../db/unavailable.ts'
import { tenancyLimits } from './limits.ts'
import { asOwnerOf } from './owner-transaction.ts'
import type { TenantTable } from './tenant-tables.ts'
import { quoted } from './tenant-tables.ts'

// What a move puts on the tables of a database for as long as it lasts: a policy by which their owner sees the tenant's rows, triggers that note what is
// written (source), and triggers that refuse it (source, behind the switch). Table by table, each in a short transaction of its own.

const policy = 'mover'
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`
const nameOf = (what: string, tenant: string) =>
  `jidoka_${what}_${createHash('sha256').update(tenant).digest('hex').slice(0, 12)}`

/** Lets the owner see and write rows of the tenant that its transaction names, as the program's own role does. */
export const letOwnerIn = (backend: Backend, tenant: string, tables: readonly TenantTable[]): Promise<void> =>
  eachTable(backend, tenant, tables, ({ name, tenantColumn }, has) => {
    const own = `${quoted(tenantColumn)} = jidoka.tenant()`
    return has(policy) ? [] : [`create policy ${policy} on ${name} to current_user using (${own}) with check (${own})`]
  })

export const shutOwnerOut = (backend: Backend, tenant: string, tables: readonly TenantTable[]): Promise<void> =>
  eachTable(backend, tenant, tables, ({ name }, has) => (has(policy) ? [`drop policy ${policy} on ${name}`] : []))

/** Each statement, as a trigger with a view of the rows can be of one kind alone. */
const captures = [
  ['insert', 'new table as new_rows'],
  ['update', 'old table as old_rows new table as new_rows'],
  ['delete', 'old table as old_rows'],
] as const

/** From its end on every change of the tenant's rows is noted: making a trigger waits for all who are writing to the table. */
export const noteChanges = (backend: Backend, tenant: string, tables: readonly TenantTable[]): Promise<void> =>
  eachTable(backend, tenant, tables, ({ name, tenantColumn, key }, has) => {
    const columns = key.map((column) => quoted(column.name)).join(', ')
    return captures
      .map(([event, rows]) => ({ event, rows, trigger: nameOf(`capture_${event}`, tenant) }))
      .filter(({ trigger }) => !has(trigger))
      .map(
        ({ event, rows, trigger }) =>
          `create trigger ${trigger} after ${event} on ${name} referencing ${rows} for each statement when (jidoka.tenant() = ${literal(tenant)})
           execute function jidoka.capture_change(${literal(tenant)}, ${literal(columns)}, ${literal(tenantColumn)})`,
      )
  })

/** In place of noting: whoever still writes here is told where the tenant is, also a program that knows nothing of a directory. */
export const refuseChanges = (backend: Backend, tenant: string, tables: readonly TenantTable[]): Promise<void> =>
  eachTable(backend, tenant, tables, ({ name }, has) => {
    const trigger = nameOf('moved', tenant)
    return [
      ...(has(trigger)
        ? []
        : [
            `create trigger ${trigger} before insert or update or delete on ${name} for each statement
             when (current_user = 'jidoka_app' and jidoka.tenant() = ${literal(tenant)}) execute function jidoka.refuse_moved(${literal(tenant)})`,
          ]),
      ...dropped(name, captureNames(tenant), has),
    ]
  })

/** Takes off whatever of a tenant's move is on the tables. */
export const unwatch = (backend: Backend, tenant: string, tables: readonly TenantTable[]): Promise<void> =>
  eachTable(backend, tenant, tables, ({ name }, has) =>
    dropped(name, [...captureNames(tenant), nameOf('moved', tenant)], has),
  )

const captureNames = (tenant: string) => captures.map(([event]) => nameOf(`capture_${event}`, tenant))

const dropped = (table: string, triggers: readonly string[], has: (name: string) => boolean) =>
  triggers.filter(has).map((trigger) => `drop trigger ${trigger} on ${table}`)

/** `lock_not_available`, `deadlock_detected`. */
const busyCodes = new Set(['55P03', '40P01'])

/** @param work says what to do to a table, told of which policies and triggers are on it */
async function eachTable(
  backend: Backend,
  tenant: string,
  tables: readonly TenantTable[],
  work: (table: TenantTable, has: (name: string) => boolean) => readonly string[],
): Promise<void> {
  const { watchWaitMsMax: lockWaitMs, watchAttemptsMax, switchPauseMs } = tenancyLimits
  const there = await asOwnerOf(backend, { tenant }, (query) =>
    query<{ name: string }>(
      `select polrelid || ' ' || polname as name from pg_policy where polname = '${policy}'
       union all select tgrelid || ' ' || tgname from pg_trigger where tgname like 'jidoka\\_%'`,
    ),
  )
  const oids = await asOwnerOf(backend, { tenant }, (query) =>
    query<{ name: string; id: string }>(
      'select name, name::regclass::oid::text as id from unnest($1::text[]) as name',
      [tables.map(({ name }) => name)],
    ),
  )
  const idOf = new Map(oids.map(({ name, id }) => [name, id]))
  const known = new Set(there.map(({ name }) => name))
  for (const table of tables) {
    const statements = work(table, (name) => known.has(`${idOf.get(table.name)} ${name}`))
    if (statements.length === 0) continue
    for (let attempt = 1; ; attempt++)
      try {
        await asOwnerOf(backend, { tenant, lockWaitMs }, async (query) => {
          for (const statement of statements) await query(statement)
        })
        break
      } catch (error) {
        if (!busyCodes.has(codeOf(error))) throw error
        if (attempt === watchAttemptsMax)
          throw new OperationalError(
            `The table ${table.name} was never free for a moment: somebody has had a transaction on it for long. Look for the oldest xact_start in pg_stat_activity, end it, and go on.`,
            { cause: error },
          )
        await pause(switchPauseMs)
      }
  }
}
