import type { Database } from './database.ts'

/** The tenants of this database, for housekeeping that goes through all of them. */
export function allTenantsOf(database: Database): Promise<string[]> {
  return database.asDirectory(async (directory) =>
    (await directory.query<{ id: string }>('select id from core.tenants order by id')).map(({ id }) => id),
  )
}
