import { edgeDetailSchema } from '@jidoka/contract'
import { desiredItemSchema } from '@jidoka/domain'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ruleOf, World } from '../../testing/world.ts'
import type { TestEdge } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'

export function desiredCases(newStore: NewStore): void {
  describe('desired state', () => {
    let world: World
    let edge: TestEdge
    beforeAll(async () => {
      world = await World.open(await newStore())
      edge = await world.newEdge()
    })
    afterAll(() => world.close())
    const path = (kind: string, key: string) => `/api/v1/fleet/edges/${edge.id}/desired/${kind}/${key}`
    const site = (zone: string) => ({ name: { ko: '울산', en: 'Ulsan' }, time_zone: zone, lines: [] })
    const detail = async () =>
      edgeDetailSchema.parse((await world.as('GET', `/api/v1/fleet/edges/${edge.id}`)).body.data)

    it('counts the version of an item with every change, and not for the same body again', async () => {
      const put = async (zone: string) =>
        desiredItemSchema.parse((await world.as('PUT', path('site', 'site'), { body: site(zone) })).body.data).version
      expect(await put('Asia/Seoul')).toBe(1)
      expect(await put('Asia/Seoul')).toBe(1)
      expect(await put('Europe/Berlin')).toBe(2)
    })

    it('goes on counting when an item that was taken back comes again', async () => {
      expect((await world.as('DELETE', path('site', 'site'))).status).toBe(200)
      expect((await world.as('DELETE', path('site', 'site'))).status).toBe(404)
      expect((await world.as('PUT', path('site', 'site'), { body: site('Asia/Seoul') })).body.data.version).toBe(4)
    })

    it('shows the site as its desired state describes it', async () => {
      expect((await world.as('GET', '/api/v1/fleet/sites')).body.data).toEqual([
        { id: 'ULSAN', code: 'ULSAN', name: { ko: '울산', en: 'Ulsan' }, time_zone: 'Asia/Seoul' },
      ])
    })

    it('refuses a body that is none of its kind, with a sentence for each mistake', async () => {
      const answer = await world.as('PUT', path('site', 'site'), { body: { name: 'Ulsan' } })
      expect(answer.status).toBe(400)
      expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain('body.name')
      expect((await world.as('PUT', path('weather', 'x'), { body: {} })).status).toBe(400)
    })

    it('I7: refuses a rule whose example fails or that does not compile, and the edge keeps what it has', async () => {
      const rule = { ...ruleOf(), version: 1 }
      const failing = await world.as('PUT', path('rule', rule.id), {
        body: { ...rule, examples: [{ input: { value: 1 }, status: 'HIGH' }] },
      })
      expect(failing.status).toBe(422)
      expect(failing.body).toMatchObject({
        kind: 'rule_refused',
        detail: 'Example 1 of 1 is judged NORMAL and should be HIGH. Mend the rule or the example.',
      })
      const broken = await world.as('PUT', path('rule', rule.id), {
        body: { ...rule, script: 'let x = 1;\nx = input.vale' },
      })
      expect(broken.body).toMatchObject({ kind: 'rule_refused', line: 2 })
      const contradicting = await world.as('PUT', path('rule', rule.id), {
        body: { ...rule, alarms: { NORMAL: 'low' } },
      })
      expect([contradicting.status, contradicting.body.detail]).toEqual([
        422,
        'The status NORMAL is a normal one and cannot raise an alarm.',
      ])
      expect((await detail()).items.find(({ kind }) => kind === 'rule')).toBeUndefined()
    })

    it('sets what an edge reports beside what it shall be, and counts what is pending', async () => {
      const rule = { ...ruleOf(), version: 1 }
      await world.as('PUT', path('rule', rule.id), { body: rule })
      expect((await detail()).pending_items).toBe(2)
      const atMs = world.clock.nowMs()
      await edge.sendRecords([
        {
          at_ms: atMs,
          kind: 'reported',
          body: { kind: 'rule', key: rule.id, version: 1, state: 'applied', problem: null, rule_hash: 'a'.repeat(64) },
        },
        {
          at_ms: atMs,
          kind: 'reported',
          body: { kind: 'site', key: 'site', version: 3, state: 'applied', problem: null, rule_hash: null },
        },
      ])
      const { items, pending_items } = await detail()
      expect(pending_items).toBe(1)
      expect(items.find(({ kind }) => kind === 'rule')).toMatchObject({
        desired_version: 1,
        reported: { state: 'applied', version: 1 },
      })
      expect(items.find(({ kind }) => kind === 'site')).toMatchObject({ desired_version: 4, reported: { version: 3 } })
    })

    it('takes thresholds and policies as items of their own, and refuses what is none', async () => {
      const tags = [{ key: 'LINE-A/PRESS-1/temperature', limits: { high: 90 } }]
      for (const [kind, body, wrong] of [
        ['thresholds', { tags }, { tags: [{ key: 'LINE-A/PRESS-1/temperature', limits: { high: 'hot' } }] }],
        ['policy', { retention: { readings_days: 90 } }, { retention: { readings_days: 0 } }],
      ] as const) {
        expect([kind, (await world.as('PUT', path(kind, kind), { body })).body.data?.version]).toEqual([kind, 1])
        expect([kind, (await world.as('PUT', path(kind, kind), { body: wrong })).status]).toEqual([kind, 400])
        expect([kind, (await world.as('PUT', path(kind, 'another'), { body })).status]).toEqual([kind, 400])
        await edge.sendRecords([
          {
            at_ms: world.clock.nowMs(),
            kind: 'reported',
            body: { kind, key: kind, version: 1, state: 'applied', problem: null, rule_hash: null },
          },
        ])
        const item = (await detail()).items.find((each) => each.kind === kind)
        expect(item).toMatchObject({ desired_version: 1, reported: { version: 1, state: 'applied' } })
      }
    })

    it('keeps the last thousand changes of an edge', async () => {
      const { pool } = world.store.backend
      await pool.query('update fleet.edges set desired_seq = 5000 where id = $1', [edge.id])
      await pool.query(
        `insert into fleet.desired_changes (tenant_id, edge_id, seq, operation, id, kind, key, version, body)
         select tenant_id, edge_id, n, 'update', id, kind, key, version, body::text from fleet.desired, generate_series(3501, 5000) n where edge_id = $1 and kind = 'site'`,
        [edge.id],
      )
      await world.as('PUT', path('site', 'site'), { body: site('Europe/Oslo') })
      const { rows } = await pool.query(
        'select min(seq)::int as oldest, max(seq)::int as newest, count(*)::int as kept from fleet.desired_changes where edge_id = $1',
        [edge.id],
      )
      expect(rows).toEqual([{ oldest: 4002, newest: 5001, kept: 1_000 }])
    })

    it('writes who changed what into the audit', async () => {
      const entries = (await world.as('GET', '/api/v1/audit')).body.data
      expect(entries).toContainEqual(
        expect.objectContaining({
          actor: 'admin',
          action: 'desired.put',
          subject: `${edge.id}/rule/press-temperature`,
        }),
      )
    })
  })
}
