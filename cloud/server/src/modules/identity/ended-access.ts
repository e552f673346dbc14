import { describeError } from '@jidoka/base'
import type { Clock, Log } from '@jidoka/base'
import type { Database } from '../../platform/db/database.ts'
import { outsideRequest } from '../../platform/request-scope.ts'
import { Rounds } from '../../platform/rounds.ts'

/** What of an access token says whether it was taken back. */
export interface AccessMark {
  readonly tenantId: string
  readonly login: string
  /** Of the person when it was handed out. */
  readonly version: number
  /** Its sign-in. */
  readonly sessionId: string
  readonly issuedAtS: number
}

export const endedAccessLimits = {
  /** What another process ended is told at once; where that was lost, or somebody changed a person in the database, it is seen after this. */
  lookEveryMs: 5_000,
  /** Two megabytes. Where there are more, everybody's tokens of before are taken for ended: a refresh mends that without anybody noticing. */
  entriesMax: 20_000,
  /** Clocks of processes and of the database. */
  skewS: 60,
} as const

interface EndedRow {
  tenant_id: string
  subject: string
  version: number | null
  ended_s: number
}

/** Which access tokens are worth nothing although they have not ended: a request asks memory alone. The database has the last word; it is read when it may have changed. */
export class EndedAccess extends Rounds {
  readonly #database: Database
  readonly #tellOthers: () => void
  readonly #failed: (error: unknown) => void
  /** By tenant and subject: below which version, or all of it. */
  #ended: ReadonlyMap<string, number> = new Map()
  #floorS = 0
  #reading: Promise<void> = Promise.resolve()
  #waiting: Promise<void> | null = null

  constructor(parts: { database: Database; clock: Clock; log: Log; tellOthers: () => void }) {
    const { database, clock, log, tellOthers } = parts
    const failed = (error: unknown) => log.warn({ action: 'access.look', success: false }, describeError(error))
    super({
      name: 'ended-access',
      everyMs: endedAccessLimits.lookEveryMs,
      clock,
      work: () => this.look(),
      failed,
    })
    this.#failed = failed
    this.#database = database
    this.#tellOthers = tellOthers
  }

  override async start(): Promise<void> {
    await this.look()
    await super.start()
  }

  has({ tenantId, login, version, sessionId, issuedAtS }: AccessMark): boolean {
    const ended = this.#ended
    if (issuedAtS < this.#floorS) return true
    if (ended.size === 0) return false
    return (
      version < (ended.get(keyOf(tenantId, `user:${login}`)) ?? 0) || ended.has(keyOf(tenantId, sessionOf(sessionId)))
    )
  }

  /**
   * Something was ended here, and is committed. It holds in this process when this resolves, and soon in the others. Never rejects: what is committed is not undone
   * by a reading that failed, and the next one is `lookEveryMs` away.
   */
  async changed(): Promise<void> {
    this.#tellOthers()
    await this.look().catch(this.#failed)
  }

  /** Another process has ended something, or may have. */
  heard(): void {
    this.look().catch(this.#failed)
  }

  /** Reads anew, after a reading that is under way: that one may have begun before. Several wait for one reading, so it ends with the request of none of them. */
  look(): Promise<void> {
    this.#waiting ??= outsideRequest(() =>
      this.#reading
        .catch(() => undefined)
        .then(() => {
          this.#waiting = null
          this.#reading = this.#read()
          return this.#reading
        }),
    )
    return this.#waiting
  }

  async #read(): Promise<void> {
    const { entriesMax, skewS } = endedAccessLimits
    const { rows, unreached } = await this.#database.askDirectories((directory) =>
      directory.query<EndedRow>(
        `select tenant_id, subject, version, extract(epoch from ended_at)::bigint as ended_s from core.ended_access
         where ended_at > clock_timestamp() - interval '20 minutes' order by ended_at desc limit $1`,
        [entriesMax + 1],
      ),
    )
    rows.sort((left, right) => right.ended_s - left.ended_s)
    const oldest = rows[entriesMax - 1]
    this.#floorS = rows.length > entriesMax && oldest !== undefined ? oldest.ended_s + skewS : 0
    // Of a database that does not answer what was known holds on.
    const ended = new Map(unreached.length === 0 ? [] : this.#ended)
    for (const { tenant_id: tenantId, subject, version } of rows.slice(0, entriesMax))
      ended.set(keyOf(tenantId, subject), version ?? Infinity)
    this.#ended = ended
  }
}

const keyOf = (tenantId: string, subject: string): string => `${tenantId} ${subject}`
export const sessionOf = (sessionId: string): string => `session:${sessionId}`
