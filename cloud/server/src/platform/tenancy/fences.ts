import type { OwnerQuery } from './owner-transaction.ts'

/** What a database knows of a tenant that moves or has moved. */
export interface Fence {
  readonly version: number
  readonly went_to: string | null
  readonly mover: string | null
}

export async function fenceOf(query: OwnerQuery, tenant: string): Promise<Fence | null> {
  const rows = await query<Fence>('select version, went_to, mover from jidoka.tenant_fences where tenant = $1', [
    tenant,
  ])
  return rows[0] ?? null
}

export async function putFence(
  query: OwnerQuery,
  tenant: string,
  { version, went_to: wentTo, mover }: Fence,
): Promise<void> {
  await query(
    `insert into jidoka.tenant_fences (tenant, version, went_to, mover) values ($1, $2, $3, $4)
     on conflict (tenant) do update set version = excluded.version, went_to = excluded.went_to, mover = excluded.mover`,
    [tenant, version, wentTo, mover],
  )
}

/** Where the tenant is. @returns whether it is still there: a mover that was given up for dead may have switched it */
export async function claimFence(query: OwnerQuery, tenant: string, version: number, mover: string): Promise<boolean> {
  const rows = await query(
    `insert into jidoka.tenant_fences (tenant, version, went_to, mover) values ($1, $2, null, $3)
     on conflict (tenant) do update set mover = excluded.mover where tenant_fences.went_to is null and tenant_fences.version = excluded.version returning 1`,
    [tenant, version, mover],
  )
  return rows.length === 1
}

/** Where nothing is known of a tenant it is here, and has never moved. */
export async function forgetFence(query: OwnerQuery, tenant: string): Promise<void> {
  await query('delete from jidoka.tenant_fences where tenant = $1', [tenant])
}
