import { cloudPaths, edgeSummarySchema, siteSchema } from '@jidoka/contract'
import { enrolmentResponseSchema, syncPaths } from '@jidoka/sync-protocol'
import { z } from 'zod'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestEdge, World } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'

export function enrolmentCases(newStore: NewStore): void {
  describe('enrolment and signatures', () => {
    let world: World
    beforeAll(async () => {
      world = await World.open(await newStore())
    })
    afterAll(() => world.close())

    it('lets an edge in by a token, and the console shows it at its site', async () => {
      const edge = new TestEdge(world, 'press shop')
      const answer = await edge.enrol(await world.newToken({ siteCode: 'ULSAN' }))
      const response = enrolmentResponseSchema.parse(answer.body)
      expect(response).toMatchObject({ tenant_id: 'demo', site_id: 'ULSAN' })
      const edges = z.array(edgeSummarySchema).parse((await world.as('GET', cloudPaths.edges)).body.data)
      expect(edges).toMatchObject([{ id: edge.id, name: 'press shop', state: 'online', site: { code: 'ULSAN' } }])
      expect(z.array(siteSchema).parse((await world.as('GET', cloudPaths.sites)).body.data)).toHaveLength(1)
    })

    it('I8: keeps the token as a hash only', async () => {
      const token = await world.newToken()
      const rows = await world.store.backend.pool.query('select * from fleet.enrolments')
      expect(JSON.stringify(rows.rows)).not.toContain(token)
    })

    it('refuses a token that another edge has used', async () => {
      const token = await world.newToken()
      expect((await new TestEdge(world, 'first').enrol(token)).status).toBe(200)
      const second = await new TestEdge(world, 'second').enrol(token)
      expect(second.status).toBe(401)
      expect(second.body.refusal).toEqual({ kind: 'bad_token' })
    })

    it('gives the same edge the same answer again when the first one was lost on the way', async () => {
      const token = await world.newToken()
      const edge = new TestEdge(world, 'flaky line')
      const first = await edge.enrol(token)
      const again = await edge.enrol(token)
      expect(again.body.edge_id).toBe(first.body.edge_id)
    })

    it('lets a known key in again with a new token: the same edge, with where its lanes go on', async () => {
      const edge = await world.newEdge({ name: 'old name' })
      await edge.sendReadings([{ tagNo: 1, timeMs: world.clock.nowMs(), value: 1 }])
      const { id } = edge
      expect((await world.as('DELETE', `/api/v1/fleet/edges/${id}`)).status).toBe(200)
      const answer = await edge.enrol(await world.newToken())
      expect(answer.body.edge_id).toBe(id)
      expect(answer.body.cursor.lanes.readings).toMatchObject({ next_seq: 2, count_total: 1 })
      expect((await edge.signed('GET', `${syncPaths.cursor}?epoch=${edge.epoch}`)).status).toBe(200)
    })

    it('refuses a token after its time, a made-up one, and a protocol of another age', async () => {
      const token = await world.newToken()
      world.clock.advance(61 * 60_000)
      expect((await new TestEdge(world, 'late').enrol(token)).body.refusal).toEqual({ kind: 'bad_token' })
      expect((await new TestEdge(world, 'thief').enrol('x'.repeat(43))).body.refusal).toEqual({ kind: 'bad_token' })
      const old = await world.request('POST', syncPaths.enrol, {
        json: {
          protocol: '0.9',
          token,
          name: 'old',
          public_key: new TestEdge(world, 'old').publicKey,
          epoch: crypto.randomUUID(),
          program_version: '0',
        },
      })
      expect(old.body.refusal).toEqual({ kind: 'protocol_version', upgrade: 'edge' })
    })

    it('refuses a body that is no enrolment with a sentence for each field', async () => {
      const answer = await world.request('POST', syncPaths.enrol, { json: { token: 'short' } })
      expect(answer.status).toBe(400)
      expect(answer.body.errors.length).toBeGreaterThan(3)
      expect((await world.request('POST', syncPaths.enrol, { body: new TextEncoder().encode('{') })).status).toBe(400)
    })

    it('lets one of two edges in that come with one token at the same moment', async () => {
      const token = await world.newToken()
      const answers = await Promise.all([new TestEdge(world, 'a').enrol(token), new TestEdge(world, 'b').enrol(token)])
      expect(answers.map(({ status }) => status).toSorted((left, right) => left - right)).toEqual([200, 401])
    })

    it('I10: stops who tries tokens, by address', async () => {
      const statuses: number[] = []
      for (let attempt = 0; attempt < 61; attempt++)
        statuses.push((await new TestEdge(world, 'thief').enrol(`${'y'.repeat(40)}${attempt}`)).status)
      expect(statuses.at(-1)).toBe(429)
      world.clock.advance(16 * 60_000)
    })

    describe('a request', () => {
      let edge: TestEdge
      const path = () => `${syncPaths.cursor}?epoch=${edge.epoch}`
      const get = (headers: Record<string, string>, at = path()) => world.request('GET', at, { headers })
      beforeAll(async () => {
        edge = await world.newEdge()
      })

      it('without a signature, or with that of another key, is refused', async () => {
        expect((await get({})).body.refusal).toEqual({ kind: 'bad_signature' })
        const stranger = await world.newEdge()
        expect((await get({ ...stranger.headers('GET', path()), 'jidoka-edge': edge.id })).body.refusal).toEqual({
          kind: 'bad_signature',
        })
      })

      it('that was signed for another path or query is refused', async () => {
        expect((await get(edge.headers('GET', syncPaths.cursor))).body.refusal).toEqual({ kind: 'bad_signature' })
      })

      it('that is repeated word for word is refused', async () => {
        const headers = edge.headers('GET', path())
        expect((await get(headers)).status).toBe(200)
        expect((await get(headers)).body.refusal).toEqual({ kind: 'replayed' })
      })

      it('of an edge with a clock an hour off is refused as stale and learns the time here', async () => {
        const headers = edge.headers('GET', path())
        world.clock.advance(3_600_000)
        const answer = await get(headers)
        expect(answer.status).toBe(401)
        expect(answer.body.refusal).toEqual({ kind: 'stale', skew_ms: -3_600_000 })
        expect(answer.headers.get('jidoka-time')).toBe(String(world.clock.nowMs()))
      })

      it('of an edge that nobody knows is refused', async () => {
        const stranger = new TestEdge(world, 'stranger')
        stranger.id = crypto.randomUUID()
        const answer = await get(stranger.headers('GET', path()))
        expect(answer.status).toBe(404)
        expect(answer.body.refusal).toEqual({ kind: 'unknown_edge' })
      })

      it('of a revoked edge is refused, and its data stays', async () => {
        const revoked = await world.newEdge({ name: 'revoked' })
        await revoked.sendReadings([{ tagNo: 1, timeMs: world.clock.nowMs(), value: 1 }])
        await world.as('DELETE', `/api/v1/fleet/edges/${revoked.id}`)
        expect((await revoked.send(revoked.readingsBatch([{ tagNo: 1, timeMs: 1, value: 1 }]))).body.refusal).toEqual({
          kind: 'revoked',
        })
        const detail = (await world.as('GET', `/api/v1/fleet/edges/${revoked.id}`)).body.data
        expect(detail.state).toBe('revoked')
        expect(detail.lanes.find((lane: { lane: string }) => lane.lane === 'readings').rows_total).toBe(1)
      })
    })
  })
}
