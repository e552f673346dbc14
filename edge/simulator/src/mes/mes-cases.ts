import { ManualClock } from '@jidoka/base'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { hanbit } from '../plant/hanbit.ts'
import { Plant } from '../plant/plant.ts'
import type { ProductionEvent } from '../plant/production/events.ts'
import { quietLog } from '../testing/quiet-log.ts'
import { Mes } from './mes.ts'

const startMs = Date.UTC(2026, 10, 21, 0, 30)

/** One suite for every database that can hold the MES. `url` is null for PGlite. */
export function runMesCases(name: string, url: () => string | null): void {
  describe(`MES on ${name}`, () => {
    let mes: Mes
    // By hand: nothing is written or pruned but when a test says so.
    const clock = new ManualClock(Date.now())
    const clients: pg.Client[] = []

    const newMes = (): Mes => new Mes({ port: 0, url: url(), dataFolder: null, clock, log: quietLog })

    async function connector(): Promise<pg.Client> {
      const client = new pg.Client({ connectionString: mes.url })
      client.on('error', () => {})
      clients.push(client)
      await client.connect()
      return client
    }

    /** Runs a plant for a while and writes what it produced, as happening now. */
    async function produce(seed: number, forMs: number): Promise<readonly ProductionEvent[]> {
      const plant = new Plant(hanbit, { seed, startMs: startMs + seed * 1_000 })
      plant.advanceTo(plant.timeMs + forMs)
      const events = plant.takeEvents()
      for (const event of events) mes.add(event, new Date())
      await mes.flush()
      return events
    }

    beforeAll(async () => {
      mes = newMes()
      await mes.start()
    })
    afterAll(() => mes.stop())
    afterEach(async () => {
      for (const client of clients.splice(0)) await client.end().catch(() => {})
    })

    test('holds what the plant produced: counts a lot, never more defects than pieces, times of the wall clock', async () => {
      const events = await produce(1, 20 * 60_000)
      const client = await connector()
      const last = new Map<string, { production_count: number; defect_count: number }>()
      for (const event of events) {
        if (event.type === 'counted')
          last.set(event.lot, { production_count: event.productionCount, defect_count: event.defectCount })
      }
      const { rows } = await client.query(
        'SELECT lot_no, production_count, defect_count, updated_at FROM mes.production_counts ORDER BY lot_no',
      )
      expect(rows.map((row) => row.lot_no)).toEqual([...last.keys()].sort())
      for (const row of rows) {
        expect({ production_count: row.production_count, defect_count: row.defect_count }).toEqual(last.get(row.lot_no))
        expect(Math.abs(row.updated_at.getTime() - Date.now())).toBeLessThan(60_000)
      }
      const count = async (table: string) =>
        Number((await client.query(`SELECT count(*) FROM mes.${table}`)).rows[0].count)
      const happened = (type: ProductionEvent['type']) => events.filter((event) => event.type === type).length
      expect(await count('orders')).toBe(happened('order_started'))
      expect(await count('lots')).toBe(happened('lot_started'))
      expect(await count('downtimes')).toBe(happened('stopped'))
      expect(await count('inspections')).toBe(happened('inspected'))
      const open = await client.query('SELECT 1 FROM mes.downtimes WHERE ended_at IS NULL')
      expect(open.rowCount).toBe(happened('stopped') - happened('resumed'))
    })

    test('serves several connectors at once with parameters and transactions, each its own answers', async () => {
      const connectors = await Promise.all([connector(), connector(), connector()])
      const answers = connectors.map(async (client, index) => {
        for (let round = 0; round < 40; round++) {
          await client.query('BEGIN')
          const { rows } = await client.query('SELECT $1::int AS mine, $2::text AS text', [
            index * 1_000 + round,
            'x'.repeat(index),
          ])
          await client.query('COMMIT')
          expect(rows).toEqual([{ mine: index * 1_000 + round, text: 'x'.repeat(index) }])
        }
      })
      await Promise.all([...answers, produce(2, 5 * 60_000)])
    })

    test('a connector that made its session read-only does not keep the plant from writing', async () => {
      const client = await connector()
      await client.query(`SET default_transaction_read_only = on; SET TIME ZONE 'UTC'`)
      const events = await produce(5, 60_000)
      const lots = events.flatMap((event) => (event.type === 'lot_started' ? [event.lot] : []))
      const { rows } = await client.query('SELECT lot_no FROM mes.lots WHERE lot_no = ANY($1)', [lots])
      expect(rows).toHaveLength(4)
    })

    test('down, it drops connectors and refuses them; back, it has what was produced meanwhile', async () => {
      const before = await connector()
      const ended = new Promise((resolve) => before.once('end', resolve))
      const takeBack = mes.down('fault')
      await ended
      expect(mes.up).toBe(false)
      await expect(connector()).rejects.toThrow(/ECONNRESET|terminated/)
      const events = await produce(3, 5 * 60_000)
      takeBack()
      const client = await connector()
      const lots = events.flatMap((event) => (event.type === 'lot_started' ? [event.lot] : []))
      const { rows } = await client.query('SELECT lot_no FROM mes.lots WHERE lot_no = ANY($1) ORDER BY lot_no', [lots])
      expect(rows.map((row) => row.lot_no)).toEqual(lots.toSorted())
    })

    test('prunes what is older than a day and finished, with all that hangs on it, and nothing else', async () => {
      const client = await connector()
      const order = (code: string, at: Date, isFinished: boolean) => {
        mes.add({ type: 'order_started', line: 'LINE-A', atMs: 0, order: code, product: 'P', targetCount: 1 }, at)
        mes.add(
          { type: 'lot_started', line: 'LINE-A', atMs: 0, lot: `${code}-L`, order: code, product: 'P', shift: 'DAY' },
          at,
        )
        if (isFinished) mes.add({ type: 'order_finished', line: 'LINE-A', atMs: 0, order: code }, at)
      }
      const longAgo = new Date(clock.nowMs() - 25 * 3_600_000)
      order('OLD-DONE', longAgo, true)
      order('OLD-OPEN', longAgo, false)
      order('NEW-DONE', new Date(clock.nowMs()), true)
      await mes.flush()
      clock.advance(61_000)
      await mes.flush()
      const { rows } = await client.query(
        `SELECT lot_no FROM mes.lots WHERE order_no SIMILAR TO '(OLD|NEW)-%' ORDER BY 1`,
      )
      expect(rows.map((row) => row.lot_no)).toEqual(['NEW-DONE-L', 'OLD-OPEN-L'])
    })

    test('a connector that is cut off inside a transaction does not block the plant', async () => {
      const client = await connector()
      await client.query('BEGIN')
      await client.query('LOCK TABLE mes.orders IN SHARE MODE')
      mes.down('fault')()
      const events = await produce(4, 5 * 60_000)
      const { rows } = await (
        await connector()
      ).query('SELECT order_no FROM mes.orders WHERE order_no = ANY($1)', [
        events.flatMap((event) => (event.type === 'order_started' ? [event.order] : [])),
      ])
      expect(rows).toHaveLength(4)
    })
  })
}
