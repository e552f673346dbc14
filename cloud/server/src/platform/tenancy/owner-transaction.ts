import type { PoolClient } from 'pg'
import type { Backend } from '../db/backend.ts'

export interface OwnerTransaction {
  /** Row-level security is in force for the owner too: it sees this tenant's rows, by the policy that a move makes for it. */
  readonly tenant: string
  readonly isolation?: 'repeatable read'
  readonly lockWaitMs?: number
  /** Of one that others wait for: the server ends it when a statement lasts for so long, or when none comes. */
  readonly standsStillMsMax?: number
  /** What is left to whoever waits for its answers, asked at each statement. */
  readonly leftMs?: () => number
}

/** Longer than a table takes to be read; a line that is dead is given up by then. */
const answerMsMax = 600_000
/** No server takes longer to commit. */
const endMsMax = 60_000

/** One transaction as the owner of the tables, in the form in which values are the same text on every server. */
export async function asOwnerOf<Result>(
  { pool, profile }: Backend,
  { tenant, isolation, lockWaitMs, standsStillMsMax = 0, leftMs = () => answerMsMax }: OwnerTransaction,
  work: (query: OwnerQuery) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect()
  let broken: Error | undefined
  const lost = (error: Error) => {
    broken = error
  }
  client.on('error', lost)
  const query = queryOf(client, () => answeredWithin(profile.stopsLongStatements ? leftMs() : null))
  const ending = () => answeredWithin(profile.stopsLongStatements ? Math.min(endMsMax, leftMs()) : null)
  try {
    await query(`begin${isolation === undefined ? '' : ` isolation level ${isolation}`}`)
    await query(
      `select set_config('jidoka.tenant_id', $1, true), set_config('lock_timeout', $2, true), set_config('statement_timeout', $3, true),
         set_config('idle_in_transaction_session_timeout', $3, true), set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, YMD', true),
         set_config('intervalstyle', 'iso_8601', true), set_config('extra_float_digits', '1', true), set_config('bytea_output', 'hex', true)`,
      [tenant, String(lockWaitMs ?? Math.max(1, Math.round(leftMs()))), String(standsStillMsMax)],
    )
    const result = await work(query)
    await client.query({ text: 'commit', ...ending() })
    return result
  } catch (error) {
    await client.query({ text: 'rollback', ...ending() }).catch((failure: unknown) => {
      broken ??= failure instanceof Error ? failure : new Error('rollback failed', { cause: failure })
    })
    throw error
  } finally {
    client.off('error', lost)
    client.release(broken)
  }
}

export type OwnerQuery = <Row extends object = Record<string, unknown>>(
  text: string,
  values?: readonly unknown[],
) => Promise<Row[]>

/** PGlite has no timers. */
const answeredWithin = (ms: number | null): object =>
  ms === null ? {} : { query_timeout: Math.max(1, Math.round(ms)) }

const queryOf =
  (client: PoolClient, limits: () => object): OwnerQuery =>
  async <Row extends object>(text: string, values: readonly unknown[] = []) =>
    (await client.query<Row>({ text, values: [...values], ...limits() })).rows
