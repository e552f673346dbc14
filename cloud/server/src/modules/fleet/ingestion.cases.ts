import { cloudPaths, edgeDetailSchema } from '@jidoka/contract'
import {
  cursorSchema,
  encodeDropBatch,
  encodeReadingsBatch,
  RunningDigest,
  decodeBatch,
  SegmentBuilder,
  syncPaths,
  verifyReceipt,
} from '@jidoka/sync-protocol'
import type { NewRecord } from '@jidoka/domain'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { alarmRecord, judgmentRecord, tagRecord, World } from '../../testing/world.ts'
import type { TestEdge } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'

// I2 on the cloud's side: every reading and record of an edge is here exactly once, in order, or listed by sequence as dropped.
// The edge is played by the protocol's own encoders; the cloud is the whole program over a real database.

export function ingestionCases(newStore: NewStore): void {
  describe('ingestion (I2)', () => {
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
    const readings = (count: number, tagNo = 1) =>
      Array.from({ length: count }, (_, index) => ({ tagNo, timeMs: world.clock.nowMs() + index, value: index + 0.5 }))
    const storedValues = async () =>
      (
        await query<{ value: number }>(
          `select (s.base + n.scaled) / s.divisor::float8 as value
           from core.reading_segments s join fleet.reading_streams using (stream_id)
           cross join lateral unnest(s.scaled) with ordinality as n (scaled, index) where edge_id = $1 order by s.first_seq, n.index`,
          [edge.id],
        )
      ).map(({ value }) => value)
    const cursor = async () =>
      cursorSchema.parse((await edge.signed('GET', `${syncPaths.cursor}?epoch=${edge.epoch}`)).body)

    it('I2: answers a batch with a receipt that its key signed, and the cursor goes on behind it', async () => {
      const batch = edge.readingsBatch(readings(3))
      const answer = await edge.send(batch)
      expect(answer.status).toBe(200)
      const receipt = answer.body
      expect(verifyReceipt(receipt, edge.receiptKeys)).toEqual({ kind: 'ok' })
      expect(verifyReceipt({ ...receipt, up_to_seq: 4 }, edge.receiptKeys)).toEqual({ kind: 'bad_signature' })
      const decoded = decodeBatch(batch)
      const digest = new RunningDigest()
      if (decoded.kind === 'readings') for (const segment of decoded.segments) digest.addSegment(segment)
      expect(receipt).toMatchObject({
        edge_id: edge.id,
        epoch: edge.epoch,
        lane: 'readings',
        up_to_seq: 3,
        count_total: 3,
        digest: digest.hex(),
      })
      const { lanes } = await cursor()
      expect(lanes.readings).toEqual({ next_seq: 4, count_total: 3, digest: digest.hex(), receipt })
      expect(lanes.records).toMatchObject({ next_seq: 1, count_total: 0, receipt: null })
    })

    it('I2: answers the same batch again with the same receipt and stores nothing twice', async () => {
      const batch = edge.readingsBatch(readings(5))
      const first = await edge.send(batch)
      const again = await edge.send(batch)
      expect(again.status).toBe(200)
      expect(again.body).toEqual(first.body)
      expect(await storedValues()).toHaveLength(5)
    })

    it('I2: takes of an overlapping batch only what is new, with the digest of rows sent once', async () => {
      await edge.send(edge.readingsBatch(readings(5)))
      const overlap = edge.readingsBatch(
        Array.from({ length: 6 }, (_, index) => ({ tagNo: 1, timeMs: 1_000_000 + index, value: 100 + index })),
        3,
      )
      const answer = await edge.send(overlap)
      expect(answer.body).toMatchObject({ up_to_seq: 8, count_total: 8 })
      expect(await storedValues()).toEqual([0.5, 1.5, 2.5, 3.5, 4.5, 103, 104, 105])
    })

    it('I2: refuses a batch behind a gap with the number that it expects, and stores nothing of it', async () => {
      await edge.send(edge.readingsBatch(readings(2)))
      const answer = await edge.send(edge.readingsBatch(readings(2), 10))
      expect(answer.status).toBe(409)
      expect(answer.body.refusal).toEqual({ kind: 'gap', expected_seq: 3 })
      expect(await storedValues()).toHaveLength(2)
    })

    it('I2: lists a dropped range by its sequence numbers and goes on behind it', async () => {
      await edge.send(edge.readingsBatch(readings(2)))
      const answer = await edge.send(
        encodeDropBatch(edge.sender, { lane: 'readings', fromSeq: 3, toSeq: 12, reason: 'space' }),
      )
      expect(answer.body).toMatchObject({ up_to_seq: 12, count_total: 2 })
      expect((await edge.send(edge.readingsBatch(readings(1), 13))).body).toMatchObject({
        up_to_seq: 13,
        count_total: 3,
      })
      expect(
        await query('select lane, from_seq, to_seq, reason from fleet.drops where edge_id = $1', [edge.id]),
      ).toEqual([{ lane: 'readings', from_seq: 3, to_seq: 12, reason: 'space' }])
    })

    it('I2: begins a new epoch at 1, and refuses the one before from then on', async () => {
      await edge.send(edge.readingsBatch(readings(2)))
      const before = edge.epoch
      edge.epoch = crypto.randomUUID()
      expect((await edge.send(edge.readingsBatch(readings(1), 2))).body.refusal).toEqual({
        kind: 'gap',
        expected_seq: 1,
      })
      expect((await edge.send(edge.readingsBatch(readings(4), 1))).body).toMatchObject({ up_to_seq: 4, count_total: 4 })
      const current = edge.epoch
      edge.epoch = before
      const refused = await edge.send(edge.readingsBatch(readings(1), 3))
      expect(refused.status).toBe(409)
      expect(refused.body.refusal).toEqual({ kind: 'wrong_epoch', current_epoch: current })
      expect((await edge.signed('GET', `${syncPaths.cursor}?epoch=${before}`)).body.refusal).toEqual({
        kind: 'wrong_epoch',
        current_epoch: current,
      })
    })

    it('I2: of two deliveries of one batch at the same moment one is stored and both get the receipt', async () => {
      const batch = edge.readingsBatch(readings(20))
      const answers = await Promise.all([edge.send(batch), edge.send(batch), edge.send(batch)])
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
      expect(new Set(answers.map(({ body }) => body.signature)).size).toBe(1)
      expect(await storedValues()).toHaveLength(20)
    })

    it('I2: both lanes of a new epoch may begin at the same moment', async () => {
      const nowMs = world.clock.nowMs()
      const answers = await Promise.all([
        edge.send(edge.readingsBatch(readings(2))),
        edge.send(edge.recordsBatch([tagRecord(nowMs, 1, 'LINE-A/temperature')])),
      ])
      expect(answers.map(({ status }) => status)).toEqual([200, 200])
    })

    it('keeps every kind of value exactly, in order of arrival, with quality', async () => {
      const values = [0.1, -0, 5e-324, 1.7976931348623157e308, -123456.789, 42]
      const atMs = Date.UTC(2026, 10, 20)
      await edge.sendReadings([
        ...values.map((value, index) => ({
          tagNo: 1,
          timeMs: atMs - index,
          value,
          quality: index === 2 ? ('bad' as const) : ('good' as const),
        })),
        { tagNo: 2, timeMs: atMs, value: true },
        { tagNo: 3, timeMs: atMs, value: 'a "quoted\\" {text}, 한국어' },
        { tagNo: 3, timeMs: atMs + 1, value: '' },
        { tagNo: 3, timeMs: atMs + 2, value: 'NULL' },
      ])
      const events = await query<{
        tag_no: number
        kind: string
        value: number | null
        text_value: string | null
        quality: number
        time: string
      }>('select tag_no, kind, value, text_value, quality, time from core.sensor_events where edge_id = $1', [edge.id])
      const numbers = events.filter(({ tag_no }) => tag_no === 1)
      expect(numbers.map(({ value }) => value)).toEqual(values)
      expect(Object.is(numbers[1]?.value, -0)).toBe(true)
      expect(numbers.map(({ quality }) => quality)).toEqual([0, 0, 2, 0, 0, 0])
      expect(numbers.map(({ time }) => Date.parse(time))).toEqual(values.map((_, index) => atMs - index))
      expect(events.find(({ tag_no }) => tag_no === 2)).toMatchObject({ kind: 'boolean', value: 1 })
      expect(events.filter(({ tag_no }) => tag_no === 3).map(({ text_value }) => text_value)).toEqual([
        'a "quoted\\" {text}, 한국어',
        '',
        'NULL',
      ])
    })

    it('keeps readings whose times lie decades apart', async () => {
      const times = [Date.UTC(2026, 10, 1), Date.UTC(1985, 0, 1), 0, Date.UTC(2026, 10, 1, 1)]
      await edge.sendReadings(times.map((timeMs, index) => ({ tagNo: 1, timeMs, value: index })))
      const rows = await query<{ value: number; time: string }>(
        'select value, time from core.sensor_events where edge_id = $1 order by value',
        [edge.id],
      )
      expect(rows.map(({ time }) => Date.parse(time))).toEqual(times)
    })

    it('stores readings of a tag that nobody has named yet, and shows them under its name once the record arrives', async () => {
      const atMs = world.clock.nowMs()
      await edge.sendReadings([{ tagNo: 7, timeMs: atMs, value: 3.5 }])
      const events = () =>
        query('select line, sensor_type, value, unit from core.sensor_events where edge_id = $1', [edge.id])
      expect(await events()).toEqual([{ line: null, sensor_type: null, value: 3.5, unit: null }])
      await edge.sendRecords([tagRecord(atMs, 7, 'LINE-B/PRESS-2/vibration', 'number', 'mm/s')])
      expect(await events()).toEqual([{ line: 'LINE-B', sensor_type: 'vibration', value: 3.5, unit: 'mm/s' }])
    })

    it('puts records of every kind where they belong, once', async () => {
      const atMs = world.clock.nowMs()
      const records: NewRecord[] = [
        judgmentRecord(atMs),
        alarmRecord(atMs),
        {
          at_ms: atMs,
          kind: 'event',
          body: {
            type: 'production_count',
            source: 'mes',
            source_key: 'k1',
            line: 'LINE-A',
            occurred_at_ms: atMs,
            production_count: 100,
            defect_count: 3,
          },
        },
        { at_ms: atMs, kind: 'outage', body: { from_ms: atMs - 1_000, to_ms: null, cause: 'cable', rows_waiting: 12 } },
        { at_ms: atMs, kind: 'drop', body: { lane: 'readings', from_seq: 100, to_seq: 200, reason: 'damaged' } },
      ]
      const batch = edge.recordsBatch(records)
      expect((await edge.send(batch)).body).toMatchObject({ lane: 'records', up_to_seq: 5, count_total: 5 })
      await edge.send(batch)
      for (const table of ['core.judgment_executions', 'core.alarms', 'core.events', 'fleet.outages', 'fleet.drops']) {
        expect([
          table,
          (await query<{ n: number }>(`select count(*)::int as n from ${table} where edge_id = $1`, [edge.id]))[0]?.n,
        ]).toEqual([table, 1])
      }
    })

    it('takes texts that a database cannot hold, in a form that it can, and the lane goes on', async () => {
      const atMs = world.clock.nowMs()
      const odd = 'broken \u0000 and \ud800 here'
      await edge.sendReadings([{ tagNo: 1, timeMs: atMs, value: 'nul \u0000' }])
      const judgment = judgmentRecord(atMs, { explanation: odd, inputs: { value: { value: odd, at_ms: atMs } } })
      await edge.sendRecords([
        judgment,
        {
          at_ms: atMs,
          kind: 'audit',
          body: { actor: 'a\u0000', action: 'x', subject: 'y', detail: { 'k\u0000': odd } },
        },
      ])
      const [row] = (await world.as('GET', `${cloudPaths.judgmentRecent}?edge_id=${edge.id}`)).body.data
      expect(row.explanation).toBe('broken \ufffd and \ufffd here')
      expect(row.inputs.value.value).toBe('broken \ufffd and \ufffd here')
    })

    it('takes numbers and times at the ends of what the protocol allows', async () => {
      const big = Number.MAX_SAFE_INTEGER
      const extreme = (judged_at_ms: number) => ({
        ...judgmentRecord(1, {
          judged_at_ms,
          rule_version: big,
          reading_seq: big,
          inputs: { value: { value: 1.7976931348623157e308, at_ms: big } },
        }),
        at_ms: judged_at_ms,
      })
      await edge.sendRecords([
        extreme(big),
        extreme(-big),
        {
          at_ms: -big,
          kind: 'reported',
          body: { kind: 'site', key: 'site', version: big, state: 'applied', problem: null, rule_hash: null },
        },
        { at_ms: big, kind: 'outage', body: { from_ms: -big, to_ms: big, cause: '', rows_waiting: big } },
        tagRecord(0, 0xffff_ffff, 'A/b'),
      ])
      const rows = (await world.as('GET', `${cloudPaths.judgmentRecent}?edge_id=${edge.id}`)).body.data
      expect(rows.map((row: { executed_at: string }) => row.executed_at)).toEqual([
        '9999-12-31T00:00:00.000Z',
        '1970-01-01T00:00:00.000Z',
      ])
    })

    it('I10: refuses what is no batch, too large a one, and one that names another edge, and stores nothing', async () => {
      expect((await edge.send(new Uint8Array(10))).status).toBe(422)
      expect((await edge.send(new Uint8Array(9 * 1024 * 1024))).body.refusal.kind).toBe('too_large')
      const stranger = await world.newEdge()
      const foreign = stranger.readingsBatch([{ tagNo: 1, timeMs: 1, value: 1 }])
      expect((await edge.send(foreign)).body.refusal).toEqual({ kind: 'unknown_edge' })
      const good = edge.readingsBatch([{ tagNo: 1, timeMs: 1, value: 1 }], 1)
      const bent = good.slice()
      bent[bent.length - 3] = (bent[bent.length - 3] as number) ^ 1
      expect((await edge.send(bent)).body.refusal.kind).toBe('malformed')
      expect(await storedValues()).toEqual([])
    })

    it('stores many segments of many tags in one batch', async () => {
      const builder = new SegmentBuilder()
      const segments: Uint8Array[] = []
      let seq = 1
      for (let commit = 0; commit < 40; commit++) {
        for (let tagNo = 1; tagNo <= 60; tagNo++)
          builder.push(tagNo, Date.UTC(2026, 10, 21) + commit * 1_000, tagNo + commit / 100, 'good')
        segments.push(builder.encode(seq, 0))
        seq += builder.count
        builder.reset()
      }
      expect((await edge.send(encodeReadingsBatch(edge.sender, segments))).body).toMatchObject({
        up_to_seq: 2_400,
        count_total: 2_400,
      })
      const rows = await query<{ n: number; total: number }>(
        'select count(*)::int as n, sum(count)::int as total from core.reading_segments join fleet.reading_streams using (stream_id) where edge_id = $1',
        [edge.id],
      )
      expect(rows).toEqual([{ n: 60, total: 2_400 }])
    })

    it('counts the rows that were committed, by lane, for Prometheus', async () => {
      const read = async () =>
        Number(
          /jidoka_sync_rows_committed_total\{lane="readings"\} (\d+)/.exec(
            (await world.request('GET', '/metrics')).body,
          )?.[1],
        )
      const before = await read()
      const batch = edge.readingsBatch(readings(5))
      await edge.send(batch)
      await edge.send(batch)
      expect((await read()) - before).toBe(5)
    })

    it('shows in the console what the edge holds here', async () => {
      await edge.send(edge.readingsBatch(readings(4)))
      const detail = edgeDetailSchema.parse((await world.as('GET', `/api/v1/fleet/edges/${edge.id}`)).body.data)
      expect(detail.lanes.find(({ lane }) => lane === 'readings')).toMatchObject({
        epoch: edge.epoch,
        received_seq: 4,
        rows_total: 4,
      })
    })
  })
}
