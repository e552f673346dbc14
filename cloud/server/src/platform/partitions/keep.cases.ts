import { createLog } from '@jidoka/base'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { NewStore } from '../../testing/stores.ts'
import { World } from '../../testing/world.ts'
import { Database } from '../db/database.ts'
import { keepPartitions } from './keep.ts'
import { lateBatchRows } from './late.ts'
import { Partitions } from './partitions.ts'
import { partitionedTables } from './tables.ts'

const log = createLog('test', { level: 'silent' })

/** @param isShared whether others than the program can be connected to the database */
export function keepCases(newStore: NewStore, isShared: boolean): void {
  const itIfShared = isShared ? it : () => undefined

  describe('partitions of other lengths', () => {
    let world: World
    let database: Database
    beforeAll(async () => {
      world = await World.open(await newStore())
      database = new Database(world.store.backend, { clock: world.clock })
      await database.asOwner('create schema of_test')
    })
    afterAll(() => world.close())

    const make = async (table: string, withDefault: boolean) => {
      await database.asOwner(
        `create table of_test.${table} (tenant_id text not null, id integer, at timestamptz not null, primary key (id, at)) partition by range (at)`,
      )
      await database.asOwner(`grant usage on schema of_test to jidoka_app`)
      if (!withDefault) return
      await database.asOwner(`create table of_test.${table}_default partition of of_test.${table} default`)
      await database.asOwner(`create index on of_test.${table}_default (tenant_id, at)`)
    }
    const keep = (table: string, signal?: AbortSignal, told?: (partition: string) => void) => {
      const tables = { [`of_test.${table}`]: { by: 'quarter', monthsKept: 36, daysHot: 90 } } as const
      return keepPartitions(
        {
          database,
          clock: world.clock,
          log,
          partitions: new Partitions(database, world.clock, table === 'whole' ? {} : tables),
          archivist: { archive: () => Promise.resolve() },
          tables,
        },
        signal,
        told,
      )
    }
    const partitionsOf = async (table: string) =>
      (
        await database.asOwner<{ name: string }>(
          `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'of_test.${table}'::regclass order by 1`,
        )
      ).map(({ name }) => name)

    it('of quarters are made ahead, named by them, left their primary key, and dropped past their time, two in a run', async () => {
      await make('daily', true)
      for (const [from, to, suffix] of [
        ['2022-10-01', '2023-01-01', '_y2022q4'],
        ['2023-01-01', '2023-04-01', '_y2023q1'],
        ['2023-04-01', '2023-07-01', '_y2023q2'],
        ['2023-07-01', '2023-10-01', '_y2023q3'],
        ['2023-10-01', '2024-01-01', '_y2023q4'],
      ])
        await database.asOwner('select jidoka.make_partition($1::regclass, $2::date, $3::date, $4)', [
          'of_test.daily',
          from,
          to,
          suffix,
        ])
      await database.asOwner(`insert into of_test.daily values ('demo', 1, '2022-11-01'), ('demo', 2, '2023-12-31')`)
      expect(await keep('daily')).toEqual({ reindexed: 3, detached: 2, dropped: 2, late: 0, failed: 0 })
      expect(await keep('daily')).toEqual({ reindexed: 0, detached: 2, dropped: 2, late: 0, failed: 0 })
      expect(await keep('daily')).toEqual({ reindexed: 0, detached: 0, dropped: 0, late: 0, failed: 0 })
      expect(await partitionsOf('daily')).toEqual(['daily_default', 'daily_y2023q4', 'daily_y2026q4', 'daily_y2027q1'])
      expect(await database.asOwner('select id from of_test.daily')).toEqual([{ id: 2 }])
    })

    it('that are gone let go of rows that come for them, in batches; those that are kept stay', async () => {
      await make('late', true)
      await database.asOwner(
        `insert into of_test.late select case when n % 2 = 0 then 'demo' else 'other' end, n, '2023-09-30T23:59:59.999Z' from generate_series(1, ${lateBatchRows + 1}) n`,
      )
      await database.asOwner(`insert into of_test.late values ('demo', 0, '2023-10-01Z'), ('demo', 0, '2031-01-01Z')`)
      expect(await keep('late')).toMatchObject({ dropped: 0, late: lateBatchRows + 1, failed: 0 })
      expect(await database.asOwner('select at from of_test.late order by at')).toEqual([
        { at: '2023-10-01T00:00:00.000Z' },
        { at: '2031-01-01T00:00:00.000Z' },
      ])
      expect(await keep('late')).toMatchObject({ late: 0, failed: 0 })
      expect(
        await database.asOwner(`select relname from pg_class where relname like 'late\\_late%' and relkind = 'r'`),
      ).toEqual([])
      const [forced] = await database.asOwner<{ forced: boolean }>(
        `select relforcerowsecurity as forced from pg_class where oid = 'core.judgment_executions_default'::regclass`,
      )
      expect(forced).toEqual({ forced: true })
    })

    itIfShared(
      'let go of late rows while others read and write the table, as an owner who passes no row-level security',
      async () => {
        const { pool } = world.store.backend
        await pool.query(
          `drop role if exists plain_late; create role plain_late; grant create, usage on schema of_test, jidoka to plain_late`,
        )
        await make('beside', true)
        await pool.query(
          `insert into of_test.beside select 'demo', n, '2020-01-01Z' from generate_series(1, 3) n;
         alter table of_test.beside owner to plain_late; alter table of_test.beside_default owner to plain_late;
         alter table of_test.beside_default enable row level security; alter table of_test.beside_default force row level security`,
        )
        const [holder, plain] = [await pool.connect(), await pool.connect()]
        const take = async () =>
          (
            await plain.query<{ moved: number }>(
              `select moved from jidoka.take_late('of_test.beside', '2023-10-01Z', 'beside_late_20261121_0123abcd', 2)`,
            )
          ).rows[0]?.moved
        try {
          await plain.query('begin; set local role plain_late')
          await plain.query('savepoint before')
          await expect(take()).rejects.toThrow('make the policy with jidoka.let_late_be_taken')
          await plain.query('rollback to before')
          await plain.query(`select jidoka.let_late_be_taken('of_test.beside_default')`)
          await plain.query('commit')
          await holder.query(`begin; insert into of_test.beside values ('demo', 4, '2031-01-01Z')`)
          await plain.query('begin; set local role plain_late')
          expect([await take(), await take(), await take()]).toEqual([2, 1, 0])
          expect((await plain.query('select from jidoka.beside_late_20261121_0123abcd')).rowCount).toBe(0)
          expect((await plain.query('select from of_test.beside_default')).rowCount).toBe(0)
          await plain.query('commit')
        } finally {
          await plain.query('rollback')
          plain.release()
          await holder.query('commit')
          holder.release()
        }
        const rows = (table: string) => pool.query<{ id: number }>(`select id from ${table} order by 1`)
        expect((await rows('of_test.beside')).rows).toEqual([{ id: 4 }])
        expect((await rows('jidoka.beside_late_20261121_0123abcd')).rows).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }])
      },
    )

    it('of the program have the policy by which their owner finds late rows', async () => {
      for (const table of Object.keys(partitionedTables)) {
        const [policy] = await database.asOwner<{ has: boolean }>(
          `select exists (select from pg_policy where polname = 'late' and polrelid = partdefid) as has from pg_partitioned_table where partrelid = $1::regclass`,
          [table],
        )
        expect([table, policy]).toEqual([table, { has: true }])
      }
    })

    it('have the indexes that the default partition has now while they are hot, one that was left half built too; cold ones have none', async () => {
      await make('indexed', true)
      await database.asOwner(
        `select jidoka.make_partition('of_test.indexed', '2025-01-01', '2025-04-01', '_y2025q1'), jidoka.make_partition('of_test.indexed', '2026-07-01', '2026-10-01', '_y2026q3')`,
      )
      const indexesOf = async (part: string) =>
        (
          await database.asOwner<{ index: string }>(
            `select case when indisvalid then '' else 'invalid ' end || substring(pg_get_indexdef(indexrelid) from ' USING btree (.*)$') as index
             from pg_index where indrelid = $1::regclass and not indisprimary order by 1`,
            [`of_test.indexed_${part}`],
          )
        ).map(({ index }) => index)
      expect(await keep('indexed')).toMatchObject({ reindexed: 1, failed: 0 })
      expect(await indexesOf('y2025q1')).toEqual([])
      expect(await indexesOf('y2026q3')).toEqual(['(tenant_id, at)'])
      await database.asOwner('drop index of_test.indexed_default_tenant_id_at_idx')
      await database.asOwner('create index on of_test.indexed_default (tenant_id, at desc) where id > 3')
      await database.asOwner('create index on of_test.indexed_default (at)')
      await database.asOwner('create index half_built on of_test.indexed_y2026q3 (at)')
      await database.asOwner(`update pg_index set indisvalid = false where indexrelid = 'of_test.half_built'::regclass`)
      expect(await keep('indexed')).toMatchObject({ reindexed: 3, failed: 0 })
      for (const part of ['y2026q3', 'y2026q4', 'y2027q1'])
        expect([part, await indexesOf(part)]).toEqual([part, ['(at)', '(tenant_id, at DESC) WHERE (id > 3)']])
      expect(await indexesOf('y2025q1')).toEqual([])
      expect(await keep('indexed')).toMatchObject({ reindexed: 0, failed: 0 })
    })

    it('are given indexes one after the other for as long as each takes, told of at each; cancelled between two, the rest is for the next run', async () => {
      await make('cancelled', true)
      await database.asOwner('create index on of_test.cancelled_default (id)')
      await database.asOwner(
        `select jidoka.make_partition('of_test.cancelled', '2026-07-01', '2026-10-01', '_y2026q3')`,
      )
      await keep('cancelled')
      await database.asOwner('drop index of_test.cancelled_y2026q3_id_idx, of_test.cancelled_y2026q3_tenant_id_at_idx')
      const asked = vi.spyOn(world.store.backend.pool, 'query')
      const built = () =>
        asked.mock.calls.flatMap(([query]) => {
          const { text = '', query_timeout = null } = query as unknown as { text?: string; query_timeout?: number }
          return text.startsWith('create index concurrently') ? [query_timeout] : []
        })
      const cancel = new AbortController()
      const said: string[] = []
      await keep('cancelled', cancel.signal, (partition) => {
        said.push(partition)
        cancel.abort()
      })
      expect([said, built()]).toEqual([['of_test.cancelled_y2026q3'], [null]])
      expect(await keep('cancelled')).toMatchObject({ reindexed: 1, failed: 0 })
      expect(built()).toEqual([null, null])
      expect(await keep('cancelled')).toMatchObject({ reindexed: 0, failed: 0 })
      asked.mockRestore()
    })

    itIfShared('are left alone while somebody builds an index of them', async () => {
      const { pool } = world.store.backend
      await make('building', true)
      await database.asOwner(`select jidoka.make_partition('of_test.building', '2026-07-01', '2026-10-01', '_y2026q3')`)
      await keep('building')
      await database.asOwner('drop index of_test.building_y2026q3_tenant_id_at_idx')
      const building = 'select from pg_stat_progress_create_index where datname = current_database()'
      const holder = await pool.connect()
      try {
        await holder.query(`begin; insert into of_test.building values ('demo', 1, '2026-08-01Z')`)
        const built = pool.query('create index concurrently on of_test.building_y2026q3 (tenant_id, at)')
        await vi.waitUntil(async () => (await pool.query(building)).rowCount === 1, { timeout: 15_000 })
        // A second build would wait for the first.
        const second = vi.spyOn(database, 'asOwnerHoweverLong').mockRejectedValue(new Error('built twice'))
        expect(await keep('building')).toMatchObject({ reindexed: 0, failed: 0 })
        second.mockRestore()
        await holder.query('commit')
        await built
      } finally {
        holder.release()
      }
      expect(await keep('building')).toMatchObject({ reindexed: 0, failed: 0 })
    })

    it('of a table without a default are detached while others read it', async () => {
      await make('whole', false)
      await database.asOwner(
        `create table of_test.whole_y2020q1 partition of of_test.whole for values from ('2020-01-01Z') to ('2020-04-01Z')`,
      )
      expect(await keep('whole')).toMatchObject({ detached: 1, dropped: 1, failed: 0 })
      expect(await partitionsOf('whole')).toEqual([])
    })

    it('let go of no more late rows once a tenant moves from there', async () => {
      await make('moving', true)
      await database.asOwner(
        `insert into of_test.moving select 'demo', n, '2023-09-30Z' from generate_series(1, ${lateBatchRows + 1}) n`,
      )
      await database.asOwner(
        `with one as (insert into jidoka.databases values ('main', 0), ('second', 1))
         insert into jidoka.this_database (name, number, directory) values ('main', 0, gen_random_uuid())`,
      )
      const asked = vi.spyOn(database, 'asOwner')
      const ask = Database.prototype.asOwner.bind(database)
      asked.mockImplementation(async (text, values) => {
        const rows = await ask(text, values)
        if (text.includes('take_late'))
          await ask(
            `insert into jidoka.tenant_moves (id, tenant, source, target, version, step, begun_at, begun_by)
             values (gen_random_uuid(), 'demo', 'main', 'second', 0, 'copying', now(), 'kim') on conflict do nothing`,
          )
        return rows
      })
      expect(await keep('moving')).toMatchObject({ late: lateBatchRows, failed: 0 })
      asked.mockRestore()
      await database.asOwner('delete from jidoka.tenant_moves')
      expect(await keep('moving')).toMatchObject({ late: 1, failed: 0 })
    })

    it('are left alone when the run is told to stop', async () => {
      await database.asOwner(
        `create table of_test.whole_y2020q2 partition of of_test.whole for values from ('2020-04-01Z') to ('2020-07-01Z')`,
      )
      expect(await keep('whole', AbortSignal.abort())).toMatchObject({ detached: 0, dropped: 0, failed: 0 })
      expect(await partitionsOf('whole')).toEqual(['whole_y2020q2'])
    })
  })
}
