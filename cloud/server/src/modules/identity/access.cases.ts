import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createLog, hashPassword } from '@jidoka/base'
import type { ManualClock } from '@jidoka/base'
import { cloudPaths, sessionSchema } from '@jidoka/contract'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { Database } from '../../platform/db/database.ts'
import { fanoutLimits } from '../../platform/events/fanout.ts'
import { inRequest, RequestScope } from '../../platform/request-scope.ts'
import { World } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'
import { EndedAccess, endedAccessLimits } from './ended-access.ts'

/*
 * When access ends before its time. Goal: who has signed out, was disabled, or may do other things than before does nothing with a token of before, in no process, and
 * nobody else is disturbed. Really run: two programs on one database. Not modelled: a process that is cut off from both the database and the others.
 */

const refreshOf = (headers: Headers) => /jidoka_refresh=([^;]*)/.exec(headers.get('set-cookie') ?? '')?.[1] ?? ''
const passwordOf = (person: string) => `the password of ${person}`

export function accessCases(newStore: NewStore): void {
  describe('access', () => {
    let world: World
    let other: World
    let clock: ManualClock
    const own = (text: string, values: unknown[] = []) => world.store.backend.pool.query(text, values)
    beforeAll(async () => {
      world = await World.open(await newStore())
      ;({ clock } = world)
      other = await World.open(world.store, { clock })
    })
    afterAll(async () => {
      await other.cloud.stop()
      await world.close()
    })
    let kim: string
    let no = 0
    beforeEach(async () => {
      kim = `kim-${++no}`
      await own(
        `insert into core.users (tenant_id, login, name, role, locale, password_hash) values ('demo', $1, 'Kim', 'manager', 'ko', $2)`,
        [kim, await hashPassword(passwordOf(kim), { N: 1_024, r: 8, p: 1 })],
      )
    })
    const signIn = async (password = passwordOf(kim)) => {
      const { status, body, headers } = await world.login(kim, password)
      expect(status).toBe(200)
      return { token: sessionSchema.parse(body.data).access_token, refresh: refreshOf(headers) }
    }
    const ask = async (token: string, at = world, path: string = cloudPaths.me) =>
      (await at.request('GET', path, { headers: { authorization: `Bearer ${token}` } })).status
    const withToken = (token: string, method: string, path: string, json?: unknown) =>
      world.request(method, path, {
        ...(json === undefined ? {} : { json }),
        headers: { authorization: `Bearer ${token}` },
      })
    const signOut = (refresh: string) =>
      world.request('POST', cloudPaths.logout, { headers: { cookie: `jidoka_refresh=${refresh}` } })
    const refreshing = async (refresh: string) =>
      (await world.request('POST', cloudPaths.refresh, { headers: { cookie: `jidoka_refresh=${refresh}` } })).status
    /** What the other process has heard by then; where nobody can tell it, it looks by itself. */
    const elsewhere = async (token: string, status: number, path: string = cloudPaths.me) => {
      const isTold = world.store.backend.profile.sharedWithOthers
      clock.advance(isTold ? fanoutLimits.gatherMs : endedAccessLimits.lookEveryMs)
      await vi.waitFor(async () => expect(await ask(token, other, path)).toBe(status), { timeout: 5_000, interval: 10 })
    }

    it('of one sign-in ends with it, at once and in every process; another one of the same person goes on', async () => {
      const [one, two] = [await signIn(), await signIn()]
      expect([await ask(one.token), await ask(one.token, other)]).toEqual([200, 200])
      await signOut(one.refresh)
      expect([await ask(one.token), await ask(two.token)]).toEqual([401, 200])
      await elsewhere(one.token, 401)
      expect([await ask(two.token, other), await refreshing(two.refresh)]).toEqual([200, 200])
    })

    it('ends everywhere when the person says so', async () => {
      const [one, two] = [await signIn(), await signIn()]
      expect((await withToken(one.token, 'DELETE', cloudPaths.sessions)).status).toBe(200)
      expect([await ask(one.token), await ask(two.token), await refreshing(two.refresh)]).toEqual([401, 401, 401])
      await elsewhere(two.token, 401)
      const again = await signIn()
      expect([await ask(again.token), await ask(again.token, other)]).toEqual([200, 200])
    })

    it('ends when a used refresh token comes again: whoever has the other one is out too', async () => {
      const stolen = await signIn()
      const { headers, body } = await world.request('POST', cloudPaths.refresh, {
        headers: { cookie: `jidoka_refresh=${stolen.refresh}` },
      })
      const { access_token: renewed } = sessionSchema.parse(body.data)
      clock.advance(60_000)
      expect(await refreshing(stolen.refresh)).toBe(401)
      expect([await ask(stolen.token), await ask(renewed), await refreshing(refreshOf(headers))]).toEqual([
        401, 401, 401,
      ])
    })

    it.each([
      ['is disabled', `update core.users set disabled = true where login = $1`, 401],
      ['has another role', `update core.users set role = 'viewer' where login = $1`, 200],
      ['is given another password', `update core.users set password_hash = password_hash || ' ' where login = $1`, 401],
      [
        'is given another login',
        `with ended as (delete from core.sessions where login = $1) update core.users set login = login || '-lee' where login = $1`,
        401,
      ],
      ['is deleted', `delete from core.users where login = $1`, 401],
    ])('ends for a person who %s, by whichever way, and what comes after is of that', async (_what, change, later) => {
      const { token } = await signIn()
      expect(await ask(token, world, cloudPaths.jobs)).toBe(200)
      await own(change, [kim])
      clock.advance(endedAccessLimits.lookEveryMs)
      // Not at a route that looks the person up, and would refuse by that.
      await vi.waitFor(async () => expect(await ask(token, world, cloudPaths.jobs)).toBe(401), {
        timeout: 5_000,
        interval: 10,
      })
      await elsewhere(token, 401, cloudPaths.jobs)
      const again = await world.login(kim, passwordOf(kim))
      expect(again.status).toBe(later)
      if (later === 200) expect(await ask(again.body.data.access_token, world, cloudPaths.jobs)).toBe(403)
    })

    it('of others is not touched by it: another person, another tenant with a person of the like name', async () => {
      const admin = await world.accessToken()
      await signOut((await signIn()).refresh)
      expect(await ask(admin)).toBe(200)
      await own(`update core.users set name = 'Kim Minsu' where login = $1`, [kim])
      const { token } = await signIn()
      clock.advance(endedAccessLimits.lookEveryMs)
      await world.cloud.stop()
      world = await World.open(world.store, { clock })
      expect(await ask(token)).toBe(200)
    })

    it('that has ended is known to a process that starts afterwards', async () => {
      const { token, refresh } = await signIn()
      await signOut(refresh)
      const third = await World.open(world.store, { clock })
      expect(await ask(token, third)).toBe(401)
      await third.cloud.stop()
    })

    it('is given by no process that has the public half of its key alone: with the module identity it does not start', async () => {
      const reader = join(world.store.folder, 'keys-of-a-reader')
      mkdirSync(reader, { mode: 0o700 })
      const name = 'access-token.public.pem'
      copyFileSync(join(world.store.folder, 'keys', name), join(reader, name))
      const environment = { JIDOKA_CLOUD_KEYS: reader }
      await expect(World.open(world.store, { clock, environment })).rejects.toThrow('could sign nobody in')
    })

    it('costs no statement', async () => {
      const { token } = await signIn()
      await signOut((await signIn()).refresh)
      const connect = vi.spyOn(world.store.backend.pool, 'connect')
      const query = vi.spyOn(world.store.backend.pool, 'query')
      for (let time = 0; time < 5; time++) expect(await ask(token, world, cloudPaths.audit)).toBe(403)
      expect([connect, query].map(({ mock }) => mock.calls.length)).toEqual([0, 0])
      for (const spy of [connect, query]) spy.mockRestore()
    })

    it('is read for all who wait for it, whoever of them hangs up; a reading that fails undoes nothing, and is made up for', async () => {
      const lines: string[] = []
      const database = new Database(world.store.backend, { clock })
      const log = createLog('test', { destination: { write: (line) => void lines.push(line) } })
      const ended = new EndedAccess({ database, clock, log, tellOthers: () => undefined })
      const end = (family: string) =>
        own(`insert into core.ended_access values ('demo', 'session:' || $1, null, clock_timestamp())`, [family])
      const hasEnded = (sessionId: string) =>
        ended.has({ tenantId: 'demo', login: 'lee', version: 1, sessionId, issuedAtS: 0 })
      await end('one')
      const [gone, stays] = [new RequestScope(clock, 10_000), new RequestScope(clock, 10_000)]
      const first = inRequest(gone, () => ended.changed())
      gone.end()
      await Promise.all([first, inRequest(stays, () => ended.changed())])
      expect([hasEnded('one'), lines]).toEqual([true, []])
      await end('two')
      const asked = vi.spyOn(database, 'askDirectories').mockRejectedValueOnce(new Error('the line broke'))
      await ended.changed()
      expect([hasEnded('one'), hasEnded('two'), lines.join('')]).toEqual([
        true,
        false,
        expect.stringContaining('the line broke'),
      ])
      asked.mockRestore()
      await ended.start()
      expect(hasEnded('two')).toBe(true)
      await ended.stop()
    })

    it('I10: of which there is too much at once ends for all who came before; a refresh mends that', async () => {
      const ended = new EndedAccess({
        database: new Database(world.store.backend, { clock }),
        clock,
        log: createLog('test', { level: 'silent' }),
        tellOthers: () => undefined,
      })
      const [{ now }] = (await own('select extract(epoch from clock_timestamp())::bigint as now')).rows
      const mark = { tenantId: 'demo', login: 'lee', version: 1, sessionId: 'x', issuedAtS: Number(now) - 600 }
      await own(
        `insert into core.ended_access select 'demo', 'session:' || n, null, clock_timestamp() - interval '1 s' from generate_series(1, $1::int) n`,
        [endedAccessLimits.entriesMax - 100],
      )
      await ended.look()
      expect([ended.has(mark), ended.has({ ...mark, sessionId: '7' })]).toEqual([false, true])
      await own(
        `insert into core.ended_access select 'demo', 'session:more ' || n, null, clock_timestamp() from generate_series(1, 200) n`,
      )
      await ended.look()
      expect([ended.has(mark), ended.has({ ...mark, issuedAtS: Number(now) + 600 })]).toEqual([true, false])
      await own(`delete from core.ended_access where subject like 'session:%'`)
      await ended.look()
      expect(ended.has(mark)).toBe(false)
    })

    describe('by a new password', () => {
      const next = 'another horse battery'
      const change = (token: string, body: unknown) => withToken(token, 'PUT', cloudPaths.password, body)

      it('goes on with the answer alone: every other sign-in ends, here and elsewhere', async () => {
        const [one, two] = [await signIn(), await signIn()]
        const { status, body, headers } = await change(one.token, { current: passwordOf(kim), next })
        expect(status).toBe(200)
        const session = sessionSchema.parse(body.data)
        expect([await ask(one.token), await ask(two.token), await ask(session.access_token)]).toEqual([401, 401, 200])
        expect([await refreshing(two.refresh), await refreshing(refreshOf(headers))]).toEqual([401, 200])
        await elsewhere(one.token, 401)
        expect(await ask(session.access_token, other)).toBe(200)
        expect((await world.login(kim, passwordOf(kim))).status).toBe(401)
        await signIn(next)
        const actions = (await world.as('GET', `${cloudPaths.audit}?actor=${kim}`)).body.data
        expect(actions.map(({ action }: { action: string }) => action)).toContain('password.change')
      })

      it('is refused without the present one, too short, the same, and by nobody; the audit says who tried', async () => {
        const { token } = await signIn()
        const kinds = async (body: unknown) => (await change(token, body)).body.kind
        expect(await kinds({ current: 'not the password', next })).toBe('wrong_credentials')
        expect(await kinds({ current: passwordOf(kim), next: 'short' })).toBe('invalid_input')
        expect(await kinds({ current: passwordOf(kim), next: passwordOf(kim) })).toBe('invalid_input')
        expect((await world.request('PUT', cloudPaths.password, { json: {} })).status).toBe(401)
        expect(await ask(token)).toBe(200)
        await vi.waitFor(async () => {
          const { body } = await world.as('GET', `${cloudPaths.audit}?actor=${kim}&action=password.refuse`)
          expect(body.data).toHaveLength(1)
        })
      })

      it('I10: is tried no more often than a sign-in: who has found an open console guesses nothing', async () => {
        const { token } = await signIn()
        const statuses = new Set<number>()
        for (let time = 0; time < 20; time++)
          statuses.add((await change(token, { current: 'not the password', next })).status)
        expect([...statuses]).toEqual([401])
        expect((await change(token, { current: passwordOf(kim), next })).status).toBe(429)
        clock.advance(15 * 60_000)
      })

      it('is done once by two who do it at the same time', async () => {
        const { token } = await signIn()
        const both = await Promise.all(
          ['first horse battery', 'second horse battery'].map((each) =>
            change(token, { current: passwordOf(kim), next: each }),
          ),
        )
        const statuses = both.map(({ status }) => status).toSorted((left, right) => left - right)
        expect(statuses[0]).toBe(200)
        expect([401, 409]).toContain(statuses[1])
      })

      it('that the program or somebody else has thought of says so, until it is changed', async () => {
        await own('update core.users set password_made_up = true where login = $1', [kim])
        const { body } = await world.login(kim, passwordOf(kim))
        const session = sessionSchema.parse(body.data)
        expect(session.password_made_up).toBe(true)
        const changed = await change(session.access_token, { current: passwordOf(kim), next })
        expect(sessionSchema.parse(changed.body.data).password_made_up).toBe(false)
      })
    })
  })
}
