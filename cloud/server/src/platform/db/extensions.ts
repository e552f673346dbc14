import { describeError } from '@jidoka/base'
import type { Clock, Log } from '@jidoka/base'
import type { Pool } from 'pg'
import { DatabaseError } from 'pg'

/** What parts of the cloud ask of a database beyond plain PostgreSQL. Without it these parts do not work and all others do. */
const wantedExtensions = {
  /** Documents are searched by meaning: https://github.com/pgvector/pgvector */
  vector: 'pgvector',
  /** Documents in Korean are searched by parts of words. */
  pg_trgm: 'pg_trgm',
} as const

/**
 * Which of them the database neither has nor would make for this user. It is tried and rolled back: a server may have an extension that its own list
 * of those available does not name (Debian's `extension_destdir`).
 * @throws when the database does not answer
 */
export async function lackingExtensions(
  pool: Pool,
  names: readonly string[] = Object.keys(wantedExtensions),
): Promise<string[]> {
  const { rows } = await pool.query<{ extname: string }>('select extname from pg_extension where extname = any($1)', [
    names,
  ])
  const lacking: string[] = []
  for (const name of names)
    if (!rows.some(({ extname }) => extname === name) && !(await canMake(pool, name))) lacking.push(name)
  return lacking
}

async function canMake(pool: Pool, name: string): Promise<boolean> {
  const client = await pool.connect()
  let broken: Error | undefined
  // A connection that ends between two statements says so by an error that would end the program if nobody heard it.
  const lost = (error: Error) => {
    broken = error
  }
  client.on('error', lost)
  try {
    await client.query('begin')
    await client.query(`create extension if not exists ${client.escapeIdentifier(name)}`)
    return true
  } catch (error) {
    // Not there, or not for this user: the server has said so.
    if (error instanceof DatabaseError) return false
    throw error
  } finally {
    await client.query('rollback').catch((error: unknown) => {
      broken ??= error instanceof Error ? error : new Error('rollback failed', { cause: error })
    })
    client.off('error', lost)
    client.release(broken)
  }
}

/** What lacks may be installed while the program runs. */
const lookAgainMs = 60_000

export interface ExtensionWatchParts {
  readonly pool: Pool
  readonly clock: Clock
  readonly log: Log
  readonly names?: readonly string[]
}

/** Which extensions lack, for whoever asks whether the program is ready: nobody waits for the answer. */
export class ExtensionWatch {
  readonly #parts: ExtensionWatchParts
  #lacking: readonly string[] = []
  #nextLookMs = -Infinity

  constructor(parts: ExtensionWatchParts) {
    this.#parts = parts
  }

  /** What the last look found; another is begun when it is time. */
  lacking(): readonly string[] {
    const { clock, log } = this.#parts
    if (clock.monotonicMs() >= this.#nextLookMs) {
      this.#nextLookMs = clock.monotonicMs() + lookAgainMs
      this.#look().catch((error: unknown) =>
        log.warn({ action: 'database.extensions', success: false }, describeError(error)),
      )
    }
    return this.#lacking
  }

  async #look(): Promise<void> {
    const { pool, log, names } = this.#parts
    const before = this.#lacking.join(', ')
    this.#lacking = await lackingExtensions(pool, names)
    const now = this.#lacking.join(', ')
    if (now === '') this.#nextLookMs = Infinity
    else if (now !== before)
      log.warn(
        { action: 'database.extensions', success: false, lacking: this.#lacking },
        `The database has no ${now}, or does not let this user make it: what needs it does not work. Install it on the server (Debian: postgresql-NN-pgvector, postgresql-contrib); nothing is to be restarted.`,
      )
  }
}
