import { randomUUID } from 'node:crypto'
import { OperationalError } from '@jidoka/base'
import type { Backend } from '../db/backend.ts'
import { tenancyLimits } from './limits.ts'
import { mainDatabase } from './settings.ts'

/** Two addresses of one database, or a database of another installation: nothing may be written to it. */
export class WrongDatabaseError extends OperationalError {
  override name = 'WrongDatabaseError'
}

interface Identity {
  readonly name: string
  readonly number: number
  readonly directory: string
}

/** Numbers that are unique in a database alone, and are kept in a move. */
const numbered = ['fleet.reading_streams.stream_id']

/** Makes a database known to the directory of the main one, and says in it what it is. Again and again the same. @throws WrongDatabaseError */
export async function registerPlace(main: Backend, name: string, backend: Backend): Promise<void> {
  const directory = (await identityOf(main))?.directory ?? randomUUID()
  await call(main, mainDatabase, { name: mainDatabase, number: 0, directory })
  const { directory: ours } = (await identityOf(main)) as Identity
  if (name === mainDatabase) return
  const { rows } = await main.pool.query<{ number: number }>(
    `with made as (insert into jidoka.databases (name, number) select $1, max(number) + 1 from jidoka.databases on conflict (name) do nothing returning number)
     select number from made union all select number from jidoka.databases where name = $1`,
    [name],
  )
  await call(backend, name, { name, number: rows[0]?.number as number, directory: ours })
}

async function call(backend: Backend, name: string, identity: Identity): Promise<void> {
  await backend.pool.query(
    'insert into jidoka.this_database (name, number, directory) values ($1, $2, $3) on conflict do nothing',
    [identity.name, identity.number, identity.directory],
  )
  const stands = await identityOf(backend)
  if (stands?.name !== name || stands.directory !== identity.directory)
    throw new WrongDatabaseError(
      `The address of the database "${name}" leads to one that is called "${stands?.name ?? '?'}"${stands?.directory === identity.directory ? '' : ' by another installation'}. Look at JIDOKA_CLOUD_SHARDS, JIDOKA_CLOUD_OWN_DATABASES and DATABASE_URL.`,
    )
  if (name === mainDatabase)
    await backend.pool.query('insert into jidoka.databases (name, number) values ($1, 0) on conflict do nothing', [
      name,
    ])
  for (const column of numbered) await keepToRange(backend, column, identity.number)
}

/** Each database gives numbers of its own range, so that those of a tenant stay what they are wherever it goes. */
async function keepToRange(backend: Backend, column: string, number: number): Promise<void> {
  const { numbersEach } = tenancyLimits
  const [table, name] = [column.slice(0, column.lastIndexOf('.')), column.slice(column.lastIndexOf('.') + 1)]
  const { rows } = await backend.pool.query<{ sequence: string; last: number; max: number }>(
    `select s.seqrelid::regclass::text as sequence, s.seqmax as max, coalesce(pg_sequence_last_value(s.seqrelid), 0) as last
     from pg_sequence s where s.seqrelid = pg_get_serial_sequence($1, $2)::regclass`,
    [table, name],
  )
  const [first, last] = [number * numbersEach + 1, (number + 1) * numbersEach]
  const row = rows[0]
  if (row === undefined) throw new Error(`${column} has no sequence`)
  if (row.max === last) return
  if (number === 0 && row.last >= last)
    throw new WrongDatabaseError(
      `${column} has counted to ${row.last}, beyond ${last}, where the numbers of other databases begin: tenants of this database cannot be moved.`,
    )
  const restart = row.last < first || row.last > last ? `restart with ${first}` : ''
  await backend.pool.query(
    `alter sequence ${row.sequence} minvalue ${first} maxvalue ${last} start with ${first} ${restart}`,
  )
}

async function identityOf(backend: Backend): Promise<Identity | null> {
  const { rows } = await backend.pool.query<Identity>('select name, number, directory from jidoka.this_database')
  return rows[0] ?? null
}
