import { ManualClock } from '@jidoka/base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { twoPlaces } from '../../testing/places.ts'
import type { TwoPlaces } from '../../testing/places.ts'
import type { NewStore } from '../../testing/stores.ts'
import { adminPassword, World } from '../../testing/world.ts'
import { registerPlace } from './place-register.ts'
import { readTables } from './target-shape.ts'
import { tenancyLimits } from './limits.ts'

export function tenantCases(newStore: NewStore): void {
  describe('tenants', () => {
    let places: TwoPlaces
    let clock: ManualClock
    let world: World
    let own: World
    beforeAll(async () => {
      places = await twoPlaces(newStore)
      clock = new ManualClock(Date.UTC(2026, 10, 21, 9))
      world = await World.open(places.main, { clock, directory: await places.newDirectory(clock) })
      own = await World.open(places.main, {
        clock,
        tenant: 'other',
        directory: await places.newDirectory(clock, 'own'),
      })
    })
    afterAll(async () => {
      await own.cloud.stop()
      await world.cloud.stop()
      await places.close()
    })

    const make = (id: string, more: object = {}, by = world) =>
      by.as(
        'POST',
        '/api/v1/tenants',
        { id, name: 'A plant', admin_login: `admin@${id}`, admin_password: adminPassword, ...more },
        by === own ? 'admin@other' : 'admin',
      )
    const rowsIn = async (store: 'main' | 'second', id: string) =>
      (await places[store].backend.pool.query('select 1 from core.users where tenant_id = $1', [id])).rows.length

    it('are made in the database that is named, with somebody who can sign in to it', async () => {
      const answer = await make('acme', { database: 'second' })
      expect([answer.status, answer.body.data]).toEqual([
        200,
        { id: 'acme', database: 'second', admin_login: 'admin@acme', admin_password: null },
      ])
      expect([await rowsIn('main', 'acme'), await rowsIn('second', 'acme')]).toEqual([0, 1])
      const signedIn = await world.login('admin@acme')
      expect(signedIn.body.data.tenant_id).toBe('acme')
      const log = await world.as('GET', '/api/v1/audit', undefined, 'admin@acme')
      expect(log.body.data.map(({ action, actor }: { action: string; actor: string }) => `${action} ${actor}`)).toEqual(
        expect.arrayContaining(['tenant.create admin', 'user.create admin']),
      )
    })

    it('get a password that is shown once where none is given', async () => {
      const { body } = await make('made-up', { admin_password: undefined })
      expect((await world.login('admin@made-up', body.data.admin_password)).status).toBe(200)
    })

    it('fall to all shards by their names, and to the same one in every process', async () => {
      const [one, another] = [await places.newDirectory(clock), await places.newDirectory(clock)]
      const names = Array.from({ length: 200 }, (_, n) => `plant-${n}`)
      const fallsTo = (name: string) => one.placeForNew(name).name
      expect(names.map(fallsTo)).toEqual(names.map((name) => another.placeForNew(name).name))
      const inSecond = names.filter((name) => fallsTo(name) === 'second').length
      expect(inSecond).toBeGreaterThan(60)
      expect(inSecond).toBeLessThan(140)
    })

    it('have an id and logins that nobody on the cloud has, in whichever database', async () => {
      await make('acme', { database: 'second' })
      expect((await make('acme')).status).toBe(409)
      expect((await make('acme-two', { admin_login: 'admin@acme', database: 'main' })).body.detail).toContain(
        'admin@acme',
      )
      expect((await make('acme-three', { database: 'nowhere' })).status).toBe(404)
      expect((await make('Not an id')).status).toBe(400)
    })

    it('are managed by administrators of the platform alone', async () => {
      await make('acme', { database: 'second' })
      for (const [method, path, json] of [
        ['GET', '/api/v1/tenants'],
        ['GET', '/api/v1/tenants/moves'],
        ['POST', '/api/v1/tenants', { id: 'theirs', name: 'Theirs', admin_login: 'x@theirs' }],
        ['POST', '/api/v1/tenants/demo/move', { to: 'second' }],
        ['POST', '/api/v1/tenants/demo/move/cancel'],
      ] as const)
        expect([path, (await world.as(method, path, json, 'admin@acme')).status]).toEqual([path, 403])
      const { data } = (await world.as('GET', '/api/v1/tenants')).body
      expect(data.databases).toEqual([
        { name: 'main', kind: 'main', answers: true },
        { name: 'second', kind: 'shard', answers: true },
      ])
      expect(data.tenants).toEqual(expect.arrayContaining([{ id: 'acme', database: 'second', move: null }]))
    })

    it('have a database for themselves where that is what it is for', async () => {
      await make('acme', { database: 'second' })
      expect((await make('guest', { database: 'second' }, own)).body.detail).toContain('"acme" has it')
      const moved = await own.as('POST', '/api/v1/tenants/demo/move', { to: 'second' }, 'admin@other')
      expect([moved.status, moved.body.detail]).toEqual([409, expect.stringContaining('"acme" has it')])
    })

    it('are moved by a job that the route starts, and can be gone on with', async () => {
      const answer = await world.as('POST', '/api/v1/tenants/other/move', { to: 'second' })
      expect([answer.status, answer.body.data]).toEqual([
        200,
        expect.objectContaining({ from: 'main', to: 'second', step: 'copying' }),
      ])
      const jobs = (await world.as('GET', '/api/v1/jobs')).body.data
      expect(jobs.map(({ kind }: { kind: string }) => kind)).toContain('tenants.move')
      expect((await world.as('POST', '/api/v1/tenants/other/move', { to: 'second' })).body.data.id).toBe(
        answer.body.data.id,
      )
      expect((await world.as('POST', '/api/v1/tenants/other/move/cancel')).status).toBe(200)
      await world.cloud.tenants.mover?.cancel('other')
      expect((await world.as('GET', '/api/v1/tenants/moves')).body.data[0]).toMatchObject({ step: 'cancelled' })
      expect((await world.as('POST', '/api/v1/tenants/other/move/cancel')).status).toBe(409)
    })

    it('of a database that is away are told to come again, and all others are served, from the start on', async () => {
      await make('acme', { database: 'second' })
      const directory = await places.newDirectory(clock)
      const second = directory.named('second')
      if (second === null) throw new Error('there are two')
      second.backend = null
      const third = await World.open(places.main, { clock, directory })
      expect((await third.login('admin@acme')).status).toBe(503)
      expect((await third.as('GET', '/api/v1/judgment/recent')).status).toBe(200)
      const list = (await third.as('GET', '/api/v1/tenants')).body.data
      expect(list.databases[1]).toEqual({ name: 'second', kind: 'shard', answers: false })
      expect(list.tenants.map(({ id }: { id: string }) => id)).toContain('demo')
      const edge = await third.newEdge()
      await edge.sendReadings([{ tagNo: 1, timeMs: clock.nowMs(), value: 1 }])
      expect((await third.as('POST', '/api/v1/tenants/demo/move', { to: 'second' })).body.detail).toContain(
        'cannot be reached',
      )
      // It is back.
      second.backend = places.second.backend
      expect((await third.login('admin@acme')).status).toBe(200)
      await third.cloud.stop()
    })

    it('are in no database under the name of another, nor in one of another directory', async () => {
      await expect(registerPlace(places.main.backend, 'third', places.second.backend)).rejects.toThrow(
        'leads to one that is called "second"',
      )
      const stranger = await newStore()
      await registerPlace(stranger.backend, 'main', stranger.backend)
      await expect(registerPlace(stranger.backend, 'second', places.second.backend)).rejects.toThrow(
        'by another installation',
      )
      await stranger.close()
    })

    // What a move cannot know by the catalogue is written down in the program; these fail where a migration adds to it.
    it('have no numbers of their database alone but those that have a range of their own', async () => {
      const { rows } = await places.main.backend.pool.query<{ name: string }>(
        `select n.nspname || '.' || c.relname || '.' || a.attname as name
         from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
           join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey::smallint[])
         where i.indisunique and a.attidentity <> '' and n.nspname <> 'jidoka' and n.nspname <> 'pgboss' and not c.relispartition`,
      )
      expect(rows).toEqual([{ name: 'fleet.reading_streams.stream_id' }])
      const sequence = await places.second.backend.pool.query(
        `select nextval(pg_get_serial_sequence('fleet.reading_streams', 'stream_id')) as id`,
      )
      expect(sequence.rows[0].id).toBeGreaterThan(tenancyLimits.numbersEach)
    })

    it('have no table whose rows make others of themselves, but those that a move knows', async () => {
      const { rows } = await places.main.backend.pool.query<{ name: string }>(
        `select distinct n.nspname || '.' || c.relname || ' ' || t.tgname as name from pg_trigger t
           join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
         where not t.tgisinternal and t.tgname not like 'jidoka\\_%' and t.tgtype & 4 <> 0`,
      )
      expect(rows).toEqual([{ name: 'audit.audit_logs note_unsealed' }])
    })

    it('have tables that can all be copied, those that others point to first', async () => {
      const tables = await readTables(places.main.backend, 'demo')
      const order = tables.map(({ name }) => name)
      expect(order[0]).toBe('core.tenants')
      for (const { name, parents } of tables)
        for (const parent of parents) expect([name, order.indexOf(parent) < order.indexOf(name)]).toEqual([name, true])
      expect(order.indexOf('audit.audit_logs')).toBeLessThan(order.indexOf('audit.unsealed'))
    })
  })
}
