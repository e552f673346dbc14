import { createLog } from '@jidoka/base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NewStore } from '../../testing/stores.ts'
import { World } from '../../testing/world.ts'
import { Database } from '../db/database.ts'
import { keepPartitions } from './keep.ts'
import { lateBatchRows } from './late.ts'
import { Partitions } from './partitions.ts'

const log = createLog('test', { level: 'silent' })

export function keepCases(newStore: NewStore): void {
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
    const keep = (table: string, signal?: AbortSignal) => {
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

    it('of a table without a default are detached while others read it', async () => {
      await make('whole', false)
      await database.asOwner(
        `create table of_test.whole_y2020q1 partition of of_test.whole for values from ('2020-01-01Z') to ('2020-04-01Z')`,
      )
      expect(await keep('whole')).toMatchObject({ detached: 1, dropped: 1, failed: 0 })
      expect(await partitionsOf('whole')).toEqual([])
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
