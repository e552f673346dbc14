import type { Clock } from '@jidoka/base'
import type { Database } from '../db/database.ts'
import { tenantsAndUnreached } from '../db/tenants.ts'
import { DatabaseUnavailableError } from '../db/unavailable.ts'
import type { TenantDirectory } from './directory.ts'
import { tenancyLimits } from './limits.ts'

/**
 * The tenant that a database for one tenant is taken by: one that is served there, is being moved there, or is being made there. To be asked again behind what
 * takes it, which all see in the main database: of two at the same moment one at least finds the other.
 * @throws DatabaseUnavailableError where it does not answer: nobody knows who is there
 */
export async function takerOf(
  { name }: { readonly name: string },
  tenant: string,
  { database, directory, clock }: { database: Database; directory: TenantDirectory; clock: Clock },
): Promise<string | null> {
  await directory.read()
  // Before the makings: one that is made in between is still among those.
  const { tenants, unreached } = await tenantsAndUnreached(database)
  if (unreached.includes(name))
    throw new DatabaseUnavailableError(`The database "${name}" cannot be reached. See that it runs, then try again.`)
  const there = tenants.find((other) => other !== tenant && directory.of(other).place.name === name)
  if (there !== undefined) return there
  const { rows } = await database.backend.pool.query<{ tenant: string }>(
    `select tenant from jidoka.tenant_moves where target = $1 and tenant <> $2 and ended_at is null
     union all
     select tenant from jidoka.tenant_makings where database = $1 and tenant <> $2 and claimed_at > $3 and tenant <> all ($4::text[])`,
    [name, tenant, new Date(clock.nowMs() - tenancyLimits.makingForgottenMs).toISOString(), tenants],
  )
  return rows[0]?.tenant ?? null
}

export const isTaken = (name: string, by: string): string =>
  `The database "${name}" is for one tenant, and "${by}" has it, or is on its way there. Take a shard, or another database; where two were asked for at once, ask again for one.`
