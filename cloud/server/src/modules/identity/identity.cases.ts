import { join } from 'node:path'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { cloudPaths, sessionSchema, userSchema } from '@jidoka/contract'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { adminPassword, World } from '../../testing/world.ts'
import type { Loose } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'
import { createLog, hashPassword } from '@jidoka/base'
import { Database } from '../../platform/db/database.ts'
import { openKeys } from '../../platform/keys.ts'
import { EndedAccess } from './ended-access.ts'
import { IdentityService } from './service.ts'

const cookieOf = (headers: Headers) => headers.get('set-cookie') ?? ''
const tokenOf = (headers: Headers) => /jidoka_refresh=([^;]*)/.exec(cookieOf(headers))?.[1] ?? ''

export function identityCases(newStore: NewStore): void {
  describe('identity', () => {
    let world: World
    beforeAll(async () => {
      world = await World.open(await newStore())
      const viewer = {
        login: 'viewer',
        name: 'Viewer',
        role: 'viewer',
        locale: 'ko',
        password_hash: await hashPassword('viewer password', { N: 1_024, r: 8, p: 1 }),
      }
      await world.store.backend.pool.query(
        `insert into core.users (tenant_id, login, name, role, locale, password_hash) values ('demo', $1, $2, $3, $4, $5)`,
        Object.values(viewer),
      )
    })
    afterAll(() => world.close())
    const refresh = (token: string) =>
      world.request('POST', cloudPaths.refresh, { headers: { cookie: `jidoka_refresh=${token}` } })

    it('signs the first administrator in with a token of 15 minutes that has the claims of the reference', async () => {
      const { status, body, headers } = await world.login()
      expect(status).toBe(200)
      const session = sessionSchema.parse(body.data)
      expect(Date.parse(session.expires_at) - world.clock.nowMs()).toBe(15 * 60_000)
      expect(decodeProtectedHeader(session.access_token).alg).toBe('RS256')
      const claims = decodeJwt(session.access_token)
      expect(Object.keys(claims).sort()).toEqual([
        'aud',
        'email',
        'exp',
        'iat',
        'iss',
        'jti',
        'permissions',
        'roles',
        'sid',
        'sub',
        'tenant_id',
        'ver',
      ])
      expect(claims).toMatchObject({ sub: 'admin', tenant_id: 'demo', roles: ['admin'] })
      expect(claims['permissions']).toContain('fleet:manage')
      expect(cookieOf(headers)).toMatch(/HttpOnly/)
      expect(cookieOf(headers)).toMatch(/SameSite=Strict/)
      expect(cookieOf(headers)).toMatch(/Path=\/api\/v1\/auth/)
      expect(cookieOf(headers)).toMatch(/Max-Age=604800/)
      expect(JSON.stringify(body)).not.toContain(tokenOf(headers))
    })

    it('answers a wrong password and an unknown login in the same words', async () => {
      const wrong = await world.login('admin', 'not the password')
      const unknown = await world.login('nobody', 'not the password')
      expect([wrong.status, unknown.status]).toEqual([401, 401])
      const words = ({ body }: { body: Loose }) => ({ ...body, request_id: '' })
      expect(words(wrong)).toEqual(words(unknown))
      expect((wrong.body as Loose).kind).toBe('wrong_credentials')
    })

    it('does the same work before it answers a wrong password and an unknown login: the audit is written afterwards', async () => {
      const { store, clock } = world
      const audited = Promise.withResolvers<void>()
      const actions: string[] = []
      const database = new Database(store.backend, { clock })
      const log = createLog('test', { level: 'silent' })
      const service = new IdentityService({
        database,
        ended: new EndedAccess({ database, clock, log, tellOthers: () => undefined }),
        keys: await openKeys(join(store.folder, 'keys')),
        clock,
        audit: {
          append: (_tx, { action, subject }) => {
            actions.push(`${action} ${subject}`)
            return audited.promise
          },
          appendOfEdge: () => Promise.resolve(),
        },
        log,
      })
      const connect = vi.spyOn(store.backend.pool, 'connect')
      const connections = async (login: string) => {
        connect.mockClear()
        await expect(service.login(login, 'not the password')).rejects.toMatchObject({ kind: 'wrong_credentials' })
        return connect.mock.calls.length
      }
      const ofUnknown = await connections('nobody')
      expect(await connections('admin')).toBe(ofUnknown)
      connect.mockRestore()
      audited.resolve()
      await service.stop()
      expect(actions).toEqual(['session.refuse admin'])
    })

    it('says who is signed in, and nothing without a token or with a broken one', async () => {
      expect(userSchema.parse((await world.as('GET', cloudPaths.me)).body.data).login).toBe('admin')
      expect((await world.request('GET', cloudPaths.me)).body.kind).toBe('not_signed_in')
      const token = await world.accessToken()
      const broken = `${token.slice(0, -6)}AAAAAA`
      expect(
        (await world.request('GET', cloudPaths.me, { headers: { authorization: `Bearer ${broken}` } })).status,
      ).toBe(401)
    })

    it('refuses an access token after its 15 minutes', async () => {
      const token = (await world.login()).body.data.access_token
      world.clock.advance(15 * 60_000 + 1_000)
      expect(
        (await world.request('GET', cloudPaths.me, { headers: { authorization: `Bearer ${token}` } })).status,
      ).toBe(401)
    })

    it('gives a new refresh token for each one, and ends the whole sign-in when a used one comes again', async () => {
      const first = tokenOf((await world.login()).headers)
      const answer = await refresh(first)
      expect(answer.status).toBe(200)
      const second = tokenOf(answer.headers)
      expect(second).not.toBe(first)
      world.clock.advance(60_000)
      expect((await refresh(first)).status).toBe(401)
      expect((await refresh(second)).status).toBe(401)
      const actions = (await world.as('GET', cloudPaths.audit)).body.data.map(
        (entry: { action: string }) => entry.action,
      )
      expect(actions).toContain('session.reuse_detected')
    })

    it('takes a token that was replaced a moment ago once more: two tabs are not a thief', async () => {
      const first = tokenOf((await world.login()).headers)
      const [one, two] = [await refresh(first), await refresh(first)]
      expect([one.status, two.status]).toEqual([200, 200])
      expect((await refresh(tokenOf(one.headers))).status).toBe(200)
    })

    it('ends a refresh token after seven days', async () => {
      const token = tokenOf((await world.login()).headers)
      world.clock.advance(7 * 24 * 3_600_000)
      expect((await refresh(token)).status).toBe(401)
    })

    it('signs out: the cookie goes and its token is worth nothing', async () => {
      const token = tokenOf((await world.login()).headers)
      const answer = await world.request('POST', cloudPaths.logout, { headers: { cookie: `jidoka_refresh=${token}` } })
      expect(answer.status).toBe(200)
      expect(cookieOf(answer.headers)).toMatch(/Max-Age=0/)
      expect(answer.headers.get('ratelimit')).toMatch(/^"api_stranger";r=\d+;t=\d+$/)
      const again = await refresh(token)
      expect([again.status, again.headers.has('ratelimit')]).toEqual([401, true])
    })

    it('lets a role do what it may and says which permission is missing for the rest', async () => {
      const token = (await world.login('viewer', 'viewer password')).body.data.access_token
      const as = (method: string, path: string, json?: unknown) =>
        world.request(method, path, {
          ...(json === undefined ? {} : { json }),
          headers: { authorization: `Bearer ${token}` },
        })
      expect((await as('GET', cloudPaths.edges)).status).toBe(200)
      const refused = await as('POST', cloudPaths.enrolments, { site_code: 'A' })
      expect(refused.status).toBe(403)
      expect(refused.body.detail).toContain('fleet:manage')
      expect((await as('GET', cloudPaths.audit)).status).toBe(403)
      expect((await as('POST', cloudPaths.judgmentExecute, { workflow_id: 'x', input: {} })).status).toBe(403)
      expect((await as('PUT', `/api/v1/fleet/edges/${crypto.randomUUID()}/desired/rule/x`, { body: {} })).status).toBe(
        403,
      )
    })

    it('I10: refuses the 21st sign-in of an account in 15 minutes, other accounts and refreshes go on', async () => {
      const token = tokenOf((await world.login()).headers)
      world.clock.advance(15 * 60_000)
      for (let attempt = 0; attempt < 20; attempt++) expect((await world.login('viewer', 'wrong')).status).toBe(401)
      const refused = await world.login('viewer', 'viewer password')
      expect(refused.status).toBe(429)
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(refused.headers.get('ratelimit')).toMatch(/^"auth";r=0;t=\d+, "auth_address";r=\d+;t=\d+$/)
      const right = await world.login()
      expect([right.status, right.headers.get('ratelimit-policy')]).toEqual([
        200,
        '"auth";q=20;w=900, "auth_address";q=100;w=900',
      ])
      expect((await refresh(token)).status).toBe(200)
      world.clock.advance(15 * 60_000)
      expect((await world.login('viewer', 'viewer password')).status).toBe(200)
    })

    it('I8: keeps the password as scrypt and tokens as hashes only', async () => {
      const token = tokenOf((await world.login()).headers)
      const users = await world.store.backend.pool.query<{ password_hash: string }>(
        `select password_hash from core.users where login = 'admin'`,
      )
      expect(users.rows[0]?.password_hash).toMatch(/^scrypt\$\d+\$8\$1\$[\w-]{22}\$[\w-]{43}$/)
      const sessions = await world.store.backend.pool.query('select * from core.sessions')
      expect(JSON.stringify(sessions.rows)).not.toContain(token)
    })

    it('makes the first administrator once, whatever the password of a later start says', async () => {
      const again = await World.open(world.store, { clock: world.clock })
      expect(again.cloud.firstAdmin).toBeNull()
      expect((await again.login('admin', adminPassword)).status).toBe(200)
      await again.cloud.stop()
    })
  })
}
