import { randomUUID } from 'node:crypto'
import { createLog, Envelope, ManualClock } from '@jidoka/base'
import type { MasterKeys } from '@jidoka/base'
import { cloudPaths } from '@jidoka/contract'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { NewStore } from '../../../testing/stores.ts'
import type { Answer } from '../../../testing/world.ts'
import { World } from '../../../testing/world.ts'
import { Database } from '../../db/database.ts'
import { Metrics } from '../../metrics.ts'
import { openMasterKeys, secretsSettingsSchema } from '../../secrets/settings.ts'
import { beginsElsewhere, inRequest, RequestScope } from '../../request-scope.ts'
import { createApp, largeBodies } from '../app.ts'
import type { App } from '../app.ts'
import type { Guard } from '../env.ts'
import { ProblemError } from '../problem.ts'
import { RateLimiter } from '../rate-limiter.ts'
import { reply } from '../reply.ts'
import { forgetKeysJob } from './forget-job.ts'
import { idempotencyLimits } from './limits.ts'
import { guardOnce } from './once.ts'

// The goal: what a program asks for under a key of its own is done once within a day, though lines break, processes die between any two of its steps, and the
// sender asks again meanwhile. Phantom refusals (409: "look what is there") yes, twice never. Real database, real routes; a process that died is a handler that
// never comes back, and the one that takes over is another application on the same database.

