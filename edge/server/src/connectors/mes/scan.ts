import pg from 'pg'
import { mesLimits } from './limits.ts'
import type { MesRow, MesTable } from './tables.ts'

/** A point within one scan of a table, in the order of (`updated_at`, key). */
export interface ScanPoint {
  readonly us: bigint
  readonly key: string
}

export interface MesPage {
  readonly rows: readonly { readonly row: MesRow; readonly key: string; readonly us: bigint }[]
  /** Where the next page begins; null when this was the last. */
  readonly next: ScanPoint | null
}

/** Counts and instants as numbers: the driver gives int8 and numeric as text, and dates as objects that lose nothing here but time. */
const parsers = new Map<number, (text: string) => unknown>([
  [pg.types.builtins.INT8, Number],
  [pg.types.builtins.NUMERIC, Number],
  [pg.types.builtins.TIMESTAMPTZ, (text) => Math.round(Date.parse(text))],
  [pg.types.builtins.TIMESTAMP, (text) => Math.round(Date.parse(`${text}Z`))],
])

/**
 * Instants from here on, and the two infinite ones, cannot be put in order with the others: they do not fit the 64 bits of
 * microseconds. The end of the year 9999 is where dates end in the files and forms that fill a MES.
 */
const instantEnd = `timestamptz '10000-01-01'`

/** One connection to a MES. It only ever reads, and says so to the server. */
export class MesClient {
  readonly #client: pg.Client

  constructor(url: string) {
    this.#client = new pg.Client({
      connectionString: url,
      application_name: 'jidoka-edge',
      connectionTimeoutMillis: mesLimits.connectTimeoutMs,
      query_timeout: mesLimits.queryTimeoutMs,
      keepAlive: true,
      // Everything comes as text: no query asks for binary results.
      types: { getTypeParser: (oid) => parsers.get(oid) ?? pg.types.getTypeParser(oid) },
    })
  }

  /** `onLost` is called when the server ends an idle connection. */
  async connect(onLost: (error: Error) => void): Promise<void> {
    this.#client.on('error', onLost)
    await this.#client.connect()
    await this.#client.query(`set default_transaction_read_only = on; set time zone 'UTC'`)
  }

  async nowUs(): Promise<bigint> {
    const answer = await this.#client.query<{ us: string }>(
      'select (extract(epoch from now()) * 1000000)::bigint::text as us',
    )
    return BigInt(answer.rows[0]?.us ?? '0')
  }

  /**
   * The next rows of a table behind a point. Ordered by (`updated_at`, key as text under C), which is total: rows of one
   * instant that straddle a page boundary are neither lost nor repeated within the scan. Rows whose instant cannot be put
   * in order are left out, and `case` keeps the cast away from them in whatever order the server takes the conditions.
   */
  async page(table: MesTable, after: ScanPoint): Promise<MesPage> {
    const columns = table.columns.map((column) => `"${column}"`).join(', ')
    const text = `
      select ${columns}, updated_at, (extract(epoch from updated_at) * 1000000)::bigint::text as updated_us, "${table.key}"::text as row_key
      from mes."${table.table}"
      where updated_at >= timestamptz 'epoch' + $1::bigint * interval '1 microsecond' and updated_at < ${instantEnd}
        and case when isfinite(updated_at) and updated_at < ${instantEnd}
          then ((extract(epoch from updated_at) * 1000000)::bigint, "${table.key}"::text collate "C") > ($1::bigint, $2::text)
        end
      order by updated_at, "${table.key}"::text collate "C"
      limit ${mesLimits.pageRows}`
    const answer = await this.#client.query<Record<string, unknown> & { updated_us: string; row_key: string }>(text, [
      after.us.toString(),
      after.key,
    ])
    const rows = answer.rows.map(({ updated_us, row_key, ...row }) => ({ row, key: row_key, us: BigInt(updated_us) }))
    const last = rows.at(-1)
    const isFull = rows.length === mesLimits.pageRows
    return { rows, next: isFull && last ? { us: last.us, key: last.key } : null }
  }

  /** Keys of rows that `page` leaves out because of their `updated_at`: at most a page of them, found by its index. */
  async unordered(table: MesTable): Promise<readonly string[]> {
    const answer = await this.#client.query<{ row_key: string }>(`
      select "${table.key}"::text as row_key from mes."${table.table}"
      where updated_at >= ${instantEnd} or updated_at = timestamptz '-infinity'
      limit ${mesLimits.pageRows}`)
    return answer.rows.map((row) => row.row_key)
  }

  async close(): Promise<void> {
    await this.#client.end()
  }
}
