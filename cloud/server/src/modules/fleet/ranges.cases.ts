import { encodeDropBatch, rangeRows, rangesPath, repairAnswerSchema, syncPaths } from '@jidoka/sync-protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { atMs, batchOf, firstRange, many, odd, queryOf, rangesOf, repair } from '../../testing/range-batches.ts'
import type { One } from '../../testing/range-batches.ts'
import { alarmRecord, World } from '../../testing/world.ts'
import type { TestEdge } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'

// The cloud's half of the convergence check: what was receipted is kept as a sum for each range; what is stored is counted anew when
// somebody asks, so that rows which were deleted or changed behind the program's back are found, and put right by who still holds them.

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

    const query = <Row extends object>(text: string, values?: unknown[]) => queryOf(world)<Row>(text, values)

    it('are kept with the rows, and what is stored gives the same sum, whatever the values, times and texts', async () => {
      await edge.send(batchOf(edge, odd, 1))
      const { ranges: found, next } = await rangesOf(edge)
      expect(next).toBeNull()
      expect(found).toHaveLength(1)
      expect(found[0]).toMatchObject({ range: 0, up_to_seq: odd.length, count: odd.length })
      expect(found[0]?.stored).toEqual({ count: odd.length, sum: found[0]?.sum })
    })

    it('are cut at 65,536 numbers, and no row lies in two', async () => {
      const first = rangeRows - 30
      await edge.send(batchOf(edge, many(first), 1))
      await edge.send(batchOf(edge, many(60, first), first + 1))
      const { ranges: found } = await rangesOf(edge)
      expect(found.map(({ range, count, up_to_seq }) => ({ range, count, up_to_seq }))).toEqual([
        { range: 0, count: rangeRows, up_to_seq: rangeRows },
        { range: 1, count: 30, up_to_seq: rangeRows + 30 },
      ])
      for (const { sum, count, stored } of found) expect(stored).toEqual({ count, sum })
      expect((await rangesOf(edge, 'readings', 1)).ranges.map(({ range }) => range)).toEqual([1])
    })

    it('count a repeated batch once, and of an overlap what is new', async () => {
      await edge.send(batchOf(edge, many(10), 1))
      const before = await rangesOf(edge)
      await edge.send(batchOf(edge, many(10), 1))
      expect(await rangesOf(edge)).toEqual(before)
      await edge.send(batchOf(edge, many(15), 1))
      const [range] = (await rangesOf(edge)).ranges
      expect(range).toMatchObject({ count: 15, up_to_seq: 15 })
      expect(range?.stored).toEqual({ count: 15, sum: range?.sum })
    })

    it('I2: count the first batch of a lane once that comes several times at once', async () => {
      for (let round = 0; round < 5; round++) {
        edge = await world.newEdge()
        const batches = [many(100), many(100), many(150), many(40)].map((rows) => batchOf(edge, rows, 1))
        const answers = await Promise.all(batches.map((batch) => edge.send(batch)))
        expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
        const kept = await firstRange(edge)
        expect(kept).toMatchObject({ count: 150, stored: { count: 150, sum: kept.sum } })
      }
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
      await edge.send(batchOf(edge, many(100), 1))
      await forgetRanges()
      const since = batchOf(edge, many(50, 100), 101)
      await edge.send(since)
      const [range] = (await rangesOf(edge)).ranges
      expect(range).toMatchObject({ from_seq: 101, up_to_seq: 150, count: 50 })
      expect(range?.stored).toEqual({ count: 50, sum: range?.sum })
      await query(
        'delete from core.reading_segments s using fleet.reading_streams r where r.stream_id = s.stream_id and r.edge_id = $1 and s.first_seq > 100 and tag_no = 7',
        [edge.id],
      )
      expect((await rangesOf(edge)).ranges[0]?.stored?.count).toBeLessThan(50)
      expect((await repair(edge, batchOf(edge, many(150), 1))).body.refusal.detail).toContain('from 101 to 150')
      const answer = repairAnswerSchema.parse((await repair(edge, since)).body)
      expect(answer.range.stored).toEqual({ count: 50, sum: range?.sum })
      expect(await rowsLeft()).toBe(150)
    })

    it('take no repair of the same rows under other numbers', async () => {
      await edge.send(batchOf(edge, many(50), 1))
      expect((await repair(edge, batchOf(edge, many(50), 20))).body.refusal.detail).toContain('from 1 to 50')
      expect((await rangesOf(edge)).ranges[0]?.stored?.count).toBe(50)
    })

    it('are held against the rows up to the kept number, whatever came since it was read', async () => {
      await edge.send(batchOf(edge, many(40), 1))
      const [before] = (await rangesOf(edge)).ranges
      await edge.send(batchOf(edge, many(20, 40), 41))
      // As a question sees it that has read the sums before the second batch was committed, and the rows behind.
      await query('update fleet.ranges set up_to_seq = $2, count = $3, sum = $4 where edge_id = $1', [
        edge.id,
        before?.up_to_seq,
        before?.count,
        before?.sum,
      ])
      expect((await rangesOf(edge)).ranges).toEqual([before])
    })

    it('of long texts are counted and repaired in slices', async () => {
      const texts = Array.from({ length: 1_500 }, (_, index) => ({
        tagNo: 1,
        timeMs: atMs + index,
        value: `${index % 50} `.padEnd(1_000, 'ㄱ'),
      }))
      const batch = batchOf(edge, texts, 1)
      expect((await edge.send(batch)).status).toBe(200)
      const [range] = (await rangesOf(edge)).ranges
      expect(range?.stored).toEqual({ count: 1_500, sum: range?.sum })
      expect(repairAnswerSchema.parse((await repair(edge, batch)).body).replaced).toBe(0)
      const [found] = await query<{ longest: number }>(
        'select max(octet_length(texts::text)) as longest from core.reading_segments join fleet.reading_streams using (stream_id) where edge_id = $1',
        [edge.id],
      )
      expect(found?.longest).toBeLessThan(3_200_000)
    })

    it('of the records lane are kept without stored ones', async () => {
      await edge.sendRecords([alarmRecord(atMs), alarmRecord(atMs)])
      const { ranges: found } = await rangesOf(edge, 'records')
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
      const batch = batchOf(edge, many(200), 1)
      await edge.send(batch)
      const events = () =>
        query('select tag_no, value, time from core.sensor_events where edge_id = $1 order by tag_no, time', [edge.id])
      const before = await events()
      await query(damage, [edge.id])
      const [range] = (await rangesOf(edge)).ranges
      expect(range?.stored?.sum).not.toBe(range?.sum)
      const answer = repairAnswerSchema.parse((await repair(edge, batch)).body)
      expect(answer.range.stored).toEqual({ count: 200, sum: range?.sum })
      expect(answer.replaced).toBeGreaterThan(0)
      expect(answer.replaced).toBeLessThanOrEqual(10)
      expect(await events()).toEqual(before)
      expect((await rangesOf(edge)).ranges[0]?.stored).toEqual({ count: 200, sum: range?.sum })
      expect(repairAnswerSchema.parse((await repair(edge, batch)).body).replaced).toBe(0)
    })

    describe('with dropped rows in the middle', () => {
      const behind: One[] = [...many(39, 80), { tagNo: 30, timeMs: atMs, value: 1 }]
      /** Rows 1 to 50 and 81 to 120, the last one of a tag of its own; those between are gone. */
      const send = async () => {
        await edge.send(batchOf(edge, many(50), 1))
        await edge.send(encodeDropBatch(edge.sender, { lane: 'readings', fromSeq: 51, toSeq: 80, reason: 'damaged' }))
        await edge.send(batchOf(edge, behind, 81))
      }
      const rows = () =>
        query<{ first_seq: number; tag_no: number; count: number }>(
          'select first_seq, tag_no, count from core.reading_segments join fleet.reading_streams using (stream_id) where edge_id = $1 order by first_seq, tag_no',
          [edge.id],
        )
      const lose = () =>
        query(
          'delete from core.reading_segments using fleet.reading_streams r where r.stream_id = core.reading_segments.stream_id and r.edge_id = $1 and tag_no in (7, 8)',
          [edge.id],
        )
      /** As a batch leaves nothing out inside: what is there, closed up. */
      const closedUp = () => batchOf(edge, [...many(50), ...behind], 1)

      it('I2: are repaired with the rows that are there, each at the number that it had', async () => {
        await send()
        const kept = await firstRange(edge)
        expect(kept).toMatchObject({ from_seq: 1, up_to_seq: 120, count: 90, stored: { count: 90, sum: kept.sum } })
        await lose()
        expect((await firstRange(edge)).stored?.count).toBeLessThan(90)
        const answer = repairAnswerSchema.parse((await repair(edge, closedUp())).body)
        expect(answer.range.stored).toEqual({ count: 90, sum: kept.sum })
        expect(answer.replaced).toBeGreaterThan(0)
        // A row has the number of its first reading.
        expect((await rows()).find(({ tag_no }) => tag_no === 30)).toMatchObject({ first_seq: 120, count: 1 })
      })

      it('take no other rows in their place, and none that were gone', async () => {
        await send()
        await lose()
        expect((await repair(edge, batchOf(edge, many(120), 1))).body.refusal).toEqual({ kind: 'digest' })
        expect((await repair(edge, batchOf(edge, many(90), 1))).body.refusal).toEqual({ kind: 'digest' })
      })

      it.each([
        ['nothing', 'delete from fleet.drops where edge_id = $1'],
        ['a part', 'update fleet.drops set to_seq = to_seq - 1 where edge_id = $1'],
      ])(
        'I2: take no repair where %s is known of what was dropped, and no row gets the number of another',
        async (_, forget) => {
          await send()
          await query(forget, [edge.id])
          await lose()
          const before = await rows()
          const { status, body } = await repair(edge, closedUp())
          expect([status, body.refusal.kind]).toEqual([422, 'malformed'])
          expect(body.refusal.detail).toContain('Range 0 lacks 30 of its rows')
          expect(await rows()).toEqual(before)
        },
      )
    })

    it('refuse a repair that does not give the sum that was receipted, and change nothing', async () => {
      await edge.send(batchOf(edge, many(50), 1))
      const before = await rangesOf(edge)
      const other = many(50)
      other[20] = { ...(other[20] as One), value: 99 }
      expect((await repair(edge, batchOf(edge, other, 1))).body.refusal).toEqual({ kind: 'digest' })
      expect((await repair(edge, batchOf(edge, many(49), 1))).body.refusal).toEqual({ kind: 'digest' })
      expect(await rangesOf(edge)).toEqual(before)
    })

    it("refuse a repair of a range that never came, of two ranges, of records, and of another edge's rows", async () => {
      const batch = batchOf(edge, many(50), 1)
      expect((await repair(edge, batch)).body.refusal.kind).toBe('malformed')
      await edge.send(batch)
      expect((await repair(edge, batchOf(edge, many(10), rangeRows - 5))).body.refusal.detail).toContain(
        'more than one range',
      )
      expect((await repair(edge, edge.recordsBatch([alarmRecord(atMs)]))).body.refusal.kind).toBe('malformed')
      const stranger = await world.newEdge()
      expect((await repair(stranger, batch)).body.refusal).toEqual({ kind: 'unknown_edge' })
      expect((await rangesOf(stranger)).ranges).toEqual([])
    })

    it("I6: show nothing of another edge's or another tenant's lane, and repair nothing there", async () => {
      await edge.send(batchOf(edge, many(50), 1))
      const other = await World.open(world.store, { clock: world.clock, tenant: 'other' })
      try {
        const theirs = await other.newEdge()
        theirs.epoch = edge.epoch
        expect((await rangesOf(theirs)).ranges).toEqual([])
        expect((await repair(theirs, batchOf(edge, many(50), 1))).body.refusal).toEqual({ kind: 'unknown_edge' })
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
  })
}
