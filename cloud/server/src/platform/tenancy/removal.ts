import { setTimeout as pause } from 'node:timers/promises'
import type { Backend } from '../db/backend.ts'
import { codeOf } from '../db/unavailable.ts'
import { tenancyLimits } from './limits.ts'
import { asOwnerOf } from './owner-transaction.ts'
import type { TenantTable } from './tenant-tables.ts'
import { isOfKey, isOfTenant, quoted } from './tenant-tables.ts'

/**
 * Removes the rows of a tenant that is not served here, those that point to others first, in portions. What refuses removals (of audit) is off within
 * each transaction, where nobody else sees it, and on again at its end; entries of others wait for as long.
 * @returns how many
 */
export async function removeRows(
  backend: Backend,
  tenant: string,
  tables: readonly TenantTable[],
  goesOn: (removed: number) => Promise<void>,
): Promise<number> {
  let total = 0
  for (const table of tables.toReversed()) {
    for (let isMore = true; isMore;) {
      const removed = await patiently(() => removePortion(backend, tenant, table))
      isMore = removed === tenancyLimits.removedRows
      total += removed
      if (removed > 0) await goesOn(total)
    }
  }
  return total
}

/** Whether any table has a row of the tenant. */
export async function firstTableWithRows(
  backend: Backend,
  tenant: string,
  tables: readonly TenantTable[],
): Promise<string | null> {
  return asOwnerOf(backend, { tenant }, async (query) => {
    for (const table of tables) {
      const [found] = await query(`select 1 from ${table.name} t where ${isOfTenant(table)} limit 1`, [tenant])
      if (found !== undefined) return table.name
    }
    return null
  })
}

function removePortion(backend: Backend, tenant: string, table: TenantTable): Promise<number> {
  const key = table.key.map(({ name }) => `t.${quoted(name)}`).join(', ')
  return asOwnerOf(backend, { tenant, lockWaitMs: tenancyLimits.watchWaitMsMax }, async (query) => {
    // The last word on whether it may: a tenant that is served here loses nothing, whoever calls this.
    const [elsewhere] = await query(
      'select 1 from jidoka.tenant_fences where tenant = $1 and went_to is not null for update',
      [tenant],
    )
    if (elsewhere === undefined) throw new Error(`the tenant ${tenant} is served here, or was never elsewhere`)
    const [some] = await query(`select 1 from ${table.name} t where ${isOfTenant(table)} limit 1`, [tenant])
    if (some === undefined) return 0
    const refusing = await query<{ name: string }>(
      `select t.tgname as name from pg_trigger t where t.tgrelid = $1::regclass and not t.tgisinternal and t.tgenabled <> 'D'
         and t.tgtype & 8 <> 0 and t.tgname not like 'jidoka\\_%'`,
      [table.name],
    )
    for (const { name } of refusing) await query(`alter table ${table.name} disable trigger ${quoted(name)}`)
    const [row] = await query<{ removed: number }>(
      `with doomed as (select ${key} from ${table.name} t where ${isOfTenant(table)} limit ${tenancyLimits.removedRows}),
         removed as (delete from ${table.name} t using doomed k where t.${quoted(table.tenantColumn)} = $1 and ${isOfKey(table)} returning 1)
       select count(*)::int as removed from removed`,
      [tenant],
    )
    for (const { name } of refusing) await query(`alter table ${table.name} enable trigger ${quoted(name)}`)
    return row?.removed ?? 0
  })
}

const busyCodes = new Set(['55P03', '40P01'])

async function patiently<Result>(work: () => Promise<Result>): Promise<Result> {
  const { watchAttemptsMax, switchPauseMs } = tenancyLimits
  for (let attempt = 1; ; attempt++)
    try {
      return await work()
    } catch (error) {
      if (!busyCodes.has(codeOf(error)) || attempt === watchAttemptsMax) throw error
      await pause(switchPauseMs)
    }
}
