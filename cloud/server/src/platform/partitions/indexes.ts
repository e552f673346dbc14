import type { Database } from '../db/database.ts'

// Which indexes a partition has beside its primary key and what else is unique: those of the default partition. A migration changes that one, in no time, and the months follow here.

interface Index {
  readonly name: string
  /** From `USING` on: equal for two partitions that have the same index. */
  readonly definition: string
  /** False of one whose building was broken off: no query uses it, and every write keeps it up to date. */
  readonly valid: boolean
}

const indexesOf = (database: Database, partition: string): Promise<Index[]> =>
  database.asOwner<Index>(
    `select indexrelid::regclass::text as name, substring(pg_get_indexdef(indexrelid) from ' (USING .*)$') as definition, indisvalid as valid
     from pg_index where indrelid = $1::regclass and not indisunique order by 1`,
    [partition],
  )

/** As definitions, those that a hot partition of the table has; null where it has no default partition to take after. */
export async function indexesOfHot(database: Database, table: string): Promise<readonly string[] | null> {
  const [row] = await database.asOwner<{ name: string | null }>(
    'select nullif(partdefid, 0)::regclass::text as name from pg_partitioned_table where partrelid = $1::regclass',
    [table],
  )
  if (row === undefined || row.name === null) return null
  return (await indexesOf(database, row.name)).map(({ definition }) => definition)
}

/** Also by a run that was killed here, or given up for dead: on the server it goes on. */
async function isBeingBuilt(database: Database, partition: string): Promise<boolean> {
  const rows = await database.asOwner(
    'select from pg_stat_progress_create_index where datname = current_database() and relid = $1::regclass',
    [partition],
  )
  return rows.length > 0
}

/**
 * Gives a partition these indexes and no others, one after the other. Concurrently: nobody waits, and a run that is killed leaves at most an index that is not valid, which the next one
 * builds anew. A partition that somebody builds an index of is left alone: it would be built twice, and each of the two wait for the other.
 * @param wanted null: what is there stays
 * @returns whether something was done
 */
export async function reindex(
  database: Database,
  partition: string,
  wanted: readonly string[] | null,
  { signal, told }: { readonly signal: AbortSignal; readonly told: (partition: string) => void },
): Promise<boolean> {
  if (wanted === null) return false
  const missing = new Set(wanted)
  const surplus: string[] = []
  for (const { name, definition, valid } of await indexesOf(database, partition))
    if (!valid || !missing.delete(definition)) surplus.push(name)
  // What is new may stand in for what goes.
  const statements = [
    ...[...missing].map((definition) => `create index concurrently on ${partition} ${definition}`),
    ...surplus.map((name) => `drop index concurrently if exists ${name}`),
  ]
  let done = 0
  for (const statement of statements) {
    if (signal.aborted || (await isBeingBuilt(database, partition))) break
    told(partition)
    await database.asOwnerHoweverLong(statement)
    done++
  }
  return done > 0
}
