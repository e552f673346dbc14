import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NewStore, TestStore } from '../../testing/stores.ts'
import { migrateDown, migrateUp, migrationHistory } from './migrations.ts'
import { allMigrations } from './open.ts'

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
  })
}
