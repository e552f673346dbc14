import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { createLog, describeError, ManualClock, systemClock } from '@jidoka/base'
import { cloudPaths } from '@jidoka/contract'
import { afterEach, describe, expect, it } from 'vitest'
import type { PostgresServer, TestStore } from '../../testing/stores.ts'
import { judgmentRecord, World } from '../../testing/world.ts'
import { Carrier } from '../jobs/carrier.ts'
import { Database } from './database.ts'
import type { Backend } from './backend.ts'
import { migrateUp } from './migrations.ts'
import { allMigrations, openBackend } from './open.ts'
import { defaultDatabaseSettings } from './settings.ts'
import type { DatabaseSettings } from './settings.ts'
import { DatabaseUnavailableError } from './unavailable.ts'

// The line to the database is slow, silent or cut, or the server restarts. Requests end within their time-outs and say that they may come again; the pool
// is whole once the line is; and what was acknowledged is there.

/** A line to a server, on loopback. */
export class DatabaseLine {
  readonly #server = createServer((near) => this.#join(near))
  readonly #targetPort: number
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  isCut = false
  /** Takes bytes and passes none on, as a firewall that has forgotten the connection. */
  isSilent = false

  private constructor(targetPort: number) {
    this.#targetPort = targetPort
  }

  static async open(targetPort: number): Promise<DatabaseLine> {
    const line = new DatabaseLine(targetPort)
    await new Promise<void>((resolve) => line.#server.listen(0, '127.0.0.1', resolve))
    return line
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get connections(): number {
    return this.#pairs.size
  }

  /** Ends what is open, without a word of the protocol. */
  reset(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy()
    this.#pairs.clear()
  }

  async close(): Promise<void> {
    this.reset()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #join(near: Socket): void {
    if (this.isCut) {
      near.resetAndDestroy()
      return
    }
    const far = connect(this.#targetPort, '127.0.0.1')
    const pair = [near, far] as const
    this.#pairs.add(pair)
    const pass = (from: Socket, to: Socket) => {
      from.on('data', (bytes: Buffer) => void (this.isSilent || to.write(bytes)))
      from.on('error', () => to.destroy())
      from.on('close', () => {
        to.destroy()
        this.#pairs.delete(pair)
      })
    }
    pass(near, far)
    pass(far, near)
  }
}

export function brokenLineCases(server: () => PostgresServer): void {
  describe('a line to the database', () => {
    const closings: (() => Promise<unknown>)[] = []
    afterEach(async () => {
      for (const close of closings.splice(0).toReversed()) await close()
    })

    /** A migrated database of its own behind a line. */
    const behindLine = async (settings: Partial<DatabaseSettings> = {}) => {
      const store = await server().newStore()
      closings.push(() => store.close())
      const name = (await store.backend.pool.query<{ name: string }>('select current_database()::text as name')).rows[0]
        ?.name
      const url = new URL(server().url(name ?? ''))
      const line = await DatabaseLine.open(Number(url.port))
      url.port = String(line.port)
      const limits = { ...defaultDatabaseSettings, ...settings }
      const backend = await openBackend({
        url: url.href,
        folder: store.folder,
        settings: limits,
        onFailure: () => undefined,
        onBrokenConnection: () => undefined,
      })
      closings.push(async () => {
        line.isSilent = false
        line.reset()
        await backend.close()
        await line.close()
      })
      const database = new Database(backend, { clock: systemClock, settings: limits })
      return { store, backend, line, database }
    }
    const ask = (database: Database) => database.withTenant('demo', (tx) => tx.query<{ n: number }>('select 1 as n'))
    const lostWords = /ECONNRESET|Connection terminated/
    const unavailable = expect.objectContaining({ name: 'DatabaseUnavailableError' })

    it('that was reset while nobody used it costs no request: another connection is taken', async () => {
      const { line, database, backend } = await behindLine()
      for (let round = 0; round < 20; round++) {
        await Promise.all([1, 2, 3].map(() => ask(database)))
        // Requests that come in the same breath find connections that are dead, and that the pool does not know to be.
        line.reset()
        expect(await ask(database)).toEqual([{ n: 1 }])
      }
      expect(backend.pool.waitingCount).toBe(0)
    })

    it('that was lost is told to whoever listens, once it is there again: what was announced meanwhile is not heard', async () => {
      const { line, backend } = await behindLine()
      let missed = (): void => undefined
      const again = new Promise<void>((resolve) => (missed = resolve))
      const end = await backend.listen(
        'of_a_test',
        () => undefined,
        () => missed(),
      )
      line.reset()
      await again
      await end()
    })

    it('that is lost within a transaction is told to the caller: nothing of it is done, and nothing is done twice', async () => {
      const { line, database } = await behindLine()
      await database.withTenant('demo', (tx) => tx.run(`insert into core.tenants (id, name) values ('demo', 'Demo')`))
      let times = 0
      const lost = database.withTenant('demo', async (tx) => {
        times++
        await tx.run(
          `insert into fleet.sites (tenant_id, code, name, time_zone) values ('demo', 'A', '{}', 'Asia/Seoul')`,
        )
        line.reset()
        await tx.query('select 1')
      })
      await expect(lost).rejects.toEqual(unavailable)
      expect(times).toBe(1)
      expect(await database.withTenant('demo', (tx) => tx.query('select code from fleet.sites'))).toEqual([])
    })

    it('that is cut is told at once, and is whole again by itself', async () => {
      const { line, database } = await behindLine()
      line.isCut = true
      line.reset()
      await expect(ask(database)).rejects.toEqual(unavailable)
      await expect(database.asOwner('select 1')).rejects.toEqual(unavailable)
      line.isCut = false
      expect(await ask(database)).toEqual([{ n: 1 }])
    })

    it('that says nothing is given up after the time-outs, whoever waits for a connection too', async () => {
      const { line, database, backend } = await behindLine({
        pool: 1,
        pool_overflow: 0,
        pool_wait_s: 1,
        statement_s: 1,
      })
      await ask(database)
      line.isSilent = true
      // A second for the statement and five for the line to answer; without them it would be for ever.
      const answers = await Promise.allSettled([1, 2, 3].map(() => ask(database)))
      expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
      for (const answer of answers) expect(answer).toMatchObject({ reason: unavailable })
      line.isSilent = false
      expect(await ask(database)).toEqual([{ n: 1 }])
      expect(backend.pool.totalCount).toBe(1)
    })

    it('has its statements, its waits for locks and its idle transactions ended by the server', async () => {
      const { database, store } = await behindLine({ statement_s: 1, lock_s: 1, idle_in_transaction_s: 1 })
      const slow = database.withTenant('demo', (tx) => tx.query('select pg_sleep(20)'))
      await expect(slow).rejects.toThrow('statement timeout')
      const holder = await store.backend.pool.connect()
      await holder.query('begin; lock table fleet.sites')
      const kept = new Database(database.backend, {
        clock: systemClock,
        settings: { ...defaultDatabaseSettings, lock_s: 1 },
      }).withTenant('demo', (tx) => tx.query('select * from fleet.sites'))
      await expect(kept).rejects.toThrow('lock timeout')
      await holder.query('rollback')
      holder.release()
      const idle = database.withTenant('demo', async (tx) => {
        await tx.query('select 1')
        const ended = async (): Promise<boolean> =>
          (
            await store.backend.pool.query(
              `select from pg_stat_activity where state = 'idle in transaction' and datname = current_database()`,
            )
          ).rows.length === 0
        while (!(await ended())) await new Promise((resolve) => setImmediate(resolve))
        await tx.query('select 2')
      })
      await expect(idle).rejects.toBeInstanceOf(DatabaseUnavailableError)
      expect(await ask(database)).toEqual([{ n: 1 }])
    })

    /** A session past the line that holds what others are to wait for, and how to know that one does. */
    const holding = async (store: TestStore, statement: string) => {
      const holder = await store.backend.pool.connect()
      await holder.query(`begin; ${statement}`)
      const waited = () =>
        expect
          .poll(async () => {
            const { rows } = await store.backend.pool.query(
              `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
            )
            return rows.length
          })
          .toBe(1)
      const letGo = async () => {
        await holder.query('rollback')
        holder.release()
      }
      return { waited, letGo }
    }

    it('that is cut under a migration ends it with what went wrong, and not the program', async () => {
      const { line, backend, store } = await behindLine()
      const { waited, letGo } = await holding(store, 'lock table fleet.sites')
      const change = { name: '20991231_2330__change', module: 'test', down: '', checksum: 'of the change' }
      const up = 'alter table fleet.sites add column changed int'
      const ran = migrateUp(backend.pool, [...allMigrations(), { ...change, up }])
      const failure = ran.catch((error: unknown) => describeError(error))
      await waited()
      line.reset()
      expect(await failure).toMatch(lostWords)
      await letGo()
    })

    it('that is cut, or falls silent, while a process takes tickets of jobs ends neither that process nor the work of others', async () => {
      const { line, backend, store } = await behindLine()
      const open = async (of: Backend) => {
        const log = createLog('test', { level: 'silent' })
        const carrier = await Carrier.open({ backend: of, clock: systemClock, log })
        closings.push(() => carrier.close())
        return carrier
      }
      const [carrier, other] = [await open(backend), await open(store.backend)]
      const lock = 'select pg_advisory_xact_lock(7152341)'
      const first = await holding(store, lock)
      const take = () => carrier.take(1).catch((error: unknown) => describeError(error))
      const cut = take()
      await first.waited()
      line.reset()
      expect(await cut).toMatch(lostWords)
      await first.letGo()
      expect(await carrier.take(1)).toEqual([])
      const second = await holding(store, lock)
      const silent = take()
      await second.waited()
      line.isSilent = true
      await second.letGo()
      // The silent one has its turn, and loses it: the server ends what says nothing.
      expect(await other.take(1)).toEqual([])
      expect(await silent).toMatch(lostWords)
      line.isSilent = false
      expect(await carrier.take(1)).toEqual([])
    })

    it('keeps twenty connections and opens more while there is more to do', async () => {
      const { database, backend } = await behindLine({ pool: 2, pool_overflow: 3 })
      const release = Promise.withResolvers<void>()
      const busy = [1, 2, 3, 4, 5, 6].map(() =>
        database.withTenant('demo', async (tx) => (await tx.query('select 1'), release.promise)),
      )
      await expect.poll(() => [backend.pool.totalCount, backend.pool.waitingCount]).toEqual([5, 1])
      release.resolve()
      await Promise.all(busy)
      expect([backend.pool.options.min, backend.pool.options.max]).toEqual([2, 5])
    })

    it(
      'I2: breaks under a program that is sent batches, and every batch that was receipted is there',
      { timeout: 60_000 },
      async () => {
        const { store, backend, line } = await behindLine({ pool_wait_s: 2, statement_s: 2 })
        const clock = new ManualClock(Date.UTC(2026, 10, 21, 9))
        const log = createLog('test', { level: 'silent' })
        const world = await World.open({ ...store, backend, close: () => Promise.resolve() }, { clock, log })
        const edge = await world.newEdge()
        const answers: Record<number, number> = {}
        const breaking = { isOver: false }
        const breaks = (async () => {
          for (let round = 0; round < 40; round++) {
            await new Promise((resolve) => setTimeout(resolve, 5 + ((round * 7) % 23)))
            line.isCut = round % 4 === 3
            line.reset()
          }
          line.isCut = false
          breaking.isOver = true
        })()
        let next = 1
        while (!breaking.isOver || next === 1) {
          const { status, headers } = await edge.send(edge.recordsBatch([judgmentRecord(clock.nowMs() + next)], next))
          answers[status] = (answers[status] ?? 0) + 1
          if (status === 200) next++
          else expect([status, headers.get('retry-after')]).toEqual([503, '5'])
        }
        await breaks
        expect(answers[503]).toBeGreaterThan(0)
        // One that was committed, and its receipt lost, is taken as a repeat.
        const last = await edge.send(edge.recordsBatch([judgmentRecord(clock.nowMs() + next)], next))
        expect(last.status).toBe(200)
        const { rows } = await store.backend.pool.query<{ n: number }>(
          'select count(*)::int as n from core.judgment_executions',
        )
        expect(rows[0]?.n).toBe(next)
        expect((await world.as('GET', cloudPaths.judgmentRecent)).status).toBe(200)
        await world.close()
      },
    )
  })
}
