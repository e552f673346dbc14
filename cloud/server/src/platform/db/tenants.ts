import type { Database } from './database.ts'

/**
 * The tenants of all databases that answer, for housekeeping that comes again: one that is away is left out, and the log says so. Whoever has to say that
 * something holds of all tenants takes `tenantsAndUnreached`.
 */
export async function allTenantsOf(database: Database): Promise<string[]> {
  return (await tenantsAndUnreached(database)).tenants
}

/** The same, with the names of the databases that did not answer: nothing is known of the tenants there. */
export async function tenantsAndUnreached(
  database: Database,
): Promise<{ readonly tenants: string[]; readonly unreached: string[] }> {
  const { rows, unreached } = await database.askDirectories((directory) =>
    directory.query<{ tenant_id: string }>('select id as tenant_id from core.tenants'),
  )
  return { tenants: rows.map(({ tenant_id: tenantId }) => tenantId).toSorted(), unreached }
}

/** The tenant that has what a statement of the directory looks up; null where none has. */
export async function tenantThatHas(database: Database, text: string, value: string): Promise<string | null> {
  const rows = await database.asDirectory((directory) => directory.query<{ tenant_id: string }>(text, [value]), 1)
  return rows[0]?.tenant_id ?? null
}
