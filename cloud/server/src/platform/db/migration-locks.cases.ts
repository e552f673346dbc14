import { Pool } from 'pg'
import { describe, expect, it, vi } from 'vitest'
import type { NewStore } from '../../testing/stores.ts'
import type { Migration } from './migrations.ts'
import { migrateUp, migrationLimits } from './migrations.ts'
import { allMigrations } from './open.ts'

// A change of a table waits for whoever reads it, and everybody who comes after waits behind the change: one long query would stand still the whole program.

const change: Migration = {
  name: '20991231_2330__change',
  module: 'test',
  up: 'alter table fleet.sites add column changed int',
  down: 'alter table fleet.sites drop column changed',
  checksum: 'of the change',
}

export function migrationLockCases(newStore: NewStore): void {
  describe('a migration of a table that somebody holds', () => {
    const held = async () => {
      const store = await newStore()
      const holder = await store.backend.pool.connect()
      await holder.query('begin')
      await holder.query('select * from fleet.sites')
      const letGo = async () => {
        await holder.query('rollback')
        holder.release()
      }
      return { store, holder, letGo, migrations: [...allMigrations(), change] }
    }

    it('steps back, lets those behind it pass, and comes again until the table is free', async () => {
      const { store, letGo, migrations } = await held()
      const pauses: number[] = []
      const ran = await migrateUp(store.backend.pool, migrations, {
        ...migrationLimits,
        lockWaitMsMax: 50,
        pause: async (ms) => {
          pauses.push(ms)
          // Whoever wanted the table behind the migration is served now.
          expect((await store.backend.pool.query('select * from fleet.sites')).rows).toEqual([])
          if (pauses.length === 3) await letGo()
        },
      })
      expect(ran).toEqual([change.name])
      expect(pauses).toEqual([500, 1_000, 1_500])
      await store.close()
    })

    it('gives up after a number of attempts with a sentence, and leaves nothing', async () => {
      const { store, letGo, migrations } = await held()
      const ran = migrateUp(store.backend.pool, migrations, {
        ...migrationLimits,
        lockWaitMsMax: 20,
        attemptsMax: 3,
        pause: () => Promise.resolve(),
      })
      await expect(ran).rejects.toThrow('kept from its lock 3 times, each time for 20 ms')
      await letGo()
      expect(await migrateUp(store.backend.pool, migrations)).toEqual([change.name])
      await store.close()
    })

    it('is run by one of two programs that begin at once', async () => {
      const { store, letGo, migrations } = await held()
      await letGo()
      const index: Migration = {
        ...change,
        name: '20991231_2331__index',
        up: '-- outside of a transaction\ncreate index concurrently beside on fleet.sites (time_zone)',
        checksum: 'of the index',
      }
      const limits = { ...migrationLimits, pause: () => new Promise<void>((resolve) => setImmediate(resolve)) }
      const all = [...migrations, index]
      const ran = await Promise.all(
        [1, 2, 3].map(() => migrateUp(store.backend.pool, all, { ...limits, turnsMax: 1e6 })),
      )
      expect(ran.flat().sort()).toEqual([change.name, index.name])
      await store.close()
    })

    it('keeps the other program out while it builds an index, also with one connection each', async () => {
      const { store, holder, letGo, migrations } = await held()
      const { pool } = store.backend
      const index: Migration = {
        ...change,
        up: '-- outside of a transaction\ncreate index concurrently beside on fleet.sites (time_zone)',
      }
      const all = [...migrations.slice(0, -1), index]
      const [one, other] = [{}, { query_timeout: 10_000 }].map(
        (limits) => new Pool({ ...pool.options, ...limits, min: 0, max: 1 }),
      )
      if (one === undefined || other === undefined) throw new Error('there are two')
      // Whoever has written is waited for by an index that is built.
      await holder.query('update fleet.sites set name = name')
      const building = 'select from pg_stat_progress_create_index where datname = current_database()'
      const ran = migrateUp(one, all)
      await vi.waitUntil(async () => (await pool.query(building)).rowCount === 1, { timeout: 15_000 })
      try {
        const second = migrateUp(other, all, { ...migrationLimits, turnsMax: 2, pause: () => Promise.resolve() })
        await expect(second).rejects.toThrow('Another program has been migrating this database for long')
      } finally {
        await letGo()
      }
      expect(await ran).toEqual([index.name])
      expect(await migrateUp(other, all)).toEqual([])
      await one.end()
      await other.end()
      await store.close()
    })

    it('waits for its turn no longer than is bearable', async () => {
      const { store, holder, letGo, migrations } = await held()
      await holder.query('select pg_advisory_xact_lock(7152339)')
      const ran = migrateUp(store.backend.pool, migrations, {
        ...migrationLimits,
        turnsMax: 4,
        pause: () => Promise.resolve(),
      })
      await expect(ran).rejects.toThrow('Another program has been migrating this database for long')
      await letGo()
      await store.close()
    })
  })
}
