import { createLog, ManualClock } from '@jidoka/base'
import { cloudPaths } from '@jidoka/contract'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PostgresServer } from '../../testing/stores.ts'
import { ToxicLine, toxiproxyIsMissing } from '../../testing/toxiproxy.ts'
import type { Toxic } from '../../testing/toxiproxy.ts'
import { judgmentRecord, World } from '../../testing/world.ts'
import type { Backend } from './backend.ts'
import { openBackend } from './open.ts'
import { defaultDatabaseSettings } from './settings.ts'

// broken-line.cases.ts breaks the line with a proxy of our own; here the same promises are held against toxiproxy, with a whole program on the line: a
// request ends in bounded time, with its answer or with 503 and when to come again; the program heals by itself; what was receipted is there once.

const missing = toxiproxyIsMissing()
const both = (toxic: Omit<Toxic, 'stream'>): Toxic[] => [
  { ...toxic, stream: 'upstream' },
  { ...toxic, stream: 'downstream' },
]

export function toxicLineCases(server: () => PostgresServer): void {
  describe.skipIf(missing !== null)(
    `a line to the database through toxiproxy${missing === null ? '' : ` (skipped: ${missing})`}`,
    { timeout: 60_000 },
    () => {
      let line: ToxicLine
      let world: World
      let backend: Backend
      let direct: Backend
      let edge: Awaited<ReturnType<World['newEdge']>>
      let closeStore: () => Promise<void>
      let next = 1
      beforeAll(async () => {
        const store = await server().newStore()
        direct = store.backend
        const { rows } = await direct.pool.query<{ name: string }>('select current_database()::text as name')
        const url = new URL(server().url(rows[0]?.name ?? ''))
        line = await ToxicLine.open(Number(url.port))
        url.port = String(line.port)
        backend = await openBackend({
          url: url.href,
          folder: store.folder,
          settings: { ...defaultDatabaseSettings, pool: 4, pool_overflow: 2, pool_wait_s: 2, statement_s: 1 },
          onFailure: () => undefined,
          onBrokenConnection: () => undefined,
        })
        const clock = new ManualClock(Date.UTC(2026, 10, 21, 9))
        const ofLine = { ...store, backend, close: () => Promise.resolve() }
        world = await World.open(ofLine, {
          clock,
          log: createLog('test', { level: 'silent' }),
          environment: { JIDOKA_CLOUD_DB_STATEMENT_S: '1', JIDOKA_CLOUD_DB_LOCK_S: '1' },
        })
        edge = await world.newEdge()
        closeStore = () => store.close()
      })
      afterAll(async () => {
        await line.heal()
        await world.close()
        await backend.close()
        await closeStore()
        await line.close()
      })
      beforeEach(() => line.heal())

      const send = () => edge.send(edge.recordsBatch([judgmentRecord(world.clock.nowMs() + next)], next))
      const timed = async <Result>(work: Promise<Result>) => {
        const startMs = performance.now()
        const result = await work
        return { result, ms: performance.now() - startMs }
      }
      /** Until the connections that the line has harmed are replaced. */
      const heals = async () => {
        await line.heal()
        await expect.poll(async () => (await world.as('GET', cloudPaths.judgmentRecent)).status).toBe(200)
      }
      const storedOnce = async () => {
        const { rows } = await direct.pool.query<{ n: number }>(
          'select count(*)::int as n from core.judgment_executions',
        )
        return rows[0]?.n
      }

      it('that is slow makes answers slow, and nothing else', async () => {
        await line.add(...both({ type: 'latency', attributes: { latency: 40, jitter: 20 } }))
        const answers = await Promise.all(
          [1, 2, 3, 4, 5, 6, 7, 8].map(() => world.as('GET', cloudPaths.judgmentRecent)),
        )
        expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200))
        const { result, ms } = await timed(send())
        expect(result.status).toBe(200)
        next++
        // There and back for each burst of statements; fewer than the statements of a batch, as they leave together.
        expect(ms).toBeGreaterThan(80)
      })

      it('that comes in crumbs and closes slowly is read as it was said', async () => {
        await line.add(
          ...both({ type: 'slicer', attributes: { average_size: 7, size_variation: 5, delay: 100 } }),
          ...both({ type: 'slow_close', attributes: { delay: 200 } }),
        )
        expect((await send()).status).toBe(200)
        next++
        expect((await world.as('GET', cloudPaths.judgmentRecent)).body.data).toHaveLength(next - 1)
      })

      it('that takes and gives nothing ends each request within its time, with when to come again', async () => {
        await line.add(...both({ type: 'timeout', attributes: { timeout: 0 } }))
        const result = await Promise.all([
          send(),
          world.request('GET', '/ready'),
          world.as('GET', cloudPaths.judgmentRecent),
        ])
        expect(result.map(({ status }) => status)).toEqual([503, 503, 503])
        expect(result[0].headers.get('retry-after')).toBe('5')
        await heals()
      })

      it('that is cut is told at once, and the program is whole again by itself', async () => {
        await line.cut()
        const took: number[] = []
        for (let time = 0; time < 3; time++) {
          const { result, ms } = await timed(send())
          expect([result.status, result.headers.get('retry-after')]).toEqual([503, '5'])
          took.push(ms)
        }
        // Before any time is over; a machine that stands still meanwhile does not in all three.
        expect(Math.min(...took)).toBeLessThan(1_000)
        expect((await world.request('GET', '/ready')).status).toBe(503)
        await heals()
        expect((await world.request('GET', '/ready')).status).toBe(200)
      })

      it('I2: that is torn and reset in the middle of messages loses and doubles no batch that was receipted', async () => {
        const answers: Record<number, number> = {}
        const before = next
        for (let round = 0; round < 30; round++) {
          // After so many bytes of an answer or a statement: in all places of a transaction, one after the other.
          if (round % 3 === 0)
            await line.add({
              type: 'limit_data',
              stream: round % 2 === 0 ? 'upstream' : 'downstream',
              attributes: { bytes: 40 + round * 97 },
            })
          else if (round % 3 === 1)
            await line.add({ type: 'reset_peer', stream: 'downstream', attributes: { timeout: round % 7 } })
          else await line.heal()
          const { status } = await send()
          answers[status] = (answers[status] ?? 0) + 1
          if (status === 200) next++
        }
        expect(Object.keys(answers).toSorted()).toEqual(['200', '503'])
        await heals()
        // One whose commit was done and whose receipt was lost is taken as a repeat.
        expect((await send()).status).toBe(200)
        expect(next).toBeGreaterThan(before)
        expect(await storedOnce()).toBe(next)
        next++
      })
    },
  )
}
