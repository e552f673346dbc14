import type { Pool } from 'pg'

/** A tenant that is made, or was. */
export interface Making {
  readonly tenant: string
  readonly login: string
  readonly database: string
  readonly made_by: string
  readonly claimed_at: string
}

const columns = 'tenant, login, database, made_by, claimed_at'

/**
 * Takes the id and the login for this one. Where the same two are taken together, that one is gone on with, in its own database.
 * @returns the making, with the database that it is made in; else those that stand in its way
 */
export async function claimMaking(
  main: Pool,
  making: Making,
): Promise<{ readonly claimed: Making } | { readonly claimed: null; readonly others: readonly Making[] }> {
  const { tenant, login, database, made_by: by, claimed_at: at } = making
  const { rows } = await main.query<Making>(
    `insert into jidoka.tenant_makings (${columns}) values ($1, $2, $3, $4, $5) on conflict do nothing returning ${columns}`,
    [tenant, login, database, by, at],
  )
  if (rows[0] !== undefined) return { claimed: rows[0] }
  const again = await main.query<Making>(
    `update jidoka.tenant_makings set made_by = $3, claimed_at = $4 where tenant = $1 and login = $2 returning ${columns}`,
    [tenant, login, by, at],
  )
  if (again.rows[0] !== undefined) return { claimed: again.rows[0] }
  const others = await main.query<Making>(
    `select ${columns} from jidoka.tenant_makings where tenant = $1 or login = $2 order by tenant`,
    [tenant, login],
  )
  return { claimed: null, others: others.rows }
}

/** Of one that nothing came of: its names are free. Nothing where somebody has gone on with it since it was looked at. */
export async function forgetMaking(main: Pool, { tenant, claimed_at: at }: Making): Promise<void> {
  await main.query('delete from jidoka.tenant_makings where tenant = $1 and claimed_at = $2', [tenant, at])
}
