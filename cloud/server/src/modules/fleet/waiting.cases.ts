import { cloudPaths, edgeDetailSchema, edgeSummarySchema, fill } from '@jidoka/contract'
import type { Waiting } from '@jidoka/sync-protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { tagRecord, World } from '../../testing/world.ts'
import type { TestEdge } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'
import { gaugesEveryMs } from './gauges.ts'

const waits = { interval: 10 }

/** What an edge says of rows that it holds and the cloud has not; protocol 1.3. */
export function waitingCases(newStore: NewStore): void {
  describe('what waits at an edge', () => {
    let world: World
    let edge: TestEdge
    beforeAll(async () => {
      world = await World.open(await newStore())
    })
    afterAll(() => world.close())
    beforeEach(async () => {
      edge = await world.newEdge()
    })

    const waiting = (rows: number): Waiting => ({
      records: { rows: 0, oldest_ms: null },
      readings: { rows, oldest_ms: 90_000 },
    })
    const readingsBatch = (told: Waiting) => {
      edge.waiting = told
      return edge.readingsBatch([{ tagNo: 1, timeMs: world.clock.nowMs(), value: 1.5 }])
    }
    const detail = async () =>
      edgeDetailSchema.parse((await world.as('GET', fill(cloudPaths.edge, { id: edge.id }))).body.data)
    /** Passes the second after which what was told is written. */
    const written = async (rows: number) => {
      world.clock.advance(1_000)
      await vi.waitUntil(async () => (await detail()).waiting?.readings.rows === rows, waits)
    }

    it('is shown in the list of edges and with the edge, the newest that it has told', async () => {
      expect((await detail()).waiting).toBeNull()
      const toldAt = new Date(world.clock.nowMs()).toISOString()
      for (const rows of [1_000_000, 900_000]) expect((await edge.send(readingsBatch(waiting(rows)))).status).toBe(200)
      await written(900_000)
      const shown = { told_at: toldAt, ...waiting(900_000) }
      expect((await detail()).waiting).toEqual(shown)
      const { body } = await world.as('GET', cloudPaths.edges)
      const summary = edgeSummarySchema.array().parse(body.data)
      expect(summary.find(({ id }) => id === edge.id)?.waiting).toEqual(shown)
      expect((await edge.send(readingsBatch(waiting(0)))).status).toBe(200)
      await written(0)
    })

    it('stays unknown of an edge of 1.2, whose batches say nothing of it', async () => {
      await edge.sendReadings([{ tagNo: 1, timeMs: world.clock.nowMs(), value: 1 }])
      world.clock.advance(1_000)
      expect((await detail()).waiting).toBeNull()
    })

    it('is not taken from a batch that is refused', async () => {
      edge.waiting = waiting(7)
      const behind = edge.recordsBatch([tagRecord(world.clock.nowMs(), 1, 'LINE-A/PRESS-1/temperature')], 9)
      expect((await edge.send(behind)).status).toBe(409)
      expect((await edge.send(readingsBatch(waiting(3)))).status).toBe(200)
      await written(3)
    })

    it('is summed up for Prometheus by lane, with the age of the oldest, without edges that were revoked', async () => {
      const gauge = async (name: string, lane: string) =>
        Number(
          new RegExp(`^jidoka_sync_waiting_${name}{lane="${lane}"} (.+)$`, 'm').exec(
            (await world.request('GET', '/metrics')).body,
          )?.[1],
        )
      const others = (
        await world.store.backend.pool.query<{ rows: number }>(
          'select coalesce(sum(readings_rows), 0)::int as rows from fleet.edge_waiting',
        )
      ).rows[0]?.rows
      const day = 86_400_000
      const tell = (rows: number, records: number) =>
        edge.send(
          readingsBatch({ records: { rows: records, oldest_ms: 2 * day }, readings: { rows, oldest_ms: 3 * day } }),
        )
      // A round that is under way has looked before this: the next one begins behind it.
      const expectGauge = (lane: 'records' | 'readings', rows: number) =>
        vi.waitUntil(async () => {
          world.clock.advance(gaugesEveryMs)
          return (await gauge('rows', lane)) === rows
        }, waits)
      expect((await tell(40, 0)).status).toBe(200)
      await written(40)
      await expectGauge('readings', (others ?? 0) + 40)
      // What was told has grown older since; nothing has where no row waits.
      const age = await gauge('oldest_seconds_max', 'readings')
      expect(age).toBeGreaterThan(3 * 86_400)
      expect(age).toBeLessThan(3 * 86_400 + 3_600)
      expect([await gauge('rows', 'records'), await gauge('oldest_seconds_max', 'records')]).toEqual([0, 0])
      expect((await tell(41, 5)).status).toBe(200)
      await written(41)
      await expectGauge('records', 5)
      expect(await gauge('oldest_seconds_max', 'records')).toBeGreaterThan(2 * 86_400)
      expect((await world.as('DELETE', fill(cloudPaths.edge, { id: edge.id }))).status).toBe(200)
      await expectGauge('readings', others ?? 0)
      expect(await gauge('oldest_seconds_max', 'readings')).toBeLessThan(86_400)
    })

    it('of one tenant is written under it alone', async () => {
      expect((await edge.send(readingsBatch(waiting(5)))).status).toBe(200)
      await written(5)
      const rows = (
        await world.store.backend.pool.query<{ tenant_id: string }>(
          'select tenant_id from fleet.edge_waiting where edge_id = $1',
          [edge.id],
        )
      ).rows
      expect(rows).toEqual([{ tenant_id: 'demo' }])
    })
  })
}
