import { OperationalError } from '@jidoka/base'
import type { ClientBase } from 'pg'
import { parseStatements } from './parsed.ts'

// An index of a table that is written to is built without a lock that stops writers, and that PostgreSQL does in no transaction. Whatever dies half-way
// then leaves an index that is not valid, which no query uses and every write keeps up to date: it is dropped, and built anew.

const mark = /^-- outside of a transaction\b/

/** Whether a migration says in its first line that it cannot run in a transaction. */
export const isOutsideTransaction = (sql: string): boolean => mark.test(sql)

/** Runs the one statement of such a migration, whatever an earlier run has left. @throws OperationalError for one that could not be begun anew. */
export async function runOutsideTransaction(client: ClientBase, sql: string): Promise<void> {
  const [statement, ...more] = await parseStatements(sql)
  if (statement === undefined || more.length > 0)
    throw new OperationalError(
      'A migration outside of a transaction is one statement, so that it can be begun anew. Write a migration for each.',
    )
  const { text, node } = statement
  if ('DropStmt' in node && node.DropStmt.concurrent === true && node.DropStmt.missing_ok === true) {
    await client.query(text)
    return
  }
  const index = 'IndexStmt' in node ? node.IndexStmt : {}
  const { idxname: name, relation, concurrent } = index
  if (concurrent !== true || name === undefined || relation?.schemaname === undefined)
    throw new OperationalError(
      'Outside of a transaction only these can be begun anew: "create index concurrently NAME on SCHEMA.TABLE ..." and "drop index concurrently if exists SCHEMA.NAME".',
    )
  const schema = relation.schemaname
  const { rows } = await client.query<{ is_valid: boolean }>(
    `select i.indisvalid as is_valid from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relname = $2`,
    [schema, name],
  )
  // It was built, and the line of history is what did not come to be written.
  if (rows[0]?.is_valid === true) return
  if (rows[0] !== undefined)
    await client.query(`drop index concurrently ${client.escapeIdentifier(schema)}.${client.escapeIdentifier(name)}`)
  await client.query(text)
}
