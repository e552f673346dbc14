import { createLog } from '@jidoka/base'
import { cloudPaths } from '@jidoka/contract'
import { cursorPath } from '@jidoka/sync-protocol'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually, redisIsMissing, RedisServer } from '../../testing/redis-server.ts'
import { postgresIsMissing, postgresServer } from '../../testing/stores.ts'
import type { PostgresServer, TestStore } from '../../testing/stores.ts'
import { alarmRecord, judgmentRecord, ruleOf, World } from '../../testing/world.ts'
import { openBackend } from '../db/open.ts'
import { fanoutLimits } from './fanout.ts'

// Two replicas of the cloud over one database, with Redis between them and without: what one takes the consoles of the other see, and what one makes void the other
// does not go on with.

const missing = postgresIsMissing() ?? redisIsMissing()

describe.skipIf(missing !== null)(
  `two replicas${missing === null ? '' : ` (skipped: ${missing})`}`,
  { timeout: 60_000 },
  () => {
    let server: PostgresServer
    let redis: RedisServer
    beforeAll(async () => {
      server = await postgresServer()
      redis = await RedisServer.start()
    })
    afterAll(async () => {
      await redis.close()
      await server.end()
    })

    describe.each([['through PostgreSQL'], ['through Redis']] as const)('%s', (how) => {
      let one: World
      let two: World
      let secondStore: TestStore
      const streams: ReadableStreamDefaultReader<Uint8Array>[] = []
      beforeAll(async () => {
        const store = await server.newStore()
        const [row] = (await store.backend.pool.query<{ name: string }>('select current_database() as name')).rows
        const backend = await openBackend({
          url: server.url(row?.name ?? ''),
          folder: store.folder,
          onFailure: () => undefined,
          onBrokenConnection: () => undefined,
        })
        secondStore = { backend, folder: store.folder, close: () => backend.close() }
        const options = how === 'through Redis' ? { redisUrl: redis.url } : {}
        one = await World.open(store, options)
        two = await World.open(secondStore, { ...options, clock: one.clock })
      })
      afterEach(async () => {
        for (const stream of streams.splice(0)) await stream.cancel()
      })
      afterAll(async () => {
        await two.close()
        await one.close()
      })
      /** The clock of both goes on until it is so: they gather what they say. */
      const passing = (what: string, isSo: () => boolean | Promise<boolean>) =>
        eventually(what, async () => {
          one.clock.advance(fanoutLimits.gatherMs)
          return isSo()
        })
      /** What a console hears at a replica. */
      const follow = async (world: World) => {
        const heard: { event: string; data: string }[] = []
        const response = await world.cloud.app.request(cloudPaths.stream, {
          headers: { authorization: `Bearer ${await world.accessToken()}` },
        })
        const reader = (response.body as ReadableStream<Uint8Array>).getReader()
        streams.push(reader)
        void (async () => {
          let text = ''
          for (;;) {
            const { value, done } = await reader.read().catch(() => ({ value: undefined, done: true }))
            if (done) return
            text += new TextDecoder().decode(value)
            for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
              const block = text.slice(0, end)
              text = text.slice(end + 2)
              const [, event] = /^event: (.*)$/m.exec(block) ?? []
              const [, data] = /^data: (.*)$/m.exec(block) ?? []
              if (event !== undefined) heard.push({ event, data: data ?? '' })
            }
          }
        })()
        return heard
      }

      it('shows a console at one what the other has taken, and nothing of another tenant (I6)', async () => {
        const heard = await follow(two)
        const stranger = await World.open(secondStore, {
          clock: one.clock,
          tenant: 'other',
          ...(how === 'through Redis' ? { redisUrl: redis.url } : {}),
        })
        const edge = await one.newEdge()
        const foreign = await stranger.newEdge({ login: 'admin@other' })
        let sent = 0
        await passing('the console hears of an alarm and a judgment', async () => {
          // Told from the moment that the first replica knows that somebody listens at the second.
          if (heard.length === 0 || ++sent < 3) {
            await edge.sendRecords([judgmentRecord(one.clock.nowMs()), alarmRecord(one.clock.nowMs())])
            await foreign.sendRecords([judgmentRecord(one.clock.nowMs())])
          }
          return heard.some(({ event }) => event === 'alarm') && heard.some(({ event }) => event === 'judgment')
        })
        expect(
          heard
            .filter(({ event }) => event === 'judgment' || event === 'alarm')
            .every(({ data }) => data.includes(edge.id)),
        ).toBe(true)
        await stranger.cloud.stop()
      })

      it('makes nothing of events that nobody follows anywhere', async () => {
        const edge = await one.newEdge({ name: 'unheard' })
        await passing('the console is gone', async () =>
          ((await two.request('GET', '/metrics')).body as string).includes('jidoka_stream_clients 0'),
        )
        // Until it is forgotten.
        one.clock.advance(fanoutLimits.listensForMs + 1)
        const sent = async (kind: string) =>
          Number(
            new RegExp(`jidoka_fanout_messages_total\\{kind="${kind}",outcome="sent"\\} (\\d+)`).exec(
              (await one.request('GET', '/metrics')).body,
            )?.[1] ?? 0,
          )
        /** When that a rule was saved has been told, everything from before it has. */
        const whenTold = async (version: number) => {
          const drops = await sent('drop')
          const saved = await one.as('PUT', '/api/v1/rules/of-nobody', {
            definition: ruleOf({ id: 'of-nobody' }),
            based_on_version: version,
          })
          expect(saved.status).toBe(200)
          await passing('it is told', async () => (await sent('drop')) > drops)
          return sent('stream')
        }
        const before = await whenTold(0)
        await edge.sendRecords([judgmentRecord(one.clock.nowMs())])
        expect(await whenTold(1)).toBe(before)
      })

      it('lets the other judge by a rule that one has saved, though it has just judged by the one before', async () => {
        const put = (high: number, based_on_version: number) =>
          one.as('PUT', '/api/v1/rules/press-temperature', {
            definition: ruleOf({
              parameters: { high: { value: high, name: { ko: '상한', en: 'High' }, unit: '' } },
              examples: [{ input: { value: 1_000 }, status: 'HIGH' }],
            }),
            based_on_version,
          })
        const judge = async (world: World) =>
          (
            await world.as('POST', cloudPaths.judgmentExecute, {
              workflow_id: 'press-temperature',
              input: { value: 50 },
            })
          ).body.data
        await put(90, 0)
        for (const world of [one, two]) expect((await judge(world)).status).toBe('NORMAL')
        expect((await judge(two)).method_used).toBe('cache')
        await put(40, 1)
        // Whoever saved it, at once; the other in a moment.
        expect((await judge(one)).status).toBe('HIGH')
        await passing('the other judges by it', async () => (await judge(two)).status === 'HIGH')
      })

      it('takes a copy of a signed request at neither, where Redis remembers for both', async () => {
        const edge = await one.newEdge({ name: 'copied' })
        const path = cursorPath(edge.epoch)
        const headers = edge.headers('GET', path)
        expect((await one.request('GET', path, { headers })).status).toBe(200)
        expect((await one.request('GET', path, { headers })).body.refusal).toEqual({ kind: 'replayed' })
        // Without Redis each process remembers what it has seen itself: a copy is harmless, as each message of an edge says the same the second time.
        expect((await two.request('GET', path, { headers })).body.refusal).toEqual(
          how === 'through Redis' ? { kind: 'replayed' } : undefined,
        )
        expect((await two.request('GET', path, { headers: edge.headers('GET', path) })).status).toBe(200)
      })

      it('says in its readiness how Redis stands, where there is one', async () => {
        expect((await one.request('GET', '/ready')).body).toEqual(
          how === 'through Redis' ? { status: 'ok', database: 'ok', redis: 'ok' } : { status: 'ok', database: 'ok' },
        )
      })
    })

    it('begins without a Redis that is not there, says so, and is ready', async () => {
      const lines: string[] = []
      const log = createLog('test', { level: 'warn', destination: { write: (line) => void lines.push(line) } })
      const store = await server.newStore()
      const world = await World.open(store, { redisUrl: 'redis://:secret-word@127.0.0.1:1', log })
      expect(lines.join()).toContain('Redis (127.0.0.1:1) does not answer. The program goes on without it')
      expect(lines.join()).not.toContain('secret-word')
      expect((await world.request('GET', '/ready')).body).toEqual({ status: 'ok', database: 'ok', redis: 'down' })
      const edge = await world.newEdge()
      await edge.sendRecords([judgmentRecord(world.clock.nowMs())])
      expect((await world.as('GET', cloudPaths.judgmentRecent)).body.data).toHaveLength(1)
      await world.close()
    })
  },
)
