import { createLog } from '@jidoka/base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NewStore } from '../../testing/stores.ts'
import { World } from '../../testing/world.ts'
import { Database } from '../db/database.ts'
import { keepPartitions } from './keep.ts'
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

    it('of quarters are made ahead, named by them, cooled, and dropped past their time, two in a run', async () => {
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
      expect(await keep('daily')).toEqual({ cooled: 3, detached: 2, dropped: 2, failed: 0 })
      expect(await keep('daily')).toEqual({ cooled: 0, detached: 2, dropped: 2, failed: 0 })
      expect(await keep('daily')).toEqual({ cooled: 0, detached: 0, dropped: 0, failed: 0 })
      expect(await partitionsOf('daily')).toEqual(['daily_default', 'daily_y2023q4', 'daily_y2026q4', 'daily_y2027q1'])
      expect(await database.asOwner('select id from of_test.daily')).toEqual([{ id: 2 }])
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
