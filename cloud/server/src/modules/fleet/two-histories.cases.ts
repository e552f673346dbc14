import { cloudPaths, edgeDetailSchema, fill } from '@jidoka/contract'
import type { NewRecord } from '@jidoka/domain'
import {
  advanceRecords,
  cursorPath,
  cursorSchema,
  encodeRecordsBatch,
  epochStart,
  laneStart,
  protocolVersion,
  syncPaths,
  verifyTrustList,
} from '@jidoka/sync-protocol'
import type { LanePoint } from '@jidoka/sync-protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { World } from '../../testing/world.ts'
import type { TestEdge } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'
import { gaugesEveryMs } from './gauges.ts'

// A clone has the key, the epoch and the rows of its original up to the moment that it was made; from then on each writes its own. What is
// proven here: the first batch that builds on other rows is refused and nothing of it stored, both copies hear of it until a person has settled
// it, and an epoch that goes on from an image begins where its journal stood.

export function twoHistoriesCases(newStore: NewStore): void {
  describe('two histories', () => {
    let world: World
    let edge: TestEdge
    beforeAll(async () => {
      world = await World.open(await newStore())
    })
    afterAll(() => world.close())
    beforeEach(async () => {
      edge = await world.newEdge()
    })

    const line = (seq: number, who: string) =>
      JSON.stringify({ seq, at_ms: 1, kind: 'audit', body: { actor: who, action: 'x', subject: 'y', detail: {} } })
    const lines = (from: number, to: number, who = 'kim') =>
      Array.from({ length: to - from + 1 }, (_, index) => line(from + index, who))
    const pointAt = (seq: number, who = 'kim') => advanceRecords(laneStart, 1, lines(1, seq, who))
    const send = (rows: { from: number; to: number; who?: string; base?: LanePoint; start_seq?: number }) =>
      edge.send(
        encodeRecordsBatch(
          {
            ...edge.sender,
            from_seq: rows.from,
            ...(rows.base === undefined ? {} : { base: rows.base }),
            ...(rows.start_seq === undefined ? {} : { start_seq: rows.start_seq }),
          },
          lines(rows.from, rows.to, rows.who),
        ),
      )
    const cursor = async () => cursorSchema.parse((await edge.signed('GET', cursorPath(edge.epoch))).body)
    const detail = async () =>
      edgeDetailSchema.parse((await world.as('GET', fill(cloudPaths.edge, { id: edge.id }))).body.data)
    const report = (held: LanePoint, more: object = {}) =>
      edge.signed(
        'POST',
        syncPaths.troubles,
        Buffer.from(
          JSON.stringify({
            protocol: protocolVersion,
            epoch: edge.epoch,
            lane: 'records',
            kind: 'ahead',
            seq: 4,
            held,
            ...more,
          }),
        ),
      )
    const settle = (reason = 'the copy in line 2 was switched off') =>
      world.as('POST', fill(cloudPaths.edgeTroublesSettle, { id: edge.id }), { reason })

    it('S16: takes batches that build upon its point or a kept receipt, and goes on', async () => {
      expect((await send({ from: 1, to: 4, base: laneStart })).status).toBe(200)
      expect((await send({ from: 5, to: 8, base: pointAt(4) })).body).toMatchObject({
        up_to_seq: 8,
        digest: pointAt(8).digest,
      })
      // From an older receipt, the same rows once more and some new ones.
      expect((await send({ from: 5, to: 10, base: pointAt(4) })).body).toMatchObject({
        up_to_seq: 10,
        digest: pointAt(10).digest,
      })
      expect((await detail()).troubles).toEqual([])
    })

    it('S16: refuses a copy by the first batch that builds on other rows, stores nothing of it, and both copies hear of it', async () => {
      await send({ from: 1, to: 4, base: laneStart })
      await send({ from: 5, to: 8, base: pointAt(4) })
      const refused = await send({ from: 9, to: 12, who: 'lee', base: pointAt(8, 'lee') })
      expect([refused.status, refused.body.refusal]).toEqual([409, { kind: 'digest' }])
      const { lanes, troubles } = await cursor()
      expect(lanes.records.next_seq).toBe(9)
      expect(troubles).toEqual([{ kind: 'diverged', lane: 'records', seq: 8, since_ms: world.clock.nowMs() }])
      // Also by a receipt that is not the newest.
      expect((await send({ from: 5, to: 12, base: pointAt(4, 'lee') })).body.refusal).toEqual({ kind: 'digest' })
      const { troubles: shown, open_troubles } = await detail()
      expect(open_troubles).toBe(1)
      expect(shown).toMatchObject([
        {
          kind: 'diverged',
          seq: 4,
          held: pointAt(4, 'lee'),
          ours: pointAt(4),
          told_by: 'cloud',
          times: 2,
          settled: null,
        },
      ])
    })

    it('S16: a copy that shares the base hangs no rows behind those of the other', async () => {
      await send({ from: 1, to: 4, base: laneStart })
      await send({ from: 5, to: 8, base: pointAt(4) })
      const refused = await send({ from: 5, to: 12, who: 'lee', base: pointAt(4) })
      expect(refused.body.refusal).toEqual({ kind: 'gap', expected_seq: 9 })
      expect((await cursor()).lanes.records).toMatchObject({ next_seq: 9, digest: pointAt(8).digest })
    })

    it('S16: rows that begin at the cursor and build upon a base beyond it are refused: what lies between is not held here', async () => {
      await send({ from: 1, to: 8, base: laneStart })
      const refused = await send({ from: 9, to: 12, who: 'lee', base: pointAt(10, 'lee') })
      expect([refused.status, refused.body.refusal]).toEqual([409, { kind: 'gap', expected_seq: 9 }])
      expect((await cursor()).lanes.records).toMatchObject({ next_seq: 9, digest: pointAt(8).digest })
    })

    it('passes a base over that is no longer kept, or that a cloud which was set back does not have yet', async () => {
      await send({ from: 1, to: 4, base: laneStart })
      expect((await send({ from: 9, to: 12, base: pointAt(8) })).body.refusal).toEqual({ kind: 'gap', expected_seq: 5 })
      expect((await send({ from: 3, to: 6, base: pointAt(2) })).body).toMatchObject({ up_to_seq: 6 })
      expect((await cursor()).troubles).toBeUndefined()
    })

    it('notes what an edge has found itself, once, with a line in the audit', async () => {
      await send({ from: 1, to: 4 })
      expect((await report(pointAt(2))).status).toBe(200)
      expect((await report(pointAt(2))).status).toBe(200)
      expect((await detail()).troubles).toMatchObject([
        { kind: 'ahead', seq: 4, held: pointAt(2), ours: pointAt(4), told_by: 'edge', times: 2 },
      ])
      const entries = (await world.as('GET', cloudPaths.audit)).body.data as { action: string; subject: string }[]
      expect(entries.filter(({ action, subject }) => action === 'trouble.note' && subject === edge.id)).toHaveLength(1)
    })

    it('refuses a report of another epoch, and an edge that reports without end', async () => {
      await send({ from: 1, to: 1 })
      expect((await report(laneStart, { epoch: crypto.randomUUID() })).body.refusal).toEqual({
        kind: 'wrong_epoch',
        current_epoch: edge.epoch,
      })
      for (let count = 0; count < 11; count++) expect((await report(laneStart)).status).toBe(200)
      const tooMany = await report(laneStart)
      expect([tooMany.status, tooMany.headers.get('retry-after')]).toEqual([429, '60'])
    })

    it('is quiet once a person has settled it, and notes a copy anew that still sends', async () => {
      await send({ from: 1, to: 4 })
      await send({ from: 5, to: 5, who: 'lee', base: pointAt(4, 'lee') })
      expect((await settle(' ')).status).toBe(400)
      expect((await settle()).body.data).toEqual({ settled: 1 })
      expect((await settle()).body.data).toEqual({ settled: 0 })
      expect((await cursor()).troubles).toBeUndefined()
      expect((await detail()).troubles).toMatchObject([
        { settled: { by: 'admin', reason: 'the copy in line 2 was switched off' } },
      ])
      await send({ from: 5, to: 5, who: 'lee', base: pointAt(4, 'lee') })
      expect((await detail()).open_troubles).toBe(1)
      expect((await cursor()).troubles).toHaveLength(1)
    })

    it('I2: an epoch that goes on from an image begins with the number that its first batch names, in each lane', async () => {
      await send({ from: 1, to: 8 })
      edge.epoch = crypto.randomUUID()
      expect((await cursor()).lanes.records).toMatchObject({ next_seq: 1, receipt: null })
      expect((await send({ from: 7, to: 9, start_seq: 6, base: epochStart(6) })).body.refusal).toEqual({
        kind: 'gap',
        expected_seq: 6,
      })
      const rows = lines(6, 9)
      const after = advanceRecords(epochStart(6), 6, rows)
      expect((await send({ from: 6, to: 9, start_seq: 6, base: epochStart(6) })).body).toMatchObject({
        up_to_seq: 9,
        count_total: 4,
        digest: after.digest,
      })
      expect((await send({ from: 10, to: 10, start_seq: 6, base: after })).body).toMatchObject({
        up_to_seq: 10,
        count_total: 5,
      })
      edge.nextSeq.readings = 101
      const batch = edge.readingsBatch([{ tagNo: 1, timeMs: 1, value: 1 }])
      expect((await edge.send(batch)).body.refusal).toEqual({ kind: 'gap', expected_seq: 1 })
      expect((await detail()).progress).toContainEqual({ lane: 'records', start_seq: 6, rows_per_s: null })
    })

    it('I2: takes of a batch that reaches across the beginning of an epoch only what is of it', async () => {
      expect((await send({ from: 3, to: 9, start_seq: 6, base: epochStart(6) })).body).toMatchObject({
        up_to_seq: 9,
        count_total: 4,
        digest: advanceRecords(epochStart(6), 6, lines(6, 9)).digest,
      })
    })

    it('tells its keys to who asks with 1.2 or later, signed by one that the edge believes, and nothing new to older ones', async () => {
      const { trust } = await cursor()
      expect(trust === undefined ? false : verifyTrustList(trust, edge.receiptKeys)).toBe(true)
      await send({ from: 1, to: 4 })
      await report(laneStart)
      for (const query of ['', '&protocol=1.0', '&protocol=1.1']) {
        const { body } = await edge.signed('GET', `${syncPaths.cursor}?epoch=${edge.epoch}${query}`)
        expect(Object.keys(body).sort()).toEqual(['edge_id', 'epoch', 'lanes', 'protocol'])
      }
      const { body } = await edge.signed('GET', `${syncPaths.cursor}?epoch=${edge.epoch}&protocol=1.3`)
      expect(Object.keys(body).sort()).toEqual(['edge_id', 'epoch', 'lanes', 'protocol', 'troubles', 'trust'])
    })

    it('shows how fast a lane has come in over the last minute', async () => {
      await send({ from: 1, to: 10 })
      world.clock.advance(5_000)
      await send({ from: 11, to: 110 })
      expect((await detail()).progress).toContainEqual({ lane: 'records', start_seq: 1, rows_per_s: 20 })
      world.clock.advance(61_000)
      expect((await detail()).progress).toContainEqual({ lane: 'records', start_seq: 1, rows_per_s: null })
    })

    it('counts for Prometheus what stands, and the edge that has been silent longest', async () => {
      await send({ from: 1, to: 4 })
      await report(laneStart)
      const gauge = async (name: string) =>
        Number(new RegExp(`^${name} (.+)$`, 'm').exec((await world.request('GET', '/metrics')).body)?.[1])
      const [row] = (
        await world.store.backend.pool.query<{ n: number }>(
          'select count(*)::int as n from fleet.troubles where settled_at is null',
        )
      ).rows
      // A round that is under way has looked before this: the next one begins behind it.
      do world.clock.advance(gaugesEveryMs)
      while ((await gauge('jidoka_sync_troubles_open')) !== row?.n)
      expect(await gauge('jidoka_edge_silence_seconds_max')).toBeGreaterThanOrEqual(30)
      expect(await gauge('jidoka_courier_pieces_staged')).toBe(0)
    })

    it('lists outages of an edge by page, each with its last word', async () => {
      const atMs = world.clock.nowMs()
      const outage = (fromMs: number, more: object): NewRecord => ({
        at_ms: atMs,
        kind: 'outage',
        body: { from_ms: fromMs, to_ms: null, cause: 'cable', rows_waiting: 3, ...more },
      })
      const receipted = { records: 12, readings: 900 }
      await edge.sendRecords([
        outage(1_000, {}),
        outage(1_000, { to_ms: 5_000, rows_waiting: 40 }),
        outage(9_000, {}),
        outage(1_000, { to_ms: 5_000, rows_waiting: 40, drained_ms: 8_000, dropped: { space: 7 }, receipted }),
      ])
      const path = fill(cloudPaths.edgeOutages, { id: edge.id })
      const first = await world.as('GET', `${path}?limit=1`)
      const open = {
        from: new Date(9_000).toISOString(),
        to: null,
        cause: 'cable',
        rows_waiting: 3,
        drained_at: null,
        dropped: null,
        receipted: null,
      }
      expect(first.body.data).toEqual([open])
      const second = await world.as('GET', `${path}?limit=1&cursor=${first.body.meta.next_cursor}`)
      expect(second.body.data).toEqual([
        {
          from: new Date(1_000).toISOString(),
          to: new Date(5_000).toISOString(),
          cause: 'cable',
          rows_waiting: 40,
          drained_at: new Date(8_000).toISOString(),
          dropped: { space: 7 },
          receipted,
        },
      ])
      expect(second.body.meta.next_cursor).toBeUndefined()
      expect((await world.as('GET', fill(cloudPaths.edgeOutages, { id: crypto.randomUUID() }))).status).toBe(404)
    })
  })
}
