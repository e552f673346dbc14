import { createLog, ManualClock } from '@jidoka/base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { twoPlaces } from '../../testing/places.ts'
import type { TwoPlaces } from '../../testing/places.ts'
import type { NewStore } from '../../testing/stores.ts'
import { adminPassword, World } from '../../testing/world.ts'
import { Database } from '../db/database.ts'
import { registerPlace } from './place-register.ts'
import { readTables } from './target-shape.ts'
import { tenancyLimits } from './limits.ts'
import { TenantDesk } from './tenant-desk.ts'

export function tenantCases(newStore: NewStore): void {
  describe('tenants', () => {
    let places: TwoPlaces
    let clock: ManualClock
    let world: World
    let own: World
    /** Another process, with connections of its own. */
    let twin: World
    beforeAll(async () => {
      places = await twoPlaces(newStore)
      clock = new ManualClock(Date.UTC(2026, 10, 21, 9))
      world = await World.open(places.main, { clock, directory: await places.newDirectory(clock) })
      twin = await World.open(places.main, { clock, directory: await places.newDirectory(clock) })
      own = await World.open(places.main, {
        clock,
        tenant: 'other',
        directory: await places.newDirectory(clock, 'own'),
      })
    })
    afterAll(async () => {
      await own.cloud.stop()
      await twin.cloud.stop()
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

    it('made at the same moment have the same id or login in one database alone, whichever processes make them', async () => {
      const answers = await Promise.all(
        [1, 2, 3].flatMap((n) =>
          (['main', 'second'] as const).flatMap((where) => {
            const by = where === 'main' ? world : twin
            return [
              make(`${where}-${n}`, { database: where, admin_login: `raced-login@${n}` }, by),
              make(`raced-${n}`, { database: where, admin_login: `${where}@raced-${n}` }, by),
            ]
          }),
        ),
      )
      expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([
        ...Array.from({ length: 6 }, () => 200),
        ...Array.from({ length: 6 }, () => 409),
      ])
      for (const table of ['core.users where login', 'core.tenants where id']) {
        const rows = await Promise.all(
          [places.main, places.second].map(({ backend }) =>
            backend.pool.query(`select 1 from ${table} like 'raced-%'`),
          ),
        )
        expect([table, rows.flatMap((answer) => answer.rows).length]).toEqual([table, 3])
      }
    })

    it('of which nothing came are gone on with where they were begun, and leave their names to others after a while', async () => {
      // As a program leaves it that was killed behind its first step.
      await places.main.backend.pool.query(
        `insert into jidoka.tenant_makings (tenant, login, database, made_by, claimed_at)
         values ('half', 'admin@half', 'second', 'kim', $1), ('gone', 'admin@gone', 'main', 'kim', $1)`,
        [new Date(clock.nowMs()).toISOString()],
      )
      expect((await make('half', { database: 'main' })).body.data.database).toBe('second')
      expect([await rowsIn('main', 'half'), await rowsIn('second', 'half')]).toEqual([0, 1])
      const other = () => make('taker', { admin_login: 'admin@gone', database: 'second' })
      expect((await other()).body).toMatchObject({
        status: 409,
        detail: expect.stringContaining('is being made by kim'),
      })
      clock.jump(tenancyLimits.makingForgottenMs + 1)
      expect((await other()).status).toBe(200)
      expect((await make('half-two', { admin_login: 'admin@half' })).body.detail).toContain('admin@half')
    })

    it('that were refused leave their id to whoever asks next, with another login and in another database', async () => {
      const refused = await make('second-try', { admin_login: 'admin', database: 'second' })
      expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining('the login "admin" already')])
      const answer = await make('second-try', { database: 'main' }, twin)
      expect([answer.status, answer.body.data?.database]).toEqual([200, 'main'])
      expect([await rowsIn('main', 'second-try'), await rowsIn('second', 'second-try')]).toEqual([1, 0])
      expect((await twin.login('admin@second-try')).status).toBe(200)
    })

    it('that took too long to make are not made: others may have their names by then', async () => {
      const slow = new TenantDesk({
        directory: await places.newDirectory(clock),
        database: new Database(places.main.backend, { clock, places: await places.newDirectory(clock) }),
        clock,
        log: createLog('test', { level: 'silent' }),
        audit: { append: () => Promise.resolve(), appendOfEdge: () => Promise.resolve() },
        identity: {
          makeTenant: ({ mayEnd }) => {
            clock.advance(tenancyLimits.makingMsMax + 1)
            return new Promise((resolve) => resolve((mayEnd(), null)))
          },
        },
      })
      await expect(slow.create({ id: 'slow', name: 'Slow', admin_login: 'admin@slow' }, 'kim')).rejects.toThrow(
        'was not made within 60 s',
      )
    })

    it('are managed by administrators of the platform alone', async () => {
      await make('acme', { database: 'second' })
      for (const [method, path, json] of [
        ['GET', '/api/v1/tenants'],
        ['GET', '/api/v1/tenants/moves'],
        ['POST', '/api/v1/tenants', { id: 'theirs', name: 'Theirs', admin_login: 'x@theirs' }],
        ['POST', '/api/v1/tenants/demo/move', { to: 'second' }],
        ['POST', '/api/v1/tenants/demo/move/cancel'],
        ['POST', '/api/v1/tenants/demo/drop-old', { early: true }],
      ] as const)
        expect([path, (await world.as(method, path, json, 'admin@acme')).status]).toEqual([path, 403])
      const { data } = (await world.as('GET', '/api/v1/tenants')).body
      expect(data.databases).toEqual([
        { name: 'main', kind: 'main', answers: true, bytes: expect.any(Number) },
        { name: 'second', kind: 'shard', answers: true, bytes: expect.any(Number) },
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
      await world.cloud.tenants.mover?.cancel('other', 'admin')
      expect((await world.as('GET', '/api/v1/tenants/moves')).body.data[0]).toMatchObject({ step: 'cancelled' })
      expect((await world.as('POST', '/api/v1/tenants/other/move/cancel')).status).toBe(409)
    })

    it('stay where they are when the job that moves them is cancelled, which says so where it is too late', async () => {
      await make('roam', { database: 'second' })
      const move = () => world.as('POST', '/api/v1/tenants/roam/move', { to: 'main' })
      const jobOf = async (kind: string) => (await world.as('GET', `/api/v1/jobs?kind=${kind}&limit=1`)).body.data[0]
      const first = (await move()).body.data.id
      const cancelled = await world.as('POST', `/api/v1/jobs/${(await jobOf('tenants.move')).id}/cancel`)
      expect(cancelled.body.data).toMatchObject({ state: 'waiting', cancelling: true })
      // What the job does then, in whichever process.
      expect((await world.cloud.tenants.mover?.run(first))?.step).toBe('cancelled')
      expect([await rowsIn('main', 'roam'), await rowsIn('second', 'roam')]).toEqual([0, 1])
      // Too late: it is switched, and the job has not said so yet.
      const second = (await move()).body.data.id
      const { pool } = places.main.backend
      const at = new Date(clock.nowMs()).toISOString()
      await pool.query(`update jidoka.tenant_moves set step = 'switched', switched_at = $2 where id = $1`, [second, at])
      const late = await world.as('POST', `/api/v1/jobs/${(await jobOf('tenants.move')).id}/cancel`)
      expect([late.status, late.body.detail]).toEqual([409, expect.stringContaining('has been served by "main" since')])
      const drop = (early: boolean) => world.as('POST', '/api/v1/tenants/roam/drop-old', { early })
      expect((await drop(false)).body.detail).toContain('is kept until')
      expect((await drop(true)).status).toBe(200)
      const dropping = await world.as('GET', `/api/v1/jobs/${(await jobOf('tenants.drop_old')).id}`)
      expect(dropping.body.data).toMatchObject({
        state: 'waiting',
        input: { early: { tenant: 'roam', by: 'admin' } },
      })
      await pool.query(`update jidoka.tenant_moves set step = 'dropped', ended_at = $2 where id = $1`, [second, at])
      expect((await drop(true)).status).toBe(409)
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
      expect(list.databases[1]).toEqual({ name: 'second', kind: 'shard', answers: false, bytes: null })
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
         where not t.tgisinternal and t.tgname not like 'jidoka\\_%' and t.tgtype & 28 <> 0 and t.tgname <> 'append_only' order by 1`,
      )
      // Those of people heed that a tenant is elsewhere.
      expect(rows.map(({ name }) => name)).toEqual([
        'audit.audit_logs note_unsealed',
        'core.users ends_access',
        'core.users ends_access_of_deleted',
      ])
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
