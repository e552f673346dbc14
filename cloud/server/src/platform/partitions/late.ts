import { randomBytes } from 'node:crypto'
import type { Database } from '../db/database.ts'
import { codeOf } from '../db/unavailable.ts'
import { retiredSchema } from './catalogue.ts'
import { monthOf, startOfMonthMs } from './periods.ts'
import type { Period } from './periods.ts'
import { splitName } from './tables.ts'

/** Taken in one transaction, of some tenths of a second. Nobody waits for it. */
export const lateBatchRows = 5_000
/** Of a table in one run: a million rows; the rest waits for the next. */
const batchesMax = 200
const lockNotAvailable = '55P03'

/** Rows that came when their month was no longer kept, out of the default partition and on their way out, as a table. */
export interface LateRows {
  /** With its schema. */
  readonly name: string
  readonly shortName: string
}

/** What an earlier run has left. */
export async function lateRowsIn(database: Database, table: string): Promise<LateRows[]> {
  const { name } = splitName(table)
  const rows = await database.asOwner<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relkind = 'r' and c.relname ~ $2 order by 1`,
    [retiredSchema, `^${name}_late_\\d{8}_[0-9a-f]{8}$`],
  )
  return rows.map(({ name: shortName }) => ({ name: `${retiredSchema}.${shortName}`, shortName }))
}

/**
 * Takes rows from before `beforeMs` out of the default partition, a batch in a transaction, as long as `mayGoOn`. The name is of this run alone: an archive says by it that its rows are
 * kept, which must not hold for rows that come later.
 * @returns null when there were none
 */
export async function takeLate(
  database: Database,
  table: string,
  {
    beforeMs,
    nowMs,
    mayGoOn,
  }: { readonly beforeMs: number; readonly nowMs: number; readonly mayGoOn: () => Promise<boolean> },
): Promise<{ late: LateRows; rows: number } | null> {
  const day = new Date(nowMs).toISOString().slice(0, 10).replaceAll('-', '')
  const shortName = `${splitName(table).name}_late_${day}_${randomBytes(4).toString('hex')}`
  let rows = 0
  for (let batch = 0; batch < batchesMax && (await mayGoOn()); batch++) {
    let moved: number
    try {
      ;({ moved } = await step(database, table, { beforeMs, shortName, most: lateBatchRows }))
    } catch (error) {
      // Somebody changes the table now. What is taken by then goes on, the rest waits for the next run.
      if (rows > 0 && isLockNotAvailable(error)) break
      throw error
    }
    rows += moved
    if (moved < lateBatchRows) break
  }
  return rows === 0 ? null : { late: { name: `${retiredSchema}.${shortName}`, shortName }, rows }
}

/** Also below what the database says of a line that is lost. */
export const isLockNotAvailable = (error: unknown): boolean =>
  error instanceof Error && (codeOf(error) === lockNotAvailable || codeOf(error.cause) === lockNotAvailable)

/** From the month of the first of them to the first that is kept. */
export async function periodOfLate(
  database: Database,
  table: string,
  { shortName }: LateRows,
  toMonth: number,
): Promise<Period> {
  const { first_at: first } = await step(database, table, { beforeMs: startOfMonthMs(toMonth), shortName, most: 0 })
  return { kind: 'month', fromMonth: first === null ? toMonth - 1 : monthOf(Date.parse(first)), toMonth }
}

async function step(
  database: Database,
  table: string,
  { beforeMs, shortName, most }: { readonly beforeMs: number; readonly shortName: string; readonly most: number },
): Promise<{ moved: number; first_at: string | null }> {
  const [row] = await database.asOwner<{ moved: number; first_at: string | null }>(
    'select moved, first_at from jidoka.take_late($1::regclass, $2, $3, $4)',
    [table, new Date(beforeMs).toISOString(), shortName, most],
  )
  return row ?? { moved: 0, first_at: null }
}
