import { readdirSync, readFileSync } from 'node:fs'
import type { Pool, PoolClient } from 'pg'
import { z } from 'zod'
import { parseStatements } from './parsed.ts'

// While a new release is rolled out, the one before runs beside it on the schema of the new one. So what that release asks of its database is kept, and must
// go on being possible.

const releaseSchema = z.strictObject({
  version: z.string(),
  statements: z.array(
    z.strictObject({ role: z.enum(['owner', 'jidoka_app', 'jidoka_directory']), text: z.string().max(100_000) }),
  ),
})

export type Release = z.output<typeof releaseSchema>
export type ReleaseStatement = Release['statements'][number]

const folder = new URL('./releases/', import.meta.url)

/** The newest release whose statements are kept. */
export function previousRelease(): Release {
  const newest = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort(new Intl.Collator('en', { numeric: true }).compare)
    .at(-1)
  if (newest === undefined) throw new Error('no statements of a release are kept')
  return releaseSchema.parse(JSON.parse(readFileSync(new URL(newest, folder), 'utf8')))
}

export interface BrokenStatement extends ReleaseStatement {
  /** What PostgreSQL says to it, or which column it leaves empty. */
  readonly why: string
}

/**
 * Those of a release that would fail on this schema, whatever the values: names, types, grants, and columns that must be filled. Runs none of them.
 * @param change of the schema, that is tried before each and rolled back
 */
export async function brokenStatements(
  pool: Pool,
  statements: readonly ReleaseStatement[],
  change = '',
): Promise<BrokenStatement[]> {
  const broken: BrokenStatement[] = []
  const client = await pool.connect()
  try {
    for (const statement of statements) {
      const why = await whyBroken(client, statement, change)
      if (why !== null) broken.push({ ...statement, why })
    }
    return broken
  } finally {
    client.release()
  }
}

async function whyBroken(client: PoolClient, { role, text }: ReleaseStatement, change: string): Promise<string | null> {
  try {
    // A plan for any values: with those of one call PostgreSQL would leave out what they make impossible.
    await client.query(`begin; set local plan_cache_mode = force_generic_plan; ${change}; ${role === 'owner' ? '' : `set local role ${role}; `}
      select set_config('jidoka.tenant_id', 'demo', true)`)
    await client.query(`prepare of_release as ${text}`)
    const { rows } = await client.query<{ parameters: number }>(
      `select coalesce(cardinality(parameter_types), 0) as parameters from pg_prepared_statements where name = 'of_release'`,
    )
    const values = Array.from({ length: rows[0]?.parameters ?? 0 }, () => 'null').join(', ')
    // Plans it, which finds the index of an "on conflict", and asks for the grants.
    await client.query(`explain execute of_release${values === '' ? '' : `(${values})`}`)
    return await columnLeftEmpty(client, text)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    await client.query('rollback')
    await client.query('deallocate all')
  }
}

/** A plan does not show that a row lacks what it must have. */
async function columnLeftEmpty(client: PoolClient, text: string): Promise<string | null> {
  const [statement] = await parseStatements(text)
  if (statement === undefined || !('InsertStmt' in statement.node)) return null
  const { relation, cols = [] } = statement.node.InsertStmt
  const filled = cols.flatMap((column) => ('ResTarget' in column ? [column.ResTarget.name] : []))
  if (filled.length === 0 || relation?.schemaname === undefined) return null
  const { rows } = await client.query<{ name: string }>(
    `select attname::text as name from pg_attribute
     where attrelid = to_regclass(format('%I.%I', $1::text, $2::text)) and attnum > 0 and not attisdropped
       and attnotnull and not atthasdef and attidentity = '' and attname <> all ($3::text[])`,
    [relation.schemaname, relation.relname, filled],
  )
  return rows[0] === undefined ? null : `it does not fill the column "${rows[0].name}", which must not be null`
}
