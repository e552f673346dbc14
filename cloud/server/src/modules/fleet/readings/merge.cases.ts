import { createLog, systemClock } from '@jidoka/base'
import { rangeRows } from '@jidoka/sync-protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Database } from '../../../platform/db/database.ts'
import { atMs, batchOf, many, odd, queryOf, rangesOf } from '../../../testing/range-batches.ts'
import type { One } from '../../../testing/range-batches.ts'
import { World } from '../../../testing/world.ts'
import type { TestEdge } from '../../../testing/world.ts'
import type { NewStore } from '../../../testing/stores.ts'
import { ReadingsMerger } from './merge-job.ts'

// Rows of small batches are made into fewer, larger ones behind everybody's back: nobody who reads may see a difference, and what cannot be merged stays.

export function mergeCases(newStore: NewStore): void {
  describe('merging of readings', () => {
    let world: World
    let edge: TestEdge
    beforeAll(async () => {
      world = await World.open(await newStore())
    })
    afterAll(() => world.close())
    beforeEach(async () => {
      edge = await world.newEdge()
    })

    const query = <Row extends object>(text: string, values?: unknown[]) => queryOf(world)<Row>(text, values)
    /** As an older version has left it: rows, and nothing counted. */
    const forgetRanges = () => query('delete from fleet.ranges where edge_id = $1', [edge.id])
    const rowsOf = async () =>
      query<{ n: number }>(
        'select count(*)::int as n from core.reading_segments join fleet.reading_streams using (stream_id) where edge_id = $1',
        [edge.id],
      )
    const events = () =>
      query(
        'select tag_no, kind, value, text_value, quality, time from core.sensor_events where edge_id = $1 order by tag_no, time, value, text_value',
        [edge.id],
      )
    const merger = () =>
      new ReadingsMerger({
        database: new Database(world.store.backend, { clock: systemClock }),
        clock: systemClock,
        log: createLog('test', { level: 'silent' }),
      })
    /** A range full of readings, in batches of a few and one of the rest. */
    const fill = async () => {
      let seq = 1
      for (const readings of [odd, many(40), many(40, 40), odd, many(40, 80), many(rangeRows, 120)]) {
        expect((await edge.send(batchOf(edge, readings, seq))).body).toMatchObject({
          up_to_seq: seq + readings.length - 1,
        })
        seq += readings.length
      }
    }

    it('I2: makes one row of a tag and kind out of many, and everybody reads the very same readings as before', async () => {
      await fill()
      const before = await events()
      const [kept] = (await rangesOf(edge)).ranges
      const rowsBefore = (await rowsOf())[0]?.n as number
      while (await merger().step());
      expect((await rowsOf())[0]?.n).toBeLessThan(rowsBefore / 2)
      const after = await events()
      expect(after.length).toBe(before.length)
      expect(after).toEqual(before)
      expect((await rangesOf(edge)).ranges[0]).toEqual(kept)
    })

    it('I2: merges long texts slice by slice, and nothing from before the counting', async () => {
      const long = (count: number, first: number): One[] =>
        Array.from({ length: count }, (_, index) => ({
          tagNo: 1,
          timeMs: atMs + first + index,
          value: `${(first + index) % 50} `.padEnd(1_000, 'ㄱ'),
        }))
      await edge.send(batchOf(edge, long(50, 0), 1))
      await edge.send(batchOf(edge, long(50, 50), 51))
      await forgetRanges()
      for (let seq = 101; seq < 1_701; seq += 400)
        expect((await edge.send(batchOf(edge, long(400, seq), seq))).status).toBe(200)
      await edge.send(batchOf(edge, many(rangeRows - 1_700, 1_700), 1_701))
      const before = await events()
      const [kept] = (await rangesOf(edge)).ranges
      expect(kept?.stored).toEqual({ count: rangeRows - 100, sum: kept?.sum })
      while (await merger().step());
      expect(await events()).toEqual(before)
      expect((await rangesOf(edge)).ranges[0]).toEqual(kept)
      const texts = await query<{ first_seq: number; count: number }>(
        'select first_seq, count from core.reading_segments join fleet.reading_streams using (stream_id) where edge_id = $1 and kind = 2 order by first_seq',
        [edge.id],
      )
      expect(texts.slice(0, 2)).toEqual([
        { first_seq: 1, count: 50 },
        { first_seq: 51, count: 50 },
      ])
      // Three of them are what a slice holds, two what a row may.
      expect(texts.slice(2)).toEqual([
        { first_seq: 101, count: 800 },
        { first_seq: 901, count: 400 },
        { first_seq: 1_301, count: 400 },
      ])
    })

    it('goes on with the other ranges where one cannot be merged, and tries it again after the next start', async () => {
      await fill()
      const rowsBefore = (await rowsOf())[0]?.n as number
      const failing = edge
      edge = await world.newEdge()
      await fill()
      const secondBefore = (await rowsOf())[0]?.n as number
      await query(
        `create function refuse_merge() returns trigger language plpgsql as $$ begin
           if old.edge_id = '${failing.id}' and new.merged_tag_no is distinct from old.merged_tag_no then raise exception 'a fault'; end if;
           return new; end $$`,
      )
      await query(
        'create trigger refuse_merge before update on fleet.ranges for each row execute function refuse_merge()',
      )
      try {
        const mine = merger()
        for (let steps = 0; steps < 20; steps++) await mine.step()
        expect((await rowsOf())[0]?.n).toBeLessThan(secondBefore / 2)
        edge = failing
        expect((await rowsOf())[0]?.n).toBe(rowsBefore)
      } finally {
        await query('drop trigger refuse_merge on fleet.ranges')
        await query('drop function refuse_merge()')
      }
      while (await merger().step());
      expect((await rowsOf())[0]?.n).toBeLessThan(rowsBefore / 2)
    })

    it('leaves a range alone that is still being filled, and the rows of a tag that were torn', async () => {
      for (let batch = 0; batch < 6; batch++) await edge.send(batchOf(edge, many(20, batch * 20), 1 + batch * 20))
      const rowsBefore = await rowsOf()
      while (await merger().step());
      expect(await rowsOf()).toEqual(rowsBefore)
      await edge.send(batchOf(edge, many(rangeRows, 120), 121))
      await query(
        'update core.reading_segments s set scaled = scaled[2:] from fleet.reading_streams r where r.stream_id = s.stream_id and r.edge_id = $1 and s.first_seq = 123',
        [edge.id],
      )
      const changed = await rangesOf(edge)
      expect(changed.ranges[0]?.stored?.sum).not.toBe(changed.ranges[0]?.sum)
      while (await merger().step());
      expect(await rangesOf(edge)).toEqual(changed)
    })
  })
}
