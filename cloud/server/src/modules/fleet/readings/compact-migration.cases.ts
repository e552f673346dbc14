import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrateDown, migrateUp } from '../../../platform/db/migrations.ts'
import { allMigrations } from '../../../platform/db/open.ts'
import { tagRecord, World } from '../../../testing/world.ts'
import type { NewStore } from '../../../testing/stores.ts'

const name = '20261121_1640__compact_readings'

export function compactMigrationCases(newStore: NewStore): void {
  describe(`the migration ${name}`, () => {
    let world: World
    beforeAll(async () => {
      world = await World.open(await newStore())
    })
    afterAll(() => world.close())

    it('I2: brings readings of an older database over bit for bit, and takes them back again', async () => {
      const edge = await world.newEdge()
      const atMs = Date.UTC(2026, 9, 31, 23, 59, 58)
      await edge.sendRecords([tagRecord(atMs, 1, 'LINE-A/PRESS-1/temperature')])
      await edge.sendReadings([
        { tagNo: 1, timeMs: atMs, value: 0.1 },
        { tagNo: 1, timeMs: atMs + 1_001, value: 20.25 },
        { tagNo: 1, timeMs: atMs + 2_000, value: -3 },
        { tagNo: 2, timeMs: atMs, value: 1 / 3 },
        { tagNo: 2, timeMs: atMs, value: -0 },
        { tagNo: 3, timeMs: atMs, value: true },
        { tagNo: 3, timeMs: atMs + 1, value: false, quality: 'bad' },
        { tagNo: 4, timeMs: Date.UTC(2001, 0, 1), value: 'a "text", 한국어' },
      ])
      const { pool } = world.store.backend
      const events = async () =>
        (
          await pool.query(
            'select edge_id, line, tag_no, kind, value, text_value, quality, time from core.sensor_events order by tag_no, time, value',
          )
        ).rows
      const before = await events()
      expect(before).toHaveLength(8)
      const migrations = allMigrations()
      while ((await migrateDown(pool, migrations)) !== name);
      expect(await events()).toEqual(before)
      await migrateUp(pool, migrations)
      expect(await events()).toEqual(before)
      expect((await pool.query(`select from pg_namespace where nspname = 'jidoka_compacting'`)).rows).toEqual([])
      const places = await pool.query<{ place: string }>(
        'select distinct tableoid::regclass::text as place from core.reading_segments order by 1',
      )
      expect(places.rows.map(({ place }) => place)).toEqual([
        'core.reading_segments_default',
        'core.reading_segments_y2026m10',
      ])
    })
  })
}
