import { cloudPaths, edgeDetailSchema } from '@jidoka/contract'
import type { NewRecord } from '@jidoka/domain'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { judgmentRecord, verdictRunRecord, World } from '../../testing/world.ts'
import type { TestEdge } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'

// I2 for the records that stand for many rows: runs of equal verdicts, and what an edge's retention dropped.

export function runsAndDropsCases(newStore: NewStore): void {
  describe('runs and drops (I2)', () => {
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

    it('I2: keeps every run of normal verdicts once, with its count, and what stands does not change', async () => {
      const atMs = world.clock.nowMs()
      const standing = () =>
        query('select status, judgment_id from core.standing_verdicts where edge_id = $1', [edge.id])
      await edge.sendRecords([judgmentRecord(atMs)])
      const before = await standing()
      const run = verdictRunRecord(atMs, { first_reading_seq: 1, last_reading_seq: 90, count: 60 })
      const ofMes = verdictRunRecord(atMs, { first_reading_seq: null, last_reading_seq: null, count: 7 })
      const batch = edge.recordsBatch([run, run, ofMes])
      expect((await edge.send(batch)).body).toMatchObject({ lane: 'records', up_to_seq: 4, count_total: 4 })
      await edge.send(batch)
      expect(
        await query(
          `select seq, rule_id, subject, status, first_reading_seq, last_reading_seq, count from core.verdict_runs
           where edge_id = $1 order by seq`,
          [edge.id],
        ),
      ).toEqual(
        [
          { seq: 2, first_reading_seq: 1, last_reading_seq: 90, count: 60 },
          { seq: 3, first_reading_seq: 1, last_reading_seq: 90, count: 60 },
          { seq: 4, first_reading_seq: null, last_reading_seq: null, count: 7 },
        ].map((row) => ({
          rule_id: 'press-temperature',
          subject: 'LINE-A/PRESS-1/temperature',
          status: 'NORMAL',
          ...row,
        })),
      )
      expect(await standing()).toEqual(before)
      const shown = (await world.as('GET', `${cloudPaths.judgmentRecent}?edge_id=${edge.id}`)).body.data
      expect(shown).toHaveLength(1)
    })

    it('keeps a verdict that hysteresis still holds back, and goes on showing the one that stands', async () => {
      const atMs = world.clock.nowMs()
      const heldBack = judgmentRecord(atMs + 1, { status: 'NORMAL', normal: true, stands: false })
      await edge.sendRecords([judgmentRecord(atMs), heldBack])
      const standing = await query<{ status: string }>('select status from core.standing_verdicts where edge_id = $1', [
        edge.id,
      ])
      expect(standing).not.toEqual([])
      expect(standing.map(({ status }) => status)).not.toContain('NORMAL')
      const shown = (await world.as('GET', `${cloudPaths.judgmentRecent}?edge_id=${edge.id}`)).body.data
      expect(shown).toHaveLength(2)
    })

    it('I2: lists what retention dropped class by class, also of one range, and changes nothing of what is here', async () => {
      const atMs = world.clock.nowMs()
      await edge.sendReadings(
        Array.from({ length: 5 }, (_, index) => ({ tagNo: 1, timeMs: atMs + index, value: index })),
      )
      const dropped = (what: string, count: number): NewRecord => ({
        at_ms: atMs,
        kind: 'drop',
        body: { lane: 'records', from_seq: 1, to_seq: 40, reason: 'pruned', count, what },
      })
      const batch = edge.recordsBatch([
        { at_ms: atMs, kind: 'drop', body: { lane: 'readings', from_seq: 1, to_seq: 3, reason: 'pruned', count: 3 } },
        dropped('verdicts', 30),
        dropped('events', 4),
      ])
      await edge.send(batch)
      await edge.send(batch)
      expect(
        await query(
          'select lane, from_seq, to_seq, reason, count, what, source_seq from fleet.drops where edge_id = $1 order by source_seq',
          [edge.id],
        ),
      ).toEqual([
        { lane: 'readings', from_seq: 1, to_seq: 3, reason: 'pruned', count: 3, what: null, source_seq: 1 },
        { lane: 'records', from_seq: 1, to_seq: 40, reason: 'pruned', count: 30, what: 'verdicts', source_seq: 2 },
        { lane: 'records', from_seq: 1, to_seq: 40, reason: 'pruned', count: 4, what: 'events', source_seq: 3 },
      ])
      expect(await query('select count(*)::int as n from core.sensor_events where edge_id = $1', [edge.id])).toEqual([
        { n: 5 },
      ])
      const detail = edgeDetailSchema.parse((await world.as('GET', `/api/v1/fleet/edges/${edge.id}`)).body.data)
      expect(detail.lanes.find(({ lane }) => lane === 'readings')).toMatchObject({ received_seq: 5, rows_total: 5 })
    })
  })
}
