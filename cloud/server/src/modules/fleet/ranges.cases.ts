import type { Value } from '@jidoka/domain'
import {
  encodeReadingsBatch,
  laneRangesSchema,
  rangeRows,
  rangesPath,
  repairAnswerSchema,
  SegmentBuilder,
  syncPaths,
} from '@jidoka/sync-protocol'
import { createLog, systemClock } from '@jidoka/base'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Database } from '../../platform/db/database.ts'
import { alarmRecord, World } from '../../testing/world.ts'
import type { TestEdge } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'
import { ReadingsMerger } from './readings/merge-job.ts'

// The cloud's half of the convergence check: what was receipted is kept as a sum for each range; what is stored is counted anew when
// somebody asks, so that rows which were deleted or changed behind the program's back are found, and put right by who still holds them.

interface One {
  tagNo: number
  timeMs: number
  value: Value
}

export function rangesCases(newStore: NewStore): void {
  describe('ranges', () => {
    let world: World
    let edge: TestEdge
    beforeAll(async () => {
      world = await World.open(await newStore())
    })
    afterAll(() => world.close())
    beforeEach(async () => {
      edge = await world.newEdge()
    })

    const query = async <Row extends object>(text: string, values: unknown[] = []) =>
      (await world.store.backend.pool.query<Row>(text, values)).rows
    const ranges = async (who = edge, lane: 'readings' | 'records' = 'readings', from = 0) =>
      laneRangesSchema.parse((await who.signed('GET', rangesPath(who.epoch, lane, from))).body)
    const repair = (batch: Uint8Array, who = edge) => who.signed('POST', syncPaths.repairs, batch)
    const atMs = Date.UTC(2026, 10, 21, 9)
    const odd: One[] = [
      { tagNo: 1, timeMs: atMs, value: 0.1 },
      { tagNo: 1, timeMs: atMs + 1_000, value: -0 },
      { tagNo: 1, timeMs: atMs + 500, value: 1 / 3 },
      { tagNo: 2, timeMs: atMs, value: true },
      { tagNo: 3, timeMs: atMs, value: 'nul \u0000 "quoted", 한국어' },
      { tagNo: 4, timeMs: -5_000_000_000_000, value: 5e-324 },
      { tagNo: 4, timeMs: 400_000_000_000_000, value: 1.7976931348623157e308 },
      { tagNo: 5, timeMs: atMs, value: 12_345_678.25 },
    ]
    /** Readings as one batch with one segment for each thousand. */
    const batchOf = (readings: readonly One[], fromSeq: number) => {
      const builder = new SegmentBuilder()
      const segments: Uint8Array[] = []
      for (let at = 0; at < readings.length; at += 1_000) {
        builder.reset()
        for (const { tagNo, timeMs, value } of readings.slice(at, at + 1_000))
          builder.push(tagNo, timeMs, value, tagNo === 5 ? 'uncertain' : 'good')
        segments.push(builder.encode(fromSeq + at, atMs))
      }
      return encodeReadingsBatch(edge.sender, segments)
    }
    const many = (count: number, first = 0): One[] =>
      Array.from({ length: count }, (_, index) => ({
        tagNo: 1 + ((first + index) % 20),
        timeMs: atMs + Math.floor((first + index) / 20) * 1_000 + ((first + index) % 3),
        value: Math.round(Math.sin((first + index) / 300) * 10_000) / 100,
      }))

    it('are kept with the rows, and what is stored gives the same sum, whatever the values, times and texts', async () => {
      await edge.send(batchOf(odd, 1))
      const { ranges: found, next } = await ranges()
      expect(next).toBeNull()
      expect(found).toHaveLength(1)
      expect(found[0]).toMatchObject({ range: 0, up_to_seq: odd.length, count: odd.length })
      expect(found[0]?.stored).toEqual({ count: odd.length, sum: found[0]?.sum })
    })

    it('are cut at 65,536 numbers, and no row lies in two', async () => {
      const first = rangeRows - 30
      await edge.send(batchOf(many(first), 1))
      await edge.send(batchOf(many(60, first), first + 1))
      const { ranges: found } = await ranges()
      expect(found.map(({ range, count, up_to_seq }) => ({ range, count, up_to_seq }))).toEqual([
        { range: 0, count: rangeRows, up_to_seq: rangeRows },
        { range: 1, count: 30, up_to_seq: rangeRows + 30 },
      ])
      for (const { sum, count, stored } of found) expect(stored).toEqual({ count, sum })
      expect((await ranges(edge, 'readings', 1)).ranges.map(({ range }) => range)).toEqual([1])
    })

    it('count a repeated batch once, and of an overlap what is new', async () => {
      await edge.send(batchOf(many(10), 1))
      const before = await ranges()
      await edge.send(batchOf(many(10), 1))
      expect(await ranges()).toEqual(before)
      await edge.send(batchOf(many(15), 1))
      const [range] = (await ranges()).ranges
      expect(range).toMatchObject({ count: 15, up_to_seq: 15 })
      expect(range?.stored).toEqual({ count: 15, sum: range?.sum })
    })

    /** As an older version has left it: rows, and nothing counted. */
    const forgetRanges = () => query('delete from fleet.ranges where edge_id = $1', [edge.id])
    const rowsLeft = async () =>
      (
        await query<{ n: number }>(
          'select sum(count)::int as n from core.reading_segments join fleet.reading_streams using (stream_id) where edge_id = $1',
          [edge.id],
        )
      )[0]?.n

    it('I2: that were counted from their middle on say so, and a repair lets the older rows be', async () => {
      await edge.send(batchOf(many(100), 1))
      await forgetRanges()
      const since = batchOf(many(50, 100), 101)
      await edge.send(since)
      const [range] = (await ranges()).ranges
      expect(range).toMatchObject({ from_seq: 101, up_to_seq: 150, count: 50 })
      expect(range?.stored).toEqual({ count: 50, sum: range?.sum })
      await query(
        'delete from core.reading_segments s using fleet.reading_streams r where r.stream_id = s.stream_id and r.edge_id = $1 and s.first_seq > 100 and tag_no = 7',
        [edge.id],
      )
      expect((await ranges()).ranges[0]?.stored?.count).toBeLessThan(50)
      expect((await repair(batchOf(many(150), 1))).body.refusal.detail).toContain('from 101 to 150')
      const answer = repairAnswerSchema.parse((await repair(since)).body)
      expect(answer.range.stored).toEqual({ count: 50, sum: range?.sum })
      expect(await rowsLeft()).toBe(150)
    })

    it('take no repair of the same rows under other numbers', async () => {
      await edge.send(batchOf(many(50), 1))
      expect((await repair(batchOf(many(50), 20))).body.refusal.detail).toContain('from 1 to 50')
      expect((await ranges()).ranges[0]?.stored?.count).toBe(50)
    })

    it('are held against the rows up to the kept number, whatever came since it was read', async () => {
      await edge.send(batchOf(many(40), 1))
      const [before] = (await ranges()).ranges
      await edge.send(batchOf(many(20, 40), 41))
      // As a question sees it that has read the sums before the second batch was committed, and the rows behind.
      await query('update fleet.ranges set up_to_seq = $2, count = $3, sum = $4 where edge_id = $1', [
        edge.id,
        before?.up_to_seq,
        before?.count,
        before?.sum,
      ])
      expect((await ranges()).ranges).toEqual([before])
    })

    it('of long texts are counted and repaired in slices', async () => {
      const texts = Array.from({ length: 1_500 }, (_, index) => ({
        tagNo: 1,
        timeMs: atMs + index,
        value: `${index % 50} `.padEnd(1_000, 'ㄱ'),
      }))
      const batch = batchOf(texts, 1)
      expect((await edge.send(batch)).status).toBe(200)
      const [range] = (await ranges()).ranges
      expect(range?.stored).toEqual({ count: 1_500, sum: range?.sum })
      expect(repairAnswerSchema.parse((await repair(batch)).body).replaced).toBe(0)
      const [found] = await query<{ longest: number }>(
        'select max(octet_length(texts::text)) as longest from core.reading_segments join fleet.reading_streams using (stream_id) where edge_id = $1',
        [edge.id],
      )
      expect(found?.longest).toBeLessThan(3_200_000)
    })

    it('of the records lane are kept without stored ones', async () => {
      await edge.sendRecords([alarmRecord(atMs), alarmRecord(atMs)])
      const { ranges: found } = await ranges(edge, 'records')
      expect(found).toMatchObject([{ range: 0, up_to_seq: 2, count: 2 }])
      expect(found[0]?.stored).toBeUndefined()
    })

    it.each([
      [
        'deleted',
        'delete from core.reading_segments using fleet.reading_streams r where r.stream_id = core.reading_segments.stream_id and r.edge_id = $1 and tag_no = 7',
      ],
      [
        'changed',
        'update core.reading_segments s set base = base + 1 from fleet.reading_streams r where r.stream_id = s.stream_id and r.edge_id = $1 and tag_no = 7',
      ],
      [
        'cut short',
        'update core.reading_segments s set scaled = scaled[1:2] from fleet.reading_streams r where r.stream_id = s.stream_id and r.edge_id = $1 and tag_no = 7',
      ],
    ])('find rows that were %s in the database, and a repair puts them right', async (_, damage) => {
      const batch = batchOf(many(200), 1)
      await edge.send(batch)
      const events = () =>
        query('select tag_no, value, time from core.sensor_events where edge_id = $1 order by tag_no, time', [edge.id])
      const before = await events()
      await query(damage, [edge.id])
      const [range] = (await ranges()).ranges
      expect(range?.stored?.sum).not.toBe(range?.sum)
      const answer = repairAnswerSchema.parse((await repair(batch)).body)
      expect(answer.range.stored).toEqual({ count: 200, sum: range?.sum })
      expect(answer.replaced).toBeGreaterThan(0)
      expect(answer.replaced).toBeLessThanOrEqual(10)
      expect(await events()).toEqual(before)
      expect((await ranges()).ranges[0]?.stored).toEqual({ count: 200, sum: range?.sum })
      expect(repairAnswerSchema.parse((await repair(batch)).body).replaced).toBe(0)
    })

    it('refuse a repair that does not give the sum that was receipted, and change nothing', async () => {
      await edge.send(batchOf(many(50), 1))
      const before = await ranges()
      const other = many(50)
      other[20] = { ...(other[20] as One), value: 99 }
      expect((await repair(batchOf(other, 1))).body.refusal).toEqual({ kind: 'digest' })
      expect((await repair(batchOf(many(49), 1))).body.refusal).toEqual({ kind: 'digest' })
      expect(await ranges()).toEqual(before)
    })

    it("refuse a repair of a range that never came, of two ranges, of records, and of another edge's rows", async () => {
      const batch = batchOf(many(50), 1)
      expect((await repair(batch)).body.refusal.kind).toBe('malformed')
      await edge.send(batch)
      expect((await repair(batchOf(many(10), rangeRows - 5))).body.refusal.detail).toContain('more than one range')
      expect((await repair(edge.recordsBatch([alarmRecord(atMs)]))).body.refusal.kind).toBe('malformed')
      const stranger = await world.newEdge()
      expect((await repair(batch, stranger)).body.refusal).toEqual({ kind: 'unknown_edge' })
      expect((await ranges(stranger)).ranges).toEqual([])
    })

    it("I6: show nothing of another edge's or another tenant's lane, and repair nothing there", async () => {
      await edge.send(batchOf(many(50), 1))
      const other = await World.open(world.store, { clock: world.clock, tenant: 'other' })
      try {
        const theirs = await other.newEdge()
        theirs.epoch = edge.epoch
        expect((await ranges(theirs)).ranges).toEqual([])
        expect((await repair(batchOf(many(50), 1), theirs)).body.refusal).toEqual({ kind: 'unknown_edge' })
      } finally {
        await other.cloud.stop()
      }
    })

    it('are shown to who signs the question only', async () => {
      expect((await world.request('GET', rangesPath(edge.epoch, 'readings', 0))).status).toBe(401)
      expect((await world.request('POST', syncPaths.repairs, { body: new Uint8Array(3) })).status).toBe(401)
      expect((await edge.signed('GET', `${syncPaths.ranges}?epoch=x&lane=readings&from=0`)).status).toBe(400)
      expect((await edge.signed('GET', rangesPath(edge.epoch, 'readings', -1))).status).toBe(400)
    })

    describe('merging', () => {
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
          expect((await edge.send(batchOf(readings, seq))).body).toMatchObject({ up_to_seq: seq + readings.length - 1 })
          seq += readings.length
        }
      }

      it('I2: makes one row of a tag and kind out of many, and everybody reads the very same readings as before', async () => {
        await fill()
        const before = await events()
        const [kept] = (await ranges()).ranges
        const rowsBefore = (await rowsOf())[0]?.n as number
        while (await merger().step());
        expect((await rowsOf())[0]?.n).toBeLessThan(rowsBefore / 2)
        const after = await events()
        expect(after.length).toBe(before.length)
        expect(after).toEqual(before)
        expect((await ranges()).ranges[0]).toEqual(kept)
      })

      it('I2: merges long texts slice by slice, and nothing from before the counting', async () => {
        const long = (count: number, first: number): One[] =>
          Array.from({ length: count }, (_, index) => ({
            tagNo: 1,
            timeMs: atMs + first + index,
            value: `${(first + index) % 50} `.padEnd(1_000, 'ㄱ'),
          }))
        await edge.send(batchOf(long(50, 0), 1))
        await edge.send(batchOf(long(50, 50), 51))
        await forgetRanges()
        for (let seq = 101; seq < 1_701; seq += 400)
          expect((await edge.send(batchOf(long(400, seq), seq))).status).toBe(200)
        await edge.send(batchOf(many(rangeRows - 1_700, 1_700), 1_701))
        const before = await events()
        const [kept] = (await ranges()).ranges
        expect(kept?.stored).toEqual({ count: rangeRows - 100, sum: kept?.sum })
        while (await merger().step());
        expect(await events()).toEqual(before)
        expect((await ranges()).ranges[0]).toEqual(kept)
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
        for (let batch = 0; batch < 6; batch++) await edge.send(batchOf(many(20, batch * 20), 1 + batch * 20))
        const rowsBefore = await rowsOf()
        while (await merger().step());
        expect(await rowsOf()).toEqual(rowsBefore)
        await edge.send(batchOf(many(rangeRows, 120), 121))
        await query(
          'update core.reading_segments s set scaled = scaled[2:] from fleet.reading_streams r where r.stream_id = s.stream_id and r.edge_id = $1 and s.first_seq = 123',
          [edge.id],
        )
        const changed = await ranges()
        expect(changed.ranges[0]?.stored?.sum).not.toBe(changed.ranges[0]?.sum)
        while (await merger().step());
        expect(await ranges()).toEqual(changed)
      })
    })

    const counts = async () =>
      (
        await query<{ rows: number; rollups: number }>(
          `select (select count(*)::int from core.reading_segments s where s.stream_id = r.stream_id) as rows,
             (select count(*)::int from core.reading_rollups s where s.stream_id = r.stream_id) as rollups
           from fleet.reading_streams r where edge_id = $1`,
          [edge.id],
        )
      )[0]

    it('of a clock that flaps make a few rows, and no sums of what lies outside of the months that are kept apart', async () => {
      const flapping = Array.from({ length: 2_000 }, (_, index) => ({
        tagNo: 1,
        timeMs: index % 2 === 0 ? atMs + index : Date.UTC(1970, 0, 1) + index * 700_000,
        value: index,
      }))
      expect((await edge.send(batchOf(flapping, 1))).status).toBe(200)
      expect(await counts()).toEqual({ rows: 2, rollups: 1 })
      const [range] = (await ranges()).ranges
      expect(range?.stored).toEqual({ count: 2_000, sum: range?.sum })
    })

    it('refuse a batch that would write more rows than the intake can carry, and take its halves', async () => {
      const spread = Array.from({ length: 70_000 }, (_, index) => ({
        tagNo: 1 + index,
        timeMs: atMs,
        value: 1,
      }))
      const answer = await edge.send(batchOf(spread, 1))
      expect(answer.body.refusal).toMatchObject({ kind: 'too_large' })
      expect((await ranges()).ranges).toEqual([])
      expect((await edge.send(batchOf(spread.slice(0, 35_000), 1))).status).toBe(200)
      expect((await edge.send(batchOf(spread.slice(35_000), 35_001))).status).toBe(200)
      expect(await counts()).toEqual({ rows: 70_000, rollups: 70_000 })
    })

    it('sum up ten minutes of a tag exactly once, in the transaction of its readings', async () => {
      const batch = batchOf(
        [
          { tagNo: 1, timeMs: atMs, value: 1.5 },
          { tagNo: 1, timeMs: atMs + 599_999, value: -4 },
          { tagNo: 1, timeMs: atMs + 600_000, value: 7 },
          { tagNo: 2, timeMs: atMs, value: true },
          { tagNo: 3, timeMs: atMs, value: 'text' },
        ],
        1,
      )
      await edge.send(batch)
      await edge.send(batch)
      await edge.send(batchOf([{ tagNo: 1, timeMs: atMs + 1_000, value: 2 }], 6))
      const rows = await query(
        'select tag_no, bucket_at, count, sum, min, max, last, last_at from core.reading_rollups join fleet.reading_streams using (stream_id) where edge_id = $1 order by tag_no, bucket_at',
        [edge.id],
      )
      const at = (ms: number) => new Date(ms).toISOString()
      expect(rows).toEqual([
        { tag_no: 1, bucket_at: at(atMs), count: 3, sum: -0.5, min: -4, max: 2, last: -4, last_at: at(atMs + 599_999) },
        {
          tag_no: 1,
          bucket_at: at(atMs + 600_000),
          count: 1,
          sum: 7,
          min: 7,
          max: 7,
          last: 7,
          last_at: at(atMs + 600_000),
        },
        { tag_no: 2, bucket_at: at(atMs), count: 1, sum: 1, min: 1, max: 1, last: 1, last_at: at(atMs) },
      ])
    })
  })
}
