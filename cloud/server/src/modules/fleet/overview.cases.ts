import { cloudLineSchema, cloudPaths, fill } from '@jidoka/contract'
import { z } from 'zod'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { alarmRecord, judgmentRecord, ruleOf, tagRecord, World } from '../../testing/world.ts'
import type { TestEdge } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'

export function overviewCases(newStore: NewStore): void {
  describe('lines of all edges', () => {
    let world: World
    let edge: TestEdge
    beforeAll(async () => {
      world = await World.open(await newStore())
      edge = await world.newEdge()
    })
    afterAll(() => world.close())
    const lines = async () => z.array(cloudLineSchema).parse((await world.as('GET', cloudPaths.lines)).body.data)

    it('show values, limits, verdicts and alarms as their edge last sent them', async () => {
      const atMs = world.clock.nowMs()
      await world.as('PUT', '/api/v1/rules/press-temperature', { definition: ruleOf(), based_on_version: 0 })
      await world.as('PUT', `/api/v1/fleet/edges/${edge.id}/desired/site/site`, {
        body: {
          name: { ko: '울산', en: 'Ulsan' },
          time_zone: 'Asia/Seoul',
          lines: [{ code: 'LINE-A', area: 'PRESS', name: { ko: '가 라인', en: 'Line A' } }],
        },
      })
      await world.as('PUT', `/api/v1/fleet/edges/${edge.id}/desired/tag_catalogue/tags`, {
        body: {
          tags: [
            {
              key: 'LINE-A/PRESS-1/temperature',
              name: { ko: '온도', en: 'Temperature' },
              kind: 'number',
              unit: '°C',
              limits: { high: 90 },
            },
          ],
        },
      })
      await edge.sendRecords([
        tagRecord(atMs, 1, 'LINE-A/PRESS-1/temperature'),
        judgmentRecord(atMs, { status: 'NORMAL', normal: true }),
        judgmentRecord(atMs + 1_000),
        judgmentRecord(atMs + 2_000),
        alarmRecord(atMs + 1_000),
      ])
      await edge.sendReadings([80, 85, 92.5].map((value, index) => ({ tagNo: 1, timeMs: atMs - 2 + index, value })))
      const [line, ...rest] = await lines()
      expect(rest).toEqual([])
      expect(line).toMatchObject({
        edge_id: edge.id,
        code: 'LINE-A',
        name: { en: 'Line A' },
        site: { name: { en: 'Ulsan' } },
        heard_at: new Date(atMs).toISOString(),
        tags: [
          {
            key: 'LINE-A/PRESS-1/temperature',
            value: 92.5,
            limits: { high: 90 },
            adopted: true,
            recent: [80, 85, 92.5],
            at: new Date(atMs).toISOString(),
          },
        ],
        verdicts: [
          { status: 'HIGH', rule_name: { en: 'Press temperature' }, since: new Date(atMs + 1_000).toISOString() },
        ],
        alarms: [{ state: 'unacknowledged', priority: 'high' }],
      })
    })

    it('keep the last sixty numbers of a tag, and a late reading does not become its last value', async () => {
      world.clock.advance(1_000)
      const atMs = world.clock.nowMs()
      await edge.sendReadings(
        Array.from({ length: 70 }, (_, index) => ({ tagNo: 1, timeMs: atMs - 100 + index, value: index })),
      )
      await edge.sendReadings([{ tagNo: 1, timeMs: atMs - 60_000, value: -5 }])
      const [line] = await lines()
      expect(line?.tags[0]?.recent).toEqual([...Array.from({ length: 59 }, (_, index) => index + 11), -5])
      expect(line?.tags[0]?.value).toBe(69)
    })

    it('show the values of a device that was an hour ahead and was then set right at once', async () => {
      const atMs = world.clock.nowMs()
      await edge.sendReadings([{ tagNo: 1, timeMs: atMs + 3_600_000, value: 1 }])
      expect((await lines())[0]?.tags[0]).toMatchObject({ value: 1, at: new Date(atMs).toISOString() })
      world.clock.advance(1_000)
      await edge.sendReadings([{ tagNo: 1, timeMs: atMs + 1_000, value: 2 }])
      expect((await lines())[0]?.tags[0]).toMatchObject({ value: 2, at: new Date(atMs + 1_000).toISOString() })
    })

    it('show an alarm until it has ended', async () => {
      const atMs = world.clock.nowMs()
      const alarm = alarmRecord(atMs + 5_000)
      await edge.sendRecords([alarm])
      expect((await lines())[0]?.alarms).toHaveLength(2)
      expect((await world.as('GET', cloudPaths.edges)).body.data[0].open_alarms).toBe(2)
      await edge.sendRecords([
        { ...alarm, body: { ...alarm.body, state: 'cleared', changed_at_ms: atMs + 6_000 } } as typeof alarm,
      ])
      expect((await lines())[0]?.alarms).toHaveLength(1)
    })

    it('take the verdicts of a rule down when its edge says that it is removed', async () => {
      await edge.sendRecords([
        {
          at_ms: world.clock.nowMs(),
          kind: 'reported',
          body: {
            kind: 'rule',
            key: 'press-temperature',
            version: 2,
            state: 'removed',
            problem: null,
            rule_hash: null,
          },
        },
      ])
      expect((await lines())[0]?.verdicts).toEqual([])
    })

    it('call an edge silent a minute after it was last heard', async () => {
      expect((await world.as('GET', cloudPaths.edges)).body.data[0].state).toBe('online')
      world.clock.advance(61_000)
      expect((await world.as('GET', cloudPaths.edges)).body.data[0].state).toBe('silent')
    })

    it('list the most urgent of what stands where an edge has sent any number, and how much there is besides', async () => {
      const { pool } = world.store.backend
      await pool.query(
        `insert into fleet.edges select (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid(), 'name', 'quiet ' || n, 'public_key', n))).*
         from fleet.edges e, generate_series(1, 49) n where e.id = $1`,
        [edge.id],
      )
      await pool.query(`update core.alarms set state = 'cleared'`)
      const atMs = world.clock.nowMs()
      // A page of fifty edges lists a hundred alarms and four hundred verdicts of each.
      await edge.sendRecords([
        alarmRecord(atMs - 60_000, { line: 'LINE-Z', priority: 'low' }),
        alarmRecord(atMs - 50_000, { line: 'LINE-A', priority: 'critical', explanation: 'the worst' }),
        ...Array.from({ length: 150 }, (_, no) => alarmRecord(atMs + no, { line: 'LINE-A' })),
        judgmentRecord(atMs - 60_000, { line: 'LINE-Z', subject: 'LINE-Z' }),
        ...Array.from({ length: 450 }, (_, no) =>
          judgmentRecord(atMs + no, { line: 'LINE-A', subject: `${no}`, status: 'NORMAL', normal: true }),
        ),
      ])
      const shown = new Map((await lines()).map((line) => [line.code, line]))
      const [flooded, other] = [shown.get('LINE-A'), shown.get('LINE-Z')]
      expect([flooded?.alarms.length, flooded?.alarms_more, other?.alarms.length, other?.alarms_more]).toEqual([
        99, 52, 1, 0,
      ])
      expect(flooded?.alarms.map(({ explanation }) => explanation)).toContain('the worst')
      expect([flooded?.verdicts.length, flooded?.verdicts_more, other?.verdicts.length, other?.verdicts_more]).toEqual([
        399, 51, 1, 0,
      ])
      const [summary] = (await world.as('GET', cloudPaths.edges)).body.data
      expect(summary.open_alarms).toBe(152)
    })

    it('list of more lines than there is room for those with the most urgent alarms', async () => {
      const atMs = world.clock.nowMs()
      const rowAlarm = (no: number, changes: Parameters<typeof alarmRecord>[1]) =>
        alarmRecord(atMs + no, { line: `ROW-${no}`, priority: 'low', ...changes })
      await edge.sendRecords([
        rowAlarm(0, { priority: 'critical', explanation: 'the oldest' }),
        ...Array.from({ length: 109 }, (_, no) => rowAlarm(no + 1, {})),
        rowAlarm(110, { priority: 'critical', state: 'returned', explanation: 'the process is normal again' }),
      ])
      const listed = (await lines()).flatMap(({ alarms }) => alarms.map(({ explanation }) => explanation))
      await world.store.backend.pool.query(`update core.alarms set state = 'cleared' where line like 'ROW-%'`)
      expect(listed).toHaveLength(100)
      expect(listed).toContain('the oldest')
      expect(listed).not.toContain('the process is normal again')
    })

    it('are of a fleet that is counted, and named where it is silent, without the edges that were revoked', async () => {
      const fleet = async () => (await world.as('GET', cloudPaths.dashboard)).body.data.fleet
      world.clock.advance(61_000)
      const all = await fleet()
      expect(all).toMatchObject({ online: 0, silent: 50, revoked: 0, open_alarms: 152, pending_items: 2 })
      expect(all.silent_names).toHaveLength(10)
      await world.as('DELETE', fill(cloudPaths.edge, { id: edge.id }))
      expect(await fleet()).toMatchObject({ silent: 49, revoked: 1, open_alarms: 0, pending_items: 0 })
    })

    it('name every line where something stands, also those of which no row is listed', async () => {
      const large = await world.newEdge({ name: 'of many lines' })
      const atMs = world.clock.nowMs()
      // A page of fifty edges lists a hundred alarms of each.
      await large.sendRecords(Array.from({ length: 110 }, (_, no) => alarmRecord(atMs + no, { line: `ROW-${no}` })))
      const ofEdge = (await lines()).filter(({ edge_id }) => edge_id === large.id)
      expect(new Set(ofEdge.map(({ code }) => code)).size).toBe(110)
      expect(ofEdge.flatMap(({ alarms }) => alarms)).toHaveLength(100)
      expect(ofEdge.filter((line) => line.alarms.length === 0 && line.alarms_more === 1)).toHaveLength(10)
    })
  })
}
