import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { atMs, batchOf, queryOf, rangesOf, spread } from '../../../testing/range-batches.ts'
import { World } from '../../../testing/world.ts'
import type { TestEdge } from '../../../testing/world.ts'
import type { NewStore } from '../../../testing/stores.ts'

// What a batch of readings writes: few rows whatever its clocks say, a bound where it is many all the same, and the sums of ten minutes.

export function writesCases(newStore: NewStore): void {
  describe('what readings write', () => {
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
      expect((await edge.send(batchOf(edge, flapping, 1))).status).toBe(200)
      expect(await counts()).toEqual({ rows: 2, rollups: 1 })
      const [range] = (await rangesOf(edge)).ranges
      expect(range?.stored).toEqual({ count: 2_000, sum: range?.sum })
    })

    it('refuse a batch that would write more rows than the intake can carry, and take its halves', async () => {
      const each = spread(70_000)
      const answer = await edge.send(batchOf(edge, each, 1))
      expect(answer.body.refusal).toMatchObject({ kind: 'too_large' })
      expect((await rangesOf(edge)).ranges).toEqual([])
      expect((await edge.send(batchOf(edge, each.slice(0, 35_000), 1))).status).toBe(200)
      expect((await edge.send(batchOf(edge, each.slice(35_000), 35_001))).status).toBe(200)
      expect(await counts()).toEqual({ rows: 70_000, rollups: 70_000 })
      // 140,000 rows are a matter of many seconds for PGlite beside other tests.
    }, 60_000)

    it('sum up ten minutes of a tag exactly once, in the transaction of its readings', async () => {
      const batch = batchOf(
        edge,
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
      await edge.send(batchOf(edge, [{ tagNo: 1, timeMs: atMs + 1_000, value: 2 }], 6))
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
