import { OperationalError } from '@jidoka/base'
import type { Pool, PoolClient } from 'pg'
import type { MigrationLimits } from '../db/migrations.ts'
import { locked, migrationLimits } from '../db/migrations.ts'

/** Of the tables of pg-boss that its pinned version works with. It says so itself in its package.json, which a bundle does not have; a test compares. */
export const carrierSchemaVersion = 43
export const carrierSchema = 'pgboss'

/** Makes the tables of pg-boss, or brings them up to date, with its own statements and under the lock of our migrations. Returns what it did; null: nothing. */
export async function migrateCarrier(pool: Pool, limits: MigrationLimits = migrationLimits): Promise<string | null> {
  if ((await versionOf(pool)) === carrierSchemaVersion) return null
  return locked(pool, limits, async (client) => {
    const version = await versionOf(client)
    if (version === carrierSchemaVersion) return null
    if (version !== null && version > carrierSchemaVersion)
      throw new OperationalError(
        `The tables of jobs (schema ${carrierSchema}) are of version ${version}, and this program knows ${carrierSchemaVersion}: the database is newer. Start the newer program.`,
      )
    const { getConstructionPlans, getMigrationPlans } = await import('pg-boss')
    const plan = version === null ? getConstructionPlans(carrierSchema) : getMigrationPlans(carrierSchema, version)
    await client.query(withoutTransaction(plan))
    return told(version)
  })
}

/** What `migrate plan` says of it; null: nothing is to do. */
export async function planCarrier(pool: Pool): Promise<string | null> {
  const version = await versionOf(pool)
  return version === carrierSchemaVersion ? null : told(version)
}

const told = (version: number | null): string =>
  version === null
    ? `schema ${carrierSchema} made at version ${carrierSchemaVersion} by pg-boss`
    : `schema ${carrierSchema} brought from version ${version} to ${carrierSchemaVersion} by pg-boss`

async function versionOf(client: Pool | PoolClient): Promise<number | null> {
  const { rows } = await client.query<{ is_there: boolean }>(
    `select to_regclass('${carrierSchema}.version') is not null as is_there`,
  )
  if (rows[0]?.is_there !== true) return null
  const version = await client.query<{ version: number }>(`select version from ${carrierSchema}.version`)
  return version.rows[0]?.version ?? null
}

/** Its plans are scripts with a transaction of their own, which would end ours and with it the lock. */
function withoutTransaction(plan: string): string {
  const script = /^\s*BEGIN;(?<body>[\s\S]*)COMMIT;\s*$/.exec(plan)?.groups?.['body']
  if (script === undefined) throw new Error('a plan of pg-boss is not one transaction: look at what its version writes')
  return script
}
