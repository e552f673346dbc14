import { createLog, systemClock } from '@jidoka/base'
import { rangeRows, syncPaths } from '@jidoka/sync-protocol'
import { describe, expect, it, vi } from 'vitest'
import { Database } from '../platform/db/database.ts'
import { migrateUp } from '../platform/db/migrations.ts'
import { allMigrations, openBackend } from '../platform/db/open.ts'
import { mergeNextTags } from '../modules/fleet/readings/merge.ts'
import { readConfig } from '../config.ts'
import { openCloud } from '../cloud.ts'
import type { PostgresServer, TestStore } from './stores.ts'
import { judgmentRecord, World } from './world.ts'

/** What a server has and PGlite has not: roles that may sign in, several processes, connections that break. */
export function postgresOnlyCases(server: () => PostgresServer): void {
  const open = (url: string) =>
    openBackend({ url, folder: '', onFailure: () => undefined, onBrokenConnection: () => undefined })

  describe('a server', () => {
    it('is used by a plain owner that is neither superuser nor may make roles, after the grants of the README', async () => {
      await server().admin(`create role plain login; grant jidoka_app, jidoka_directory to plain`)
      await server().admin('create database of_plain owner plain')
      const backend = await open(server().url('of_plain', 'plain'))
      await migrateUp(backend.pool, allMigrations())
      const { newStore } = server()
      const folder = await newStore()
      const store: TestStore = {
        backend,
        folder: folder.folder,
        close: async () => (await backend.close(), folder.close()),
      }
      const world = await World.open(store)
      const edge = await world.newEdge()
      await edge.sendReadings([{ tagNo: 1, timeMs: world.clock.nowMs(), value: 1 }])
      // One in a month to come and one far off: partitions are made, and moved into, by an owner under forced row-level security.
      const far = judgmentRecord(Date.UTC(2027, 2, 15))
      await edge.sendRecords([judgmentRecord(Date.UTC(2026, 6, 1)), far])
      await backend.pool.query(`select jidoka.make_month_partition('core.judgment_executions', '2027-03-01')`)
      expect((await world.as('GET', '/api/v1/judgment/recent')).body.data).toHaveLength(2)
      // So is a month that is over: archived as its tenant, taken out and dropped as the owner.
      await backend.pool.query(`select jidoka.make_month_partition('core.judgment_executions', '2024-10-01')`)
      await edge.sendRecords([judgmentRecord(Date.UTC(2024, 9, 15))])
      await world.as('PUT', '/api/v1/archive-settings', { tables: ['core.judgment_executions'] })
      expect(await world.cloud.archives.keep()).toMatchObject({ dropped: 1, failed: 0 })
      expect((await world.as('GET', '/api/v1/archives')).body.data).toMatchObject([{ rows: 1 }])
      // And what comes for it later still.
      await edge.sendRecords([judgmentRecord(Date.UTC(2024, 9, 16))])
      expect(await world.cloud.archives.keep()).toMatchObject({ late: 1, failed: 0 })
      expect((await world.as('GET', '/api/v1/archives')).body.data).toMatchObject([{ rows: 1 }, { rows: 1 }])
      // Row-level security is in force for the owner too: outside of a tenant it sees nothing.
      expect((await backend.pool.query('select * from core.judgment_executions')).rows).toEqual([])
      await world.close()
    })

    it('that is read keeps a month whose time is over until the next run: nobody waits behind the lock for long', async () => {
      const world = await World.open(await server().newStore())
      const { pool } = world.store.backend
      await pool.query(`select jidoka.make_month_partition('core.judgment_executions', '2024-10-01')`)
      const reader = await pool.connect()
      await reader.query('begin')
      await reader.query('select from core.judgment_executions')
      expect(await world.cloud.archives.keep()).toMatchObject({ detached: 0, dropped: 0, failed: 1 })
      await reader.query('rollback')
      reader.release()
      expect(await world.cloud.archives.keep()).toMatchObject({ detached: 1, dropped: 1, failed: 0 })
      await world.close()
    })

    it('I2: takes what edges send while somebody reads what has no partition yet: it is put where it fits, and moved later', async () => {
      const world = await World.open(await server().newStore())
      const edge = await world.newEdge()
      const { pool } = world.store.backend
      const reader = await pool.connect()
      await reader.query('begin')
      await reader.query('select from core.judgment_executions_default')
      const waits = vi.spyOn(Database.prototype, 'asOwnerFor')
      const atMs = Date.UTC(2026, 6, 1)
      await edge.sendRecords([judgmentRecord(atMs)])
      // Others who come in the next half minute wait for nothing.
      await edge.sendRecords([judgmentRecord(atMs + 1)])
      expect(waits.mock.calls.filter(([, text]) => text.includes('make_partition'))).toHaveLength(1)
      waits.mockRestore()
      const places = async () =>
        (
          await pool.query<{ name: string }>(
            'select distinct tableoid::regclass::text as name from core.judgment_executions order by 1',
          )
        ).rows.map(({ name }) => name)
      expect(await places()).toEqual(['core.judgment_executions_default'])
      await reader.query('rollback')
      reader.release()
      world.clock.advance(31_000)
      await edge.sendRecords([judgmentRecord(atMs + 2)])
      expect(await places()).toEqual(['core.judgment_executions_y2026m07'])
      await world.close()
    })

    it('refuses to migrate as a user that may not take the roles, and says what to do', async () => {
      await server().admin('create role lonely login')
      await server().admin('create database of_lonely owner lonely')
      const backend = await open(server().url('of_lonely', 'lonely'))
      await expect(migrateUp(backend.pool, allMigrations())).rejects.toThrow(
        'an administrator runs once: grant jidoka_app to lonely',
      )
      await backend.close()
    })

    it('that is not there is a sentence without the password', async () => {
      const failure = open('postgres://me:secret-word@127.0.0.1:1/none')
      await expect(failure).rejects.toThrow('The database none at 127.0.0.1:1 cannot be used')
      await expect(failure).rejects.not.toThrow('secret-word')
    })

    it('I2: lets nobody wait while rows of readings are merged: who reads goes on seeing the rows from before', async () => {
      const store = await server().newStore()
      const world = await World.open(store)
      const edge = await world.newEdge()
      const atMs = world.clock.nowMs()
      for (let batch = 0; batch < 6; batch++)
        await edge.sendReadings(
          Array.from({ length: 20 }, (_, index) => ({ tagNo: 1 + index, timeMs: atMs + batch * 1_000, value: batch })),
        )
      // The rest of the range in one go.
      await edge.sendReadings(
        Array.from({ length: rangeRows - 120 }, (_, index) => ({
          tagNo: 1 + (index % 20),
          timeMs: atMs + 6_000 + Math.floor(index / 20) * 1_000,
          value: index % 50,
        })),
      )
      const reader = await store.backend.pool.connect()
      const count = async (session: Pick<typeof reader, 'query'>) =>
        (
          await session.query<{ n: number; rows: number }>(
            `select count(*)::int as n, (select count(*)::int from core.reading_segments) as rows from core.sensor_events`,
          )
        ).rows[0]
      await reader.query('begin isolation level repeatable read')
      const before = await count(reader)
      expect(before).toEqual({ n: rangeRows, rows: 7 * 20 })
      const database = new Database(store.backend, { clock: systemClock })
      for (let steps = 0; await database.withTenant('demo', (tx) => mergeNextTags(tx, [], () => undefined)); steps++)
        expect(steps).toBeLessThan(20)
      expect(await count(reader)).toEqual(before)
      await reader.query('commit')
      reader.release()
      expect(await count(store.backend.pool)).toEqual({ n: rangeRows, rows: 20 })
      await world.close()
    })

    it('wakes an edge that waits at another process of the cloud', async () => {
      const store = await server().newStore()
      const world = await World.open(store)
      const edge = await world.newEdge()
      const [database] = (await store.backend.pool.query<{ name: string }>('select current_database() as name')).rows
      const secondBackend = await open(server().url(database?.name ?? ''))
      const config = readConfig({ JIDOKA_CLOUD_DATA: store.folder })
      const second = await openCloud({
        config,
        backend: secondBackend,
        clock: world.clock,
        log: createLog('test', { level: 'silent' }),
      })
      const at = (path: string) => second.app.request(path, { headers: edge.headers('GET', path) })
      const start = await at('/sync/v1/shape?offset=-1')
      const waiting = at(
        `/sync/v1/shape?live=true&offset=${start.headers.get('electric-offset')}&handle=${start.headers.get('electric-handle')}`,
      )
      await world.as('PUT', `/api/v1/fleet/edges/${edge.id}/desired/site/site`, {
        body: { name: { ko: 'a', en: 'a' }, time_zone: 'UTC' },
      })
      // The clock stands still: neither the poll nor the end of the long poll can answer, only the other process's word.
      expect(await (await waiting).json()).toMatchObject([
        { headers: { operation: 'insert' } },
        { headers: { control: 'up-to-date' } },
      ])
      await second.stop()
      await secondBackend.close()
      await world.close()
    })

    it('wakes an edge that waits, though what announced its desired state was lost with the connection that listens', async () => {
      const store = await server().newStore()
      const world = await World.open(store)
      const edge = await world.newEdge()
      const shape = (query: string) => edge.signed('GET', `${syncPaths.shape}?table=fleet.desired&${query}`)
      const { headers } = await shape('offset=-1')
      const answer = shape(
        `offset=${headers.get('electric-offset')}&handle=${headers.get('electric-handle')}&live=true&cursor=1`,
      )
      await vi.waitUntil(async () =>
        /^jidoka_shape_waiters 1$/m.test((await world.request('GET', '/metrics')).body as string),
      )
      // It is not told of this, as if its line had been lost at that moment; and its clock, by which it would look by itself, stands still.
      const { backend } = store
      const silent = { ...backend, profile: { ...backend.profile, sharedWithOthers: false } }
      const other = await World.open({ ...store, backend: silent }, { clock: world.clock })
      const body = { name: { ko: '울산', en: 'Ulsan' }, time_zone: 'Asia/Seoul', lines: [] }
      expect((await other.as('PUT', `/api/v1/fleet/edges/${edge.id}/desired/site/site`, { body })).status).toBe(200)
      await other.cloud.stop()
      const { rowCount } = await backend.pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen "jidoka_desired"' and datname = current_database()`,
      )
      expect(rowCount).toBe(1)
      expect((await answer).body).toMatchObject([{ headers: { operation: 'insert' } }, { headers: {} }])
      await world.close()
    })

    it('lets two processes migrate an empty database at once', async () => {
      await server().admin('create database twice')
      const backends = await Promise.all([open(server().url('twice')), open(server().url('twice'))])
      const ran = await Promise.all(backends.map((backend) => migrateUp(backend.pool, allMigrations())))
      expect(ran.flat().sort()).toEqual(allMigrations().map(({ name }) => name))
      await Promise.all(backends.map((backend) => backend.close()))
    })

    it('is asked again when it ends a transaction by a deadlock', async () => {
      const store = await server().newStore()
      const database = new Database(store.backend, { clock: systemClock })
      let attempts = 0
      const result = await database.withTenant('demo', async (tx) => {
        attempts++
        if (attempts === 1) await tx.query(`do $$ begin raise exception 'deadlock' using errcode = '40P01'; end $$`)
        return 'done'
      })
      expect([result, attempts]).toEqual(['done', 2])
      await store.close()
    })
  })
}
