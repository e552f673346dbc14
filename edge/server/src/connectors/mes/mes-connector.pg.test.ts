import { createLog, systemClock } from '@jidoka/base'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { MesConnector } from './mes-connector.ts'
import { MemoryEvents } from './testing/memory-events.ts'
import { mesSchemaSql } from './testing/mes-schema.ts'
import { postgresMissing, PostgresServer } from './testing/postgres-server.ts'

/**
 * The boundary of a poll is where events of a MES are lost in practice: a row whose transaction began before the poll and
 * committed after it carries an `updated_at` that the watermark has passed; rows that share one instant straddle a page.
 * Both need real transactions, so a real PostgreSQL plays the MES here.
 */
describe.skipIf(postgresMissing !== null)(
  `the MES connector on PostgreSQL${postgresMissing === null ? '' : ` (skipped: ${postgresMissing})`}`,
  () => {
    let server: PostgresServer
    let mes: pg.Client
    let journal: MemoryEvents
    const connectors: MesConnector[] = []

    const connect = (settings: { poll_interval_s?: number; overlap_min?: number } = {}): MesConnector => {
      const connector = new MesConnector({
        config: { name: 'MES', url: server.url, poll_interval_s: 0.2, overlap_min: 10, history_h: 24, ...settings },
        pipeline: journal,
        reader: journal,
        clock: systemClock,
        log: createLog('test', { level: 'silent' }),
        random: () => 0,
      })
      connectors.push(connector)
      return connector
    }
    const addInspections = (from: number, to: number, updatedAt = 'now()', client: pg.Client = mes) =>
      client.query(
        `insert into mes.inspections select i, 'LINE-A', 'LOT-1', null, true, null, ${updatedAt}, ${updatedAt} from generate_series($1::int, $2::int) i`,
        [from, to],
      )

    beforeAll(async () => {
      server = await PostgresServer.create()
    })
    afterAll(() => server.remove())
    beforeEach(async () => {
      mes = new pg.Client(server.url)
      mes.on('error', () => {})
      await mes.connect()
      await mes.query(`drop schema if exists mes cascade; ${mesSchemaSql}`)
      journal = new MemoryEvents()
    })
    afterEach(async () => {
      for (const connector of connectors.splice(0)) await connector.stop()
      await mes.end()
    })

    test('brings each kind of row as its event', async () => {
      await mes.query(`
      insert into mes.orders values ('PO-1', 'P-10', 'LINE-A', 500, now(), null, now());
      insert into mes.lots values ('LOT-1', 'PO-1', 'LINE-A', 'P-10', 'DAY', now(), null, now());
      insert into mes.production_counts values (1, 'LINE-A', 'LOT-1', 'PO-1', 'P-10', 'DAY', 120, 3, now());
      insert into mes.downtimes values (7, 'LINE-B', 'PRESS-1', 'tool change', now(), null, now());
      insert into mes.inspections values (9, 'LINE-A', 'LOT-1', 'WELD-2', false, 'D-04', now(), now());`)
      await connect().start()
      await journal.until(() => journal.stored.size === 5)
      expect(journal.of('order_started')[0]).toMatchObject({
        line: 'LINE-A',
        order: 'PO-1',
        product: 'P-10',
        target_count: 500,
      })
      expect(journal.of('lot_started')[0]).toMatchObject({ lot: 'LOT-1', shift: 'DAY' })
      expect(journal.of('production_count')[0]).toMatchObject({ production_count: 120, defect_count: 3, lot: 'LOT-1' })
      expect(journal.of('downtime')[0]).toMatchObject({ line: 'LINE-B', equipment: 'PRESS-1', ended_at_ms: null })
      expect(journal.of('inspection')[0]).toMatchObject({ passed: false, defect_code: 'D-04', source: 'MES' })
      expect(Math.abs((journal.of('inspection')[0]?.occurred_at_ms ?? 0) - Date.now())).toBeLessThan(60_000)
    })

    test('a row that is committed late with an older updated_at is brought, once', async () => {
      const late = new pg.Client(server.url)
      await late.connect()
      await late.query('begin')
      await addInspections(1, 1, 'now()', late)
      await addInspections(2, 50)
      await connect().start()
      await journal.until(() => journal.stored.size === 49)
      await late.query('commit')
      await late.end()
      await journal.until(() => journal.stored.size === 50)
      expect(journal.handedOn).toBe(50)
    })

    test('without the overlap that late row is lost, so the test above can fail', async () => {
      const late = new pg.Client(server.url)
      await late.connect()
      await late.query('begin')
      await addInspections(1, 1, 'now()', late)
      await addInspections(2, 2)
      await connect({ overlap_min: 0 }).start()
      await journal.until(() => journal.stored.size === 1)
      await late.query('commit')
      await late.end()
      await addInspections(3, 3)
      await journal.until(() => journal.stored.size === 2)
      expect([...journal.stored.keys()].some((key) => key.includes('inspections:1:'))).toBe(false)
    })

    test('a row whose updated_at is infinite or past the year 9999 is counted as refused, once, and stops no other', async () => {
      await addInspections(1, 3)
      await addInspections(4, 4, `timestamptz 'infinity'`)
      await addInspections(5, 5, `timestamptz '-infinity'`)
      await addInspections(6, 6, `timestamptz '294270-01-01'`)
      const connector = connect()
      await connector.start()
      await journal.until(() => journal.stored.size === 3)
      await addInspections(7, 7)
      await journal.until(() => journal.stored.size === 4)
      expect(connector.status).toMatchObject({ state: 'up', problem: null, rowsRefusedTotal: 3 })
      expect(connector.status.lastRefusal).toMatch(/"[456]".*"inspections".*updated_at/)
      await mes.query('update mes.inspections set updated_at = now(), inspected_at = now() where id = 4')
      await journal.until(() => journal.stored.size === 5)
    })

    test('2,000 rows of one instant across page boundaries come exactly once', async () => {
      await addInspections(1, 2_000, `timestamptz '2026-01-01' + (now() - timestamptz '2026-01-01')`)
      await connect().start()
      await journal.until(() => journal.stored.size === 2_000)
      await addInspections(2_001, 2_001)
      await journal.until(() => journal.stored.size === 2_001)
      expect(journal.handedOn).toBe(2_001)
    })

    test('a restart in between loses nothing and stores nothing twice', async () => {
      await addInspections(1, 700)
      const first = connect()
      await first.start()
      await journal.until(() => journal.stored.size >= 500)
      await first.stop()
      await addInspections(701, 900)
      await connect().start()
      await journal.until(() => journal.stored.size === 900)
      expect(new Set([...journal.stored.values()].map((event) => event.source_key)).size).toBe(900)
    })

    test('a count that grows is a new event each time', async () => {
      await mes.query(`insert into mes.production_counts values (1, 'LINE-A', 'LOT-1', null, null, null, 10, 0, now())`)
      await connect().start()
      await journal.until(() => journal.stored.size === 1)
      await mes.query('update mes.production_counts set production_count = 20, updated_at = now()')
      await journal.until(() => journal.stored.size === 2)
      expect(journal.of('production_count').map((event) => event.production_count)).toEqual([10, 20])
    })

    test('a row dated in the future does not hide those that come after it', async () => {
      await addInspections(1, 1, `now() + interval '10 years'`)
      await connect().start()
      await journal.until(() => journal.stored.size === 1)
      await addInspections(2, 2)
      await journal.until(() => journal.stored.size === 2)
    })

    test('a MES that goes down is shown as down, and what happened meanwhile is brought when it is back', async () => {
      await addInspections(1, 3)
      const connector = connect()
      await connector.start()
      await journal.until(() => journal.stored.size === 3)
      await vi.waitUntil(() => connector.status.state === 'up')
      await server.stop()
      await vi.waitUntil(() => connector.status.state === 'down')
      expect(connector.status.problem).toContain('tries again by itself')
      await server.start()
      const again = new pg.Client(server.url)
      await again.connect()
      await addInspections(4, 6, 'now()', again)
      await again.end()
      await journal.until(() => journal.stored.size === 6)
      await vi.waitUntil(() => connector.status.state === 'up')
      expect(journal.handedOn).toBe(6)
    })

    test('rows that the store could not keep are handed on again', async () => {
      journal.failNext = new Error('disk full')
      await addInspections(1, 3)
      await connect().start()
      await journal.until(() => journal.stored.size === 3)
    })

    test('a row that is no event is counted once with its reason, and the others come', async () => {
      await mes.query(
        `insert into mes.production_counts values (1, 'LINE A!', 'LOT-1', null, null, null, 10, 0, now()), (2, 'LINE-A', 'LOT-1', null, null, null, 10, 0, now())`,
      )
      const connector = connect()
      await connector.start()
      await journal.until(() => journal.stored.size === 1)
      await addInspections(1, 1)
      await journal.until(() => journal.stored.size === 2)
      expect(connector.status).toMatchObject({ rowsRefusedTotal: 1 })
      expect(connector.status.lastRefusal).toContain('production_counts 1: "line"')
    })

    test('the MES cannot be written through the connector, not even by a view of its own', async () => {
      await mes.query(`
      create function mes.write() returns bigint language sql as $$ insert into mes.orders (order_no, updated_at) values ('X', now()); select 1::bigint $$;
      drop table mes.inspections;
      create view mes.inspections as select mes.write() as id, 'LINE-A' as line_code, null as lot_no, null as equipment_code, true as passed, null as defect_code, now() as inspected_at, now() as updated_at`)
      const connector = connect()
      await connector.start()
      await vi.waitUntil(() => connector.status.state === 'down')
      expect(connector.status.problem).toContain('read-only transaction')
      expect((await mes.query('select 1 from mes.orders')).rowCount).toBe(0)
    })
  },
)
