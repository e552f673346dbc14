import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NewStore, TestStore } from '../../testing/stores.ts'
import { runMigrateCommand } from '../../migrate.ts'
import { planMigrations } from './migration-plan.ts'
import type { Migration } from './migrations.ts'
import { migrateDown, migrateUp, migrationHistory } from './migrations.ts'
import { allMigrations } from './open.ts'

const step = (number: number, up: string, down = 'select 1'): Migration => ({
  name: `20991231_23${number}__step`,
  module: 'test',
  up,
  down,
  checksum: `of ${number}`,
})

export function migrationCases(newStore: NewStore): void {
  describe('migrations', () => {
    let store: TestStore
    beforeAll(async () => {
      store = await newStore()
    })
    afterAll(() => store.close())
    const migrations = allMigrations()
    const tables = async () =>
      (
        await store.backend.pool.query<{ name: string }>(
          `select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where n.nspname in ('core', 'fleet', 'audit') and c.relkind in ('r', 'p', 'v') order by 1`,
        )
      ).rows.map(({ name }) => name)

    it('runs each once, says so in the history, and has nothing to do the second time', async () => {
      expect((await migrationHistory(store.backend.pool)).map(({ name }) => name)).toEqual(
        migrations.map(({ name }) => name),
      )
      expect(await migrateUp(store.backend.pool, migrations)).toEqual([])
    })

    it('takes all of them back step by step and leaves no table behind, then makes the same tables again', async () => {
      const before = await tables()
      expect(before).toContain('core.judgment_executions')
      for (const { name } of migrations.toReversed())
        expect(await migrateDown(store.backend.pool, migrations)).toBe(name)
      expect(await migrateDown(store.backend.pool, migrations)).toBeNull()
      expect(await tables()).toEqual([])
      expect(await migrateUp(store.backend.pool, migrations)).toEqual(migrations.map(({ name }) => name))
      expect(await tables()).toEqual(before)
    })

    it('takes the directory of tenants back only while nobody would be lost by it, and says what to do', async () => {
      const { pool } = store.backend
      const directory = migrations.findIndex(({ name }) => name.endsWith('__tenancy'))
      await pool.query(
        `insert into jidoka.databases (name, number) values ('east', 7);
         insert into jidoka.tenant_places (tenant, database, version) values ('acme', 'east', 2)`,
      )
      for (const { name } of migrations.slice(directory + 1).toReversed())
        expect(await migrateDown(pool, migrations)).toBe(name)
      await expect(migrateDown(pool, migrations)).rejects.toThrow(/^Tenants have moved.*move them back to main/)
      await pool.query(`delete from jidoka.tenant_places; delete from jidoka.databases where name = 'east'`)
      expect(await migrateDown(pool, migrations)).toBe(migrations[directory]?.name)
      await migrateUp(pool, migrations)
    })

    it('refuses a migration that was changed after it ran', async () => {
      const changed = migrations.map((migration, index) =>
        index === 1 ? { ...migration, checksum: 'f'.repeat(64) } : migration,
      )
      await expect(migrateUp(store.backend.pool, changed)).rejects.toThrow(
        `${migrations[1]?.name} has been changed since it ran here`,
      )
    })

    it('refuses a database that is newer than the program', async () => {
      await expect(migrateUp(store.backend.pool, migrations.slice(0, -1))).rejects.toThrow('the database is newer')
    })

    it('leaves nothing of a migration that fails half-way', async () => {
      const broken = {
        name: '20991231_2359__broken',
        module: 'test',
        up: 'create table core.half (id int); select 1/0',
        down: '',
        checksum: 'x',
      }
      await expect(migrateUp(store.backend.pool, [...migrations, broken])).rejects.toThrow('division by zero')
      expect(await tables()).not.toContain('core.half')
      expect(await migrateUp(store.backend.pool, migrations)).toEqual([])
    })

    it('are tried by a plan, which says what each statement locks and leaves nothing', async () => {
      const before = await tables()
      const plan = await planMigrations(store.backend.pool, [
        ...migrations,
        step(
          10,
          'create table core.planned (id int);\nalter table fleet.sites add column planned int; lock table fleet.sites',
        ),
        step(11, 'alter table core.planned add column more int; update core.tenants set name = name'),
        step(12, 'create table core.planned (id int)'),
        step(13, 'select 1'),
      ])
      expect(plan.map(({ statements }) => statements?.map(({ text, locks }) => [text, locks]))).toEqual([
        [
          ['create table core.planned (id int)', []],
          ['alter table fleet.sites add column planned int', [{ table: 'fleet.sites', mode: 'ACCESS EXCLUSIVE' }]],
          ['lock table fleet.sites', []],
        ],
        [
          ['alter table core.planned add column more int', []],
          ['update core.tenants set name = name', [{ table: 'core.tenants', mode: 'ROW EXCLUSIVE' }]],
        ],
        [],
      ])
      expect(plan.map(({ unsafe }) => unsafe.map(({ name }) => name))).toEqual([['lock_taken'], ['rows_changed'], []])
      expect(plan.map(({ failure }) => failure)).toEqual([null, null, expect.stringContaining('already exists')])
      expect(await tables()).toEqual(before)
      expect(await planMigrations(store.backend.pool, migrations)).toEqual([])
    })

    it('make the tables of jobs in the main database alone', async () => {
      const { pool } = store.backend
      await pool.query('drop schema pgboss cascade')
      for (const command of ['plan', 'up'])
        expect(await runMigrateCommand(pool, migrations, command, false)).toBe('The database is up to date.')
      expect(await runMigrateCommand(pool, migrations, 'up')).toContain('schema pgboss made')
    })

    describe('outside of a transaction', () => {
      const up = '-- outside of a transaction\ncreate index concurrently of_the_step on fleet.sites (time_zone);'
      const down = '-- outside of a transaction\ndrop index concurrently if exists fleet.of_the_step'
      const all = [...migrations, step(20, up, down)]
      const index = async () =>
        (
          await store.backend.pool.query<{ id: number; is_valid: boolean }>(
            `select indexrelid::int8 as id, indisvalid as is_valid from pg_index where indexrelid = to_regclass('fleet.of_the_step')`,
          )
        ).rows[0]
      const forget = () => store.backend.pool.query(`delete from jidoka.migrations where name = '20991231_2320__step'`)

      it('build an index and take it back', async () => {
        expect(await runMigrateCommand(store.backend.pool, all, 'current')).toContain('waits 20991231_2320__step')
        expect(await runMigrateCommand(store.backend.pool, all, 'plan')).toContain('it was not tried')
        expect(await migrateUp(store.backend.pool, all)).toEqual(['20991231_2320__step'])
        expect(await index()).toMatchObject({ is_valid: true })
        expect(await runMigrateCommand(store.backend.pool, all, 'current')).toContain('20991231_2320__step since')
        expect(await migrateDown(store.backend.pool, all)).toBe('20991231_2320__step')
        expect(await index()).toBeUndefined()
      })

      it('keep an index that was built before the program died, and note it', async () => {
        await migrateUp(store.backend.pool, all)
        const built = await index()
        await forget()
        expect(await migrateUp(store.backend.pool, all)).toEqual(['20991231_2320__step'])
        expect(await index()).toEqual(built)
      })

      it('drop an index that was left half built, and build it anew', async () => {
        const built = await index()
        await store.backend.pool.query('update pg_index set indisvalid = false where indexrelid = $1', [built?.id])
        await forget()
        expect(await migrateUp(store.backend.pool, all)).toEqual(['20991231_2320__step'])
        expect(await index()).toEqual({ id: expect.any(Number), is_valid: true })
        expect((await index())?.id).not.toBe(built?.id)
        await migrateDown(store.backend.pool, all)
      })

      it('refuse what could not be begun anew', async () => {
        const refusal = async (sql: string) =>
          migrateUp(store.backend.pool, [...migrations, step(21, `-- outside of a transaction\n${sql}`)])
        await expect(refusal('create index concurrently on fleet.sites (time_zone)')).rejects.toThrow('begun anew')
        await expect(refusal('create index i on fleet.sites (time_zone)')).rejects.toThrow('begun anew')
        await expect(refusal('vacuum fleet.sites; vacuum fleet.edges')).rejects.toThrow('one statement')
        expect((await migrationHistory(store.backend.pool)).length).toBe(migrations.length)
      })
    })
  })
}
