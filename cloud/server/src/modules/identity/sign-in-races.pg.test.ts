import { hashPassword } from '@jidoka/base'
import { cloudPaths } from '@jidoka/contract'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { postgresIsMissing, postgresServer } from '../../testing/stores.ts'
import type { PostgresServer } from '../../testing/stores.ts'
import { World } from '../../testing/world.ts'
import type { Answer } from '../../testing/world.ts'

/*
 * Whoever has stolen a refresh token, or knows the password, is busy with it while its owner ends everything. Goal: nothing that was begun before the end outlives
 * it. Really run: two transactions on a server, one held where it has locked what it replaces and has not inserted what comes in its place.
 */

const missing = postgresIsMissing()
const refreshOf = ({ headers }: Answer) => /jidoka_refresh=([^;]*)/.exec(headers.get('set-cookie') ?? '')?.[1] ?? ''
const password = 'correct horse battery'
const next = 'another horse battery'

describe.skipIf(missing !== null)(
  `sign-ins that are made while they are ended, on PostgreSQL 15${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    let server: PostgresServer
    let world: World
    const own = (text: string, values: unknown[] = []) => world.store.backend.pool.query(text, values)
    beforeAll(async () => {
      server = await postgresServer()
      world = await World.open(await server.newStore())
      await own(`create function public.wait_to_insert() returns trigger language plpgsql as
        $$ begin perform pg_advisory_xact_lock_shared(77); return new; end $$`)
      await own(
        `create trigger waits before insert on core.sessions for each row execute function public.wait_to_insert()`,
      )
    })
    afterAll(async () => {
      await world.close()
      await server.end()
    })

    let kim: string
    let no = 0
    beforeEach(async () => {
      kim = `kim-${++no}`
      await own(
        `insert into core.users (tenant_id, login, name, role, locale, password_hash) values ('demo', $1, 'Kim', 'manager', 'ko', $2)`,
        [kim, await hashPassword(password, { N: 1_024, r: 8, p: 1 })],
      )
    })

    const signIn = async (): Promise<Answer> => world.login(kim, password)
    const withRefresh = (path: string, token: string) =>
      world.request('POST', path, { headers: { cookie: `jidoka_refresh=${token}` } })
    const refresh = (token: string) => withRefresh(cloudPaths.refresh, token)
    const asWith = (token: string) => (method: string, path: string, json?: unknown) =>
      world.request(method, path, {
        ...(json === undefined ? {} : { json }),
        headers: { authorization: `Bearer ${token}` },
      })
    const isWaiting = (count: number) =>
      vi.waitFor(
        async () => {
          const { rows } = await own(
            `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
          )
          expect(rows.length).toBe(count)
        },
        { timeout: 10_000, interval: 10 },
      )

    /** The end comes when all but the new sign-in is there. @returns whether what was made is still good */
    const outlives = async (make: () => Promise<Answer>, end: () => Promise<Answer>): Promise<boolean> => {
      const holder = await world.store.backend.pool.connect()
      await holder.query('select pg_advisory_lock(77)')
      const making = make()
      await isWaiting(1)
      const ending = end()
      await isWaiting(2)
      await holder.query('select pg_advisory_unlock(77)')
      holder.release()
      const [made, ended] = await Promise.all([making, ending])
      expect(ended.status).toBe(200)
      if (made.status !== 200) return false
      const [access, again] = [made.body.data.access_token as string, await refresh(refreshOf(made))]
      return again.status === 200 || (await asWith(access)('GET', cloudPaths.me)).status === 200
    }

    it('by a refresh do not outlive the end of all', async () => {
      const [stolen, mine] = [await signIn(), await signIn()]
      const ask = asWith(mine.body.data.access_token)
      expect(
        await outlives(
          () => refresh(refreshOf(stolen)),
          () => ask('DELETE', cloudPaths.sessions),
        ),
      ).toBe(false)
    })

    it('by a refresh do not outlive a new password', async () => {
      const [stolen, mine] = [await signIn(), await signIn()]
      const ask = asWith(mine.body.data.access_token)
      const change = () => ask('PUT', cloudPaths.password, { current: password, next })
      expect(await outlives(() => refresh(refreshOf(stolen)), change)).toBe(false)
    })

    it('by the password of before do not outlive a new one', async () => {
      const ask = asWith((await signIn()).body.data.access_token)
      const change = () => ask('PUT', cloudPaths.password, { current: password, next })
      expect(await outlives(signIn, change)).toBe(false)
    })

    it('by a refresh do not outlive the end of their sign-in, by whichever token of it', async () => {
      const first = refreshOf(await signIn())
      const second = refreshOf(await refresh(first))
      expect(
        await outlives(
          () => refresh(second),
          () => withRefresh(cloudPaths.logout, first),
        ),
      ).toBe(false)
    })
  },
)