export function onceCases(newStore: NewStore): void {
  describe('Idempotency-Key', () => {
    let world: World
    let token: string
    beforeAll(async () => {
      world = await World.open(await newStore())
      token = await world.accessToken()
    })
    afterAll(() => world.close())

    const rows = async (text: string): Promise<Record<string, unknown>[]> =>
      (await world.store.backend.pool.query<Record<string, unknown>>(text)).rows
    const enrolments = async () => (await rows('select from fleet.enrolments')).length
    const enrol = (
      key: string,
      json: unknown = { site_code: 'ULSAN', valid_min: 60 },
      bearer = token,
    ): Promise<Answer> =>
      world.request('POST', cloudPaths.enrolments, {
        json,
        headers: { authorization: `Bearer ${bearer}`, 'idempotency-key': key },
      })

    it('does a request once, and answers the repeat as the first time', async () => {
      const key = randomUUID()
      const before = await enrolments()
      const first = await enrol(key)
      const again = await enrol(`"${key}"`)
      expect([first.status, again.status]).toEqual([200, 200])
      expect(again.body).toEqual(first.body)
      expect([first.headers.get('idempotency-replayed'), again.headers.get('idempotency-replayed')]).toEqual([
        null,
        'true',
      ])
      expect(await enrolments()).toBe(before + 1)
      expect((await enrol(randomUUID())).body.data.token).not.toBe(first.body.data.token)
    })

    it('does it once for two that come at the same time', async () => {
      const key = randomUUID()
      const before = await enrolments()
      const answers = await Promise.all(Array.from({ length: 5 }, () => enrol(key)))
      expect(answers.filter(({ status }) => status !== 200 && status !== 409)).toEqual([])
      const tokens = new Set(answers.flatMap(({ status, body }) => (status === 200 ? [body.data.token] : [])))
      expect(tokens.size).toBe(1)
      expect(await enrolments()).toBe(before + 1)
      expect((await enrol(key)).body.data.token).toBe([...tokens][0])
    })

    it('refuses another request with the same key, and knows keys of one person from those of another', async () => {
      const key = randomUUID()
      await enrol(key)
      const other = await enrol(key, { site_code: 'ULSAN', valid_min: 61 })
      expect([other.status, other.body.kind]).toEqual([422, 'key_reused'])
      const theirs = await World.open(world.store, { clock: world.clock, tenant: 'other' })
      const theirToken = await theirs.accessToken('admin@other')
      expect((await enrol(key, undefined, theirToken)).headers.get('idempotency-replayed')).toBeNull()
      await theirs.cloud.stop()
    })

    it('lets a request that was refused and changed nothing be mended and sent again', async () => {
      const key = randomUUID()
      expect((await enrol(key, { site_code: '', valid_min: 60 })).status).toBe(400)
      expect((await enrol(key)).status).toBe(200)
    })

    it('I10: refuses what is no key', async () => {
      for (const key of ['', '""', 'x'.repeat(256), 'a b'])
        expect([key, (await enrol(key)).body.kind]).toEqual([key, 'invalid_input'])
    })

    it('I10: takes no body that is longer than any may be, also where a route limits its own later', async () => {
      const { body: described } = await world.request('GET', '/openapi.json')
      const paths = Object.entries(described.paths as Record<string, object>).flatMap(([path, item]) =>
        'post' in item && largeBodies.test(path) && path.startsWith('/api/') ? [path] : [],
      )
      expect(paths).toContain(cloudPaths.courierFiles)
      const piece = new Uint8Array(1024 * 1024)
      const send = async (path: string, pieces: number) => {
        let sent = 0
        const body = new ReadableStream<Uint8Array>({
          pull: (controller) => {
            if (sent === pieces * piece.length) return controller.close()
            sent += piece.length
            return controller.enqueue(piece)
          },
        })
        const answer = await world.cloud.app.request(`${path}?bytes=100000000`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'idempotency-key': randomUUID() },
          body,
          duplex: 'half',
        })
        return [path, answer.status, sent <= idempotencyLimits.bodyBytesMax + 2 * piece.length]
      }
      for (const path of paths) expect(await send(path, 1_000)).toEqual([path, 413, true])
      // More than one of its pieces has, though not more than any body may.
      expect(await send(cloudPaths.courierFiles, 6)).toEqual([cloudPaths.courierFiles, 413, true])
    })

    it('I8: keeps answers sealed, as they may hold a token', async () => {
      const { body } = await enrol(randomUUID())
      const kept = await rows(
        `select encode(sealed, 'escape') as text from core.idempotency_keys where sealed is not null`,
      )
      expect(kept.length).toBeGreaterThan(0)
      expect(JSON.stringify(kept)).not.toContain(body.data.token)
    })

    it('forgets a key after a day', async () => {
      const key = randomUUID()
      const first = await enrol(key)
      world.clock.advance(24 * 3_600_000 - 1_000)
      token = await world.accessToken()
      expect((await enrol(key)).body).toEqual(first.body)
      world.clock.advance(2_000)
      token = await world.accessToken()
      expect((await enrol(key)).body.data.token).not.toBe(first.body.data.token)
      const database = new Database(world.store.backend, { clock: world.clock })
      const log = createLog('test', { level: 'silent' })
      const clock = new ManualClock(world.clock.nowMs() + 25 * 3_600_000)
      const result = await forgetKeysJob({ database, clock, log }).run({
        id: randomUUID(),
        tenantId: null,
        input: {},
        signal: new AbortController().signal,
        log,
        progress: () => undefined,
      })
      expect([Number(result['keys']) > 0, await rows('select from core.idempotency_keys')]).toEqual([true, []])
    })

    it('says that it has begun before it makes a tenant, whose transactions are of another', async () => {
      const scope = new RequestScope(world.clock, 10_000)
      scope.beforeElsewhere = () => Promise.reject(new Error('another attempt has it'))
      const tenant = { id: 'late', name: 'Late', admin_login: 'admin@late' }
      await expect(inRequest(scope, () => world.cloud.tenants.create(tenant, 'admin'))).rejects.toThrow('has it')
      expect(await world.cloud.tenants.ids()).not.toContain('late')
    })

    describe('when its process dies', () => {
      const clock = new ManualClock(Date.UTC(2026, 10, 21, 9))
      let database: Database
      let runs = 0
      beforeAll(() => {
        database = new Database(world.store.backend, { clock })
      })
      beforeEach(() => {
        runs = 0
      })

      /** One process with one route, which counts how often it is asked to work. */
      const processWith = (work: () => Promise<void>, masterKeys?: MasterKeys): App => {
        const log = createLog('test', { level: 'silent' })
        const app = createApp({ log, metrics: new Metrics(), clock, https: false })
        const guard: Guard = () => async (c, next) => {
          c.set('caller', { tenantId: 'demo', login: 'admin', role: 'admin', expiresAtS: Number.MAX_SAFE_INTEGER })
          await next()
        }
        const envelope = new Envelope(
          masterKeys ?? openMasterKeys(secretsSettingsSchema.parse({}), `${world.store.folder}/keys`, clock),
        )
        const once = guardOnce(guard, { database, clock, log, envelope, limiter: new RateLimiter(clock) })
        app.post('/api/v1/try', once(null), async (c) => {
          runs++
          await work()
          return reply(c, runs)
        })
        return app
      }
      const change = () =>
        database.withTenant('demo', async (tx) => {
          await tx.run(`insert into core.consumed_events values ($1, 'test', gen_random_uuid(), now())`, [tx.tenantId])
        })
      const changes = async () => (await rows(`select from core.consumed_events where consumer = 'test'`)).length
      const ask = async (app: App, key: string) => {
        const response = await app.request('/api/v1/try', { method: 'POST', headers: { 'idempotency-key': key } })
        const { kind } = (await response.json()) as { kind?: string }
        return [response.status, kind]
      }
      /** Until the process has come to where it never comes back from. */
      const dying = (before: () => Promise<void>) => {
        const stuck = Promise.withResolvers<void>()
        const app = processWith(async () => {
          await before()
          stuck.resolve()
          await new Promise(() => undefined)
        })
        return async (key: string) => {
          void ask(app, key)
          await stuck.promise
        }
      }

      it('before it has changed anything, another does it, once its time is over', async () => {
        const key = randomUUID()
        await dying(() => Promise.resolve())(key)
        const other = processWith(change)
        expect(await ask(other, key)).toEqual([409, 'under_way'])
        clock.advance(36_000)
        const before = await changes()
        expect(await ask(other, key)).toEqual([200, undefined])
        expect(await changes()).toBe(before + 1)
      })

      it('after it has changed something, nobody does it again, and who asks is told to look', async () => {
        const key = randomUUID()
        await dying(change)(key)
        const other = processWith(change)
        expect(await ask(other, key)).toEqual([409, 'under_way'])
        clock.advance(36_000)
        const before = await changes()
        expect(await ask(other, key)).toEqual([409, 'conflict'])
        expect([await changes(), runs]).toEqual([before, 1])
      })

      it('a process that was only slow changes nothing any more once another has its key', async () => {
        const key = randomUUID()
        const begun = Promise.withResolvers<void>()
        const goOn = Promise.withResolvers<void>()
        // Its own clock stands still: it does not know that its time is over.
        const slow = processWith(async () => {
          begun.resolve()
          await goOn.promise
          await change()
        })
        const ofSlow = ask(slow, key)
        await begun.promise
        await rows(`update core.idempotency_keys set claimed_until = '-infinity' where status is null`)
        const before = await changes()
        expect(await ask(processWith(change), key)).toEqual([200, undefined])
        goOn.resolve()
        expect(await ofSlow).toEqual([409, 'under_way'])
        expect(await changes()).toBe(before + 1)
      })

      it('what it began elsewhere is not begun again, though no transaction of its own tells of it', async () => {
        const key = randomUUID()
        await dying(beginsElsewhere)(key)
        clock.advance(36_000)
        expect(await ask(processWith(change), key)).toEqual([409, 'conflict'])
        const failed = randomUUID()
        const fails = processWith(async () => {
          await beginsElsewhere()
          throw new ProblemError('unavailable', 'The other process does not answer.')
        })
        expect(await ask(fails, failed)).toEqual([503, 'unavailable'])
        expect(await ask(processWith(change), failed)).toEqual([409, 'conflict'])
      })

      it('one that was only slow begins nothing elsewhere any more once another has its key', async () => {
        const key = randomUUID()
        const begun = Promise.withResolvers<void>()
        const goOn = Promise.withResolvers<void>()
        let isDone = false
        const slow = processWith(async () => {
          begun.resolve()
          await goOn.promise
          await beginsElsewhere()
          isDone = true
        })
        const ofSlow = ask(slow, key)
        await begun.promise
        await rows(`update core.idempotency_keys set claimed_until = '-infinity' where status is null`)
        expect(await ask(processWith(change), key)).toEqual([200, undefined])
        goOn.resolve()
        expect([await ofSlow, isDone]).toEqual([[409, 'under_way'], false])
      })

      it('one that was given up changes nothing however late it gets to the database', async () => {
        const key = randomUUID()
        const begun = Promise.withResolvers<void>()
        const goOn = Promise.withResolvers<void>()
        const ended = Promise.withResolvers<unknown>()
        const slow = processWith(async () => {
          begun.resolve()
          await goOn.promise
          await change().then(() => ended.resolve('changed'), ended.resolve)
        })
        const ofSlow = ask(slow, key)
        await begun.promise
        clock.advance(30_000)
        expect(await ofSlow).toEqual([504, 'timed_out'])
        clock.advance(120_000)
        expect(await ask(processWith(change), key)).toEqual([200, undefined])
        const before = await changes()
        goOn.resolve()
        expect(await ended.promise).toMatchObject({ kind: 'under_way' })
        expect(await changes()).toBe(before)
      })

      it('a service of keys that does not answer holds nobody up: the answer is not kept, and what was refused is free', async () => {
        let asked = 0
        const silent = {
          wrap: () => {
            asked++
            // Not sealed: nobody waits longer than that.
            clock.advance(idempotencyLimits.sealMsMax)
            return new Promise(() => undefined)
          },
        } as unknown as MasterKeys
        const key = randomUUID()
        expect(await ask(processWith(change, silent), key)).toEqual([200, undefined])
        expect(await ask(processWith(change, silent), key)).toEqual([409, 'conflict'])
        const refused = randomUUID()
        const refuses = processWith(() => Promise.reject(new ProblemError('conflict', 'Mend it.')), silent)
        expect(await ask(refuses, refused)).toEqual([409, 'conflict'])
        expect(asked).toBe(1)
        expect(await ask(processWith(change, silent), refused)).toEqual([200, undefined])
      })

      it('a failure before any change leaves the key free, and one behind a change does not', async () => {
        const key = randomUUID()
        const failing = processWith(() => Promise.reject(new Error('a mistake of ours')))
        expect(await ask(failing, key)).toEqual([500, 'internal'])
        expect(await ask(processWith(change), key)).toEqual([200, undefined])
        const half = randomUUID()
        const failsBehind = processWith(async () => {
          await change()
          throw new Error('a mistake of ours')
        })
        expect(await ask(failsBehind, half)).toEqual([500, 'internal'])
        expect(await ask(processWith(change), half)).toEqual([409, 'conflict'])
      })

      it('one that was given up for its time is stopped, and may be sent again', async () => {
        const key = randomUUID()
        const begun = Promise.withResolvers<void>()
        const goOn = Promise.withResolvers<void>()
        const ended = Promise.withResolvers<unknown>()
        const slow = processWith(async () => {
          begun.resolve()
          await goOn.promise
          await change().then(() => ended.resolve('changed'), ended.resolve)
        })
        const before = await changes()
        const ofSlow = ask(slow, key)
        await begun.promise
        clock.advance(30_000)
        expect(await ofSlow).toEqual([504, 'timed_out'])
        goOn.resolve()
        expect(await ended.promise).toMatchObject({ name: 'RequestOverError' })
        expect(await changes()).toBe(before)
        clock.advance(6_000)
        expect(await ask(processWith(change), key)).toEqual([200, undefined])
        expect(await changes()).toBe(before + 1)
      })
    })
  })
}
