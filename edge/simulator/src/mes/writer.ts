import { describeError } from '@jidoka/base'
import type { Clock, Log, Service } from '@jidoka/base'
import pg from 'pg'
import type { ProductionEvent } from '../plant/production/events.ts'
import type { MesDatabase } from './database.ts'
import { closeLeftOvers, mesSchema, pruneMany, pruneOld } from './schema.ts'
import { statementFor } from './statements.ts'

export const writerLimits = {
  /** A MES that is away for long would otherwise fill the memory with what waits for it. */
  waitingMax: 20_000,
  /** Rows that are kept per table; below it a connector that was away for hours would miss some, above it PGlite grows without use. */
  rowsMax: 20_000,
  /** A day: longer than any connector is away in a demonstration. */
  keptMs: 24 * 3_600_000,
  flushEveryMs: 1_000,
  pruneEveryMs: 60_000,
  /** A database that hangs must not hang the plant's stop. */
  statementMs: 10_000,
} as const

/**
 * Writes what the plant produces into the MES, once a second in one transaction. While the database is away, changes
 * wait; counts of one lot replace each other, so the wait is short. Loses none but those beyond `waitingMax`, and counts them.
 */
export class MesWriter implements Service {
  readonly name = 'mes writer'
  readonly #database: MesDatabase
  readonly #clock: Clock
  readonly #log: Log
  /** In order; a lot's count has one place. */
  #waiting = new Map<string, { event: ProductionEvent; at: Date }>()
  #unkeyed = 0
  #droppedTotal = 0
  #client: pg.Client | null = null
  #cancelTimer = () => {}
  #flushing: Promise<void> = Promise.resolve()
  #prunedAtMs: number
  #away = false
  #stopped = false

  constructor(options: { database: MesDatabase; clock: Clock; log: Log }) {
    this.#database = options.database
    this.#clock = options.clock
    this.#log = options.log
    this.#prunedAtMs = options.clock.monotonicMs()
  }

  async start(): Promise<void> {
    const client = await this.#connect()
    await this.#inTransaction(async () => {
      await client.query(mesSchema)
      for (const sql of closeLeftOvers) await client.query(sql, [new Date(this.#clock.nowMs())])
    })
    this.#schedule()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelTimer()
    await this.flush()
    await this.#client?.end()
    this.#client = null
  }

  /** Takes an event that happened at a wall-clock instant. */
  add(event: ProductionEvent, at: Date): void {
    const key = event.type === 'counted' ? `counted ${event.lot}` : `#${this.#unkeyed++}`
    this.#waiting.set(key, { event, at })
    if (this.#waiting.size <= writerLimits.waitingMax) return
    const [oldest] = this.#waiting.keys()
    if (oldest !== undefined) this.#waiting.delete(oldest)
    this.#droppedTotal++
  }

  get waiting(): number {
    return this.#waiting.size
  }

  get droppedTotal(): number {
    return this.#droppedTotal
  }

  /** Writes what waits, after whoever writes now. Never throws: what could not be written waits on, and is said once. */
  async flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#flushOnce())
    await this.#flushing
  }

  async #flushOnce(): Promise<void> {
    const batch = this.#waiting
    this.#waiting = new Map()
    try {
      await this.#write([...batch.values()])
      if (this.#away) this.#log.info({ rows: batch.size }, 'the MES database is back')
      this.#away = false
    } catch (error) {
      for (const [key, change] of this.#waiting) batch.set(key, change)
      this.#waiting = batch
      if (!this.#away)
        this.#log.warn({ error: describeError(error), waiting: batch.size }, 'the MES database is away; changes wait')
      this.#away = true
      await this.#recover()
    }
  }

  async #recover(): Promise<void> {
    try {
      await this.#database.recover()
    } catch (error) {
      this.#log.warn({ error: describeError(error) }, 'the MES database does not recover yet')
    }
  }

  async #write(changes: readonly { event: ProductionEvent; at: Date }[]): Promise<void> {
    const pruneDue = this.#clock.monotonicMs() - this.#prunedAtMs >= writerLimits.pruneEveryMs
    if (changes.length === 0 && !pruneDue && this.#client !== null) return
    const client = await this.#connect()
    await this.#inTransaction(async () => {
      for (const { event, at } of changes) await client.query(statementFor(event, at))
      if (!pruneDue) return
      for (const sql of pruneOld) await client.query(sql, [new Date(this.#clock.nowMs() - writerLimits.keptMs)])
      for (const sql of pruneMany) await client.query(sql, [writerLimits.rowsMax])
    })
    if (pruneDue) this.#prunedAtMs = this.#clock.monotonicMs()
  }

  async #connect(): Promise<pg.Client> {
    if (this.#client !== null) return this.#client
    const client = new pg.Client({
      connectionString: this.#database.url,
      connectionTimeoutMillis: writerLimits.statementMs,
      query_timeout: writerLimits.statementMs,
    })
    client.on('error', () => this.#forget(client))
    client.on('end', () => this.#forget(client))
    await client.connect()
    this.#client = client
    return client
  }

  async #inTransaction(run: () => Promise<void>): Promise<void> {
    const client = await this.#connect()
    try {
      // PGlite has one session for all: a connector that made its own read-only has made ours so too.
      await client.query('BEGIN READ WRITE')
      await run()
      await client.query('COMMIT')
    } catch (error) {
      // The connection may be in any state; a new one is cheap.
      this.#forget(client)
      client
        .end()
        .catch((cause: unknown) =>
          this.#log.debug({ error: describeError(cause) }, 'a broken MES connection did not close'),
        )
      throw error
    }
  }

  #forget(client: pg.Client): void {
    if (this.#client === client) this.#client = null
  }

  async #flushAndSchedule(): Promise<void> {
    await this.flush()
    if (!this.#stopped) this.#schedule()
  }

  #schedule(): void {
    this.#cancelTimer = this.#clock.after(writerLimits.flushEveryMs, () => {
      void this.#flushAndSchedule()
    })
  }
}
