import type { Database } from './database.ts'

/** The tenants of all databases, for housekeeping that goes through all of them. */
export async function allTenantsOf(database: Database): Promise<string[]> {
  const rows = await database.asDirectory((directory) =>
    directory.query<{ tenant_id: string }>('select id as tenant_id from core.tenants'),
  )
  return rows.map(({ tenant_id: tenantId }) => tenantId).toSorted()
}

/** The tenant that has what a statement of the directory looks up; null where none has. */
export async function tenantThatHas(database: Database, text: string, value: string): Promise<string | null> {
  const rows = await database.asDirectory((directory) => directory.query<{ tenant_id: string }>(text, [value]))
  return rows[0]?.tenant_id ?? null
}
