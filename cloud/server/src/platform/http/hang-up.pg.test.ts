import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { postgresIsMissing, postgresServer } from '../../testing/stores.ts'
import type { PostgresServer } from '../../testing/stores.ts'
import { openHangUpWorld } from './hang-up-world.ts'
import type { HangUpWorld } from './hang-up-world.ts'

// What only a server has: statements that can be stopped while they run, and a list of what runs.

const missing = postgresIsMissing()

describe.skipIf(missing !== null)(
  `a caller who hangs up, on PostgreSQL 15${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    let server: PostgresServer
    let world: HangUpWorld
    beforeAll(async () => {
      server = await postgresServer()
      world = await openHangUpWorld(await server.newStore())
    })
    afterAll(async () => {
      await world.close()
      await server.end()
    })

    const running = async (what: string) => {
      const { rows } = await world.pool.query<{ state: string }>(
        `select state from pg_stat_activity where query like $1 and state <> 'idle' and pid <> pg_backend_pid()`,
        [`%${what}%`],
      )
      return rows.length
    }
    const isBusy = () => world.pool.totalCount - world.pool.idleCount > 0

    it('has its statement stopped, and leaves its connection as it was', async () => {
      const { database } = world
      for (const ends of [false, true]) {
        const asked = world.ask(() =>
          database.withTenant('demo', async (tx) => {
            const slept = tx.query('select pg_sleep(60) as left_alone')
            if (ends) tx.ends()
            await slept
          }),
        )
        await vi.waitFor(async () => expect(await running('left_alone')).toBe(1), { timeout: 5_000, interval: 10 })
        asked.destroy()
        await vi.waitFor(async () => expect(await running('left_alone')).toBe(0), { timeout: 5_000, interval: 10 })
        expect(await world.ended()).toBe('DatabaseUnavailableError')
        await vi.waitFor(() => expect(isBusy()).toBe(false))
      }
      expect(await world.answeredWith(499)).toBe(true)
      // None of the connections is in the middle of something, or as somebody.
      const { rows } = await world.pool.query<{ who: string }>('select current_user as who')
      expect(rows[0]?.who).not.toContain('jidoka_app')
    })

    it('many at once stop nothing of those who stay', { timeout: 30_000 }, async () => {
      const { database } = world
      let failed = 0
      const stay = Array.from({ length: 4 }, async () => {
        for (let round = 0; round < 40; round++)
          await database
            .withTenant('demo', (tx) => tx.query('select count(*) from generate_series(1, 2000)'))
            .catch(() => failed++)
      })
      for (let round = 0; round < 25; round++) {
        const begun = Promise.withResolvers<void>()
        const asked = world.ask(() =>
          database.withTenant('demo', async (tx) => {
            begun.resolve()
            // As long as it takes to hang up: some end by themselves just before they are stopped.
            for (let count = 0; count < 20; count++) await tx.query('select pg_sleep($1)', [(round % 5) / 2_000])
          }),
        )
        await begun.promise
        asked.destroy()
        await world.ended()
      }
      await Promise.all(stay)
      expect(failed).toBe(0)
    })

    it(
      'has its connection closed where nobody heard that its statement was to be stopped',
      { timeout: 30_000 },
      async () => {
        const { database, pool } = world
        // In place of the server: takes the connection, and what comes by it may get there when it likes.
        const lines: Socket[] = []
        const silent = createServer((line) => void lines.push(line.resume())).listen(0, '127.0.0.1')
        await once(silent, 'listening')
        const { port } = silent.address() as AddressInfo
        const places = new Map<object, { readonly host: unknown; readonly port: unknown }>()
        const removed: unknown[] = []
        const lead = (client: object) => {
          const { host, port: own } = client as { host?: unknown; port?: unknown }
          if (!places.has(client)) places.set(client, { host, port: own })
          Object.assign(client, { host: '127.0.0.1', port })
        }
        const note = (client: object) => void removed.push((client as { processID?: unknown }).processID)
        pool.on('acquire', lead).on('remove', note)
        let pid: unknown
        const asked = world.ask(() =>
          database.withTenant('demo', async (tx) => {
            pid = (await tx.query('select pg_backend_pid() as pid'))[0]?.['pid']
            await tx.query('select pg_sleep(3) as not_heard')
          }),
        )
        await vi.waitFor(async () => expect(await running('not_heard')).toBe(1), { timeout: 5_000, interval: 10 })
        asked.destroy()
        await world.ended()
        await vi.waitFor(() => expect(removed).toContain(pid), { timeout: 5_000, interval: 10 })
        expect(lines).toHaveLength(1)
        pool.off('acquire', lead).off('remove', note)
        for (const [client, place] of places) Object.assign(client, place)
        for (const line of lines) line.destroy()
        silent.close()
      },
    )

    it('finds what was being committed', async () => {
      const { database, insert, pool } = world
      await pool.query(`create function public.slow_commit() returns trigger language plpgsql as
        $$ begin perform pg_sleep(0.2); return null; end $$`)
      await pool.query(`create constraint trigger slow after insert on fleet.sites deferrable initially deferred
        for each row execute function public.slow_commit()`)
      const asked = world.ask(() => database.withTenant('demo', async (tx) => void (await insert(tx, 'F'))))
      await vi.waitFor(async () => expect(await running('commit')).toBe(1), { timeout: 5_000, interval: 5 })
      asked.destroy()
      expect(await world.ended()).toBe('done')
      expect(await world.codes()).toEqual(['F'])
    })
  },
)
