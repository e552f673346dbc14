import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { judgmentRecord, World } from '../../testing/world.ts'
import type { TestEdge } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'
import { Database } from '../db/database.ts'
import type { Places } from '../db/places.ts'
import { allTenantsOf } from '../db/tenants.ts'
import { PartitionMetrics } from './partition-metrics.ts'
import { Partitions } from './partitions.ts'

export function partitionCases(newStore: NewStore): void {
  describe('partitions', () => {
    let world: World
    let edge: TestEdge
    beforeAll(async () => {
      world = await World.open(await newStore())
      edge = await world.newEdge()
    })
    afterAll(() => world.close())

    const partitionsOf = async (table: string) =>
      (
        await world.store.backend.pool.query<{ name: string; rows: number }>(
          `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = $1::regclass order by 1`,
          [table],
        )
      ).rows.map(({ name }) => name)
    const placeOf = async (id: string) =>
      (
        await world.store.backend.pool.query<{ name: string }>(
          'select tableoid::regclass::text as name from core.judgment_executions where execution_id = $1',
          [id],
        )
      ).rows[0]?.name
    const send = async (atMs: number) => {
      const record = judgmentRecord(atMs)
      await edge.sendRecords([record])
      return (record.body as { id: string }).id
    }

    it('are made three months ahead at the start, named by their month', async () => {
      expect(await partitionsOf('core.judgment_executions')).toEqual([
        'judgment_executions_default',
        'judgment_executions_y2026m11',
        'judgment_executions_y2026m12',
        'judgment_executions_y2027m01',
        'judgment_executions_y2027m02',
      ])
    })

    it('are asked for in one statement at each start, and the one that is not there is made', async () => {
      const { backend } = world.store
      await backend.pool.query('drop table core.judgment_executions_y2027m02')
      const asked = vi.spyOn(backend.pool, 'query')
      const started = () => new Partitions(new Database(backend, { clock: world.clock }), world.clock).makeAhead()
      await started()
      expect(await partitionsOf('core.judgment_executions')).toContain('judgment_executions_y2027m02')
      asked.mockClear()
      await started()
      expect(asked).toHaveBeenCalledTimes(1)
      asked.mockRestore()
    })

    it('are made for data of a month that has passed', async () => {
      const id = await send(Date.UTC(2026, 8, 30, 23, 59, 59, 999))
      expect(await placeOf(id)).toBe('core.judgment_executions_y2026m09')
      expect(await placeOf(await send(Date.UTC(2026, 9, 1)))).toBe('core.judgment_executions_y2026m10')
    })

    it('keep what a clock that is years off has written, and give it its month when that comes', async () => {
      const early = await send(Date.UTC(1999, 0, 1))
      const late = await send(Date.UTC(2027, 2, 15))
      expect(await placeOf(early)).toBe('core.judgment_executions_default')
      expect(await placeOf(late)).toBe('core.judgment_executions_default')
      await world.store.backend.pool.query(
        `select jidoka.make_month_partition('core.judgment_executions', '2027-03-01')`,
      )
      expect(await placeOf(late)).toBe('core.judgment_executions_y2027m03')
      expect((await world.as('GET', `/api/v1/judgment/${late}`)).body.data.execution_id).toBe(late)
    })

    it('tell how many rows are in none of them, and how many have left their table', async () => {
      const registry = new Registry()
      const metrics = new PartitionMetrics(registry)
      const { pool } = world.store.backend
      const database = new Database(world.store.backend, { clock: world.clock })
      const of = (what: string) => `jidoka_partitions_${what}{table="core.judgment_executions"}`
      await pool.query(
        `create table jidoka.judgment_executions_y2020m01 (like core.judgment_executions);
         create table jidoka.judgment_executions_late_20261121_0123abcd (like core.judgment_executions)`,
      )
      try {
        await vi.waitUntil(
          async () => {
            await pool.query('select pg_stat_force_next_flush()')
            await metrics.measure(database)
            return (await registry.metrics()).includes(`${of('default_rows')} 1`)
          },
          { interval: 50 },
        )
        expect(await registry.metrics()).toContain(`${of('waiting')} 2`)
      } finally {
        await pool.query(
          'drop table jidoka.judgment_executions_y2020m01, jidoka.judgment_executions_late_20261121_0123abcd',
        )
      }
    })

    it('are looked at only where the time that was asked for lies', async () => {
      const { rows } = await world.store.backend.pool.query<Record<string, string>>(
        `explain select * from core.judgment_executions where tenant_id = 'demo' and executed_at >= '2026-11-01Z' and executed_at < '2026-12-01Z' order by executed_at desc limit 10`,
      )
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      expect(plan).toContain('judgment_executions_y2026m11')
      expect(plan).not.toContain('y2026m12')
      expect(plan).not.toContain('default')
    })

    it('are made for rows where their tenant is: another database that is away has nothing to do with them', async () => {
      const there = await newStore()
      const { backend } = world.store
      const second = { name: 'second', backend: there.backend }
      const places: Places = {
        all: [{ name: 'main', backend }, second, { name: 'third', backend: null }],
        of: () => ({ place: second, version: 1 }),
        learn: () => false,
        missed: () => undefined,
      }
      const partitions = new Partitions(new Database(backend, { clock: world.clock, places }), world.clock)
      const partition = 'judgment_executions_y2026m05'
      await partitions.make('moved', 'core.judgment_executions', [Date.UTC(2026, 4, 2)])
      const { rows } = await there.backend.pool.query('select 1 from pg_class where relname = $1', [partition])
      expect(rows).toHaveLength(1)
      expect(await partitionsOf('core.judgment_executions')).not.toContain(partition)
      // Known by now: nothing is asked once more.
      await there.close()
      await partitions.make('moved', 'core.judgment_executions', [Date.UTC(2026, 4, 3)])
    })

    it('are kept database by database, each with the tenants that are there and not those that have left it', async () => {
      const there = await newStore()
      const { backend } = world.store
      const main = { name: 'main', backend }
      const second = { name: 'second', backend: there.backend }
      const away = { name: 'third', backend: null }
      const places: Places = {
        all: [main, second, away],
        of: (tenantId) => ({ place: tenantId === 'demo' ? main : second, version: 1 }),
        learn: () => false,
        missed: () => undefined,
      }
      // What a tenant leaves behind when it has moved.
      for (const id of ['demo', 'moved'])
        await there.backend.pool.query('insert into core.tenants (id, name) values ($1, $1)', [id])
      const each = new Database(backend, { clock: world.clock, places }).each()
      expect(each.map((database) => database.backend)).toEqual([backend, there.backend])
      expect(await Promise.all(each.map((database) => allTenantsOf(database)))).toEqual([['demo'], ['moved']])
      await there.close()
    })
  })
}
