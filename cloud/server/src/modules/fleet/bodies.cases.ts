import { batchLimits, syncPaths } from '@jidoka/sync-protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestEdge, World } from '../../testing/world.ts'
import type { NewStore } from '../../testing/stores.ts'
import { bodyLimits } from './body-budget.ts'

// Bodies that come slowly, or say nothing of their length: what they may hold before it is known whether they are an edge's at all.

export function bodiesCases(newStore: NewStore): void {
  describe('bodies of edges (I10)', () => {
    let world: World
    beforeAll(async () => {
      world = await World.open(await newStore())
    })
    afterAll(() => world.close())

    /** Sends a body that comes when it is asked for; `end` ends it. */
    const slow = (edge: TestEdge, method: 'POST' | 'PUT', path: string, bytes = Uint8Array.of(1)) => {
      const asked = Promise.withResolvers<'asked'>()
      const ended = Promise.withResolvers<void>()
      const body = new ReadableStream<Uint8Array>(
        {
          pull: async (controller) => {
            asked.resolve('asked')
            await ended.promise
            controller.enqueue(bytes)
            controller.close()
          },
        },
        { highWaterMark: 0 },
      )
      const init = { method, headers: edge.headers(method, path, bytes), body, duplex: 'half' as const }
      const send = async () => {
        const response = await world.cloud.app.request(new Request(`http://cloud${path}`, init))
        const { refusal } = (await response.json()) as { refusal?: { kind: string } }
        return refusal?.kind ?? response.status
      }
      const answer = send()
      return { begun: Promise.race([asked.promise, answer]), answer, end: () => ended.resolve() }
    }

    for (const [method, path] of [
      ['POST', syncPaths.batches],
      ['PUT', `${syncPaths.bundles}/${crypto.randomUUID()}`],
    ] as const) {
      it(`does not read what is sent to /${path.split('/')[3]} by an edge that is revoked or unknown`, async () => {
        const revoked = await world.newEdge({ name: 'revoked' })
        await world.as('DELETE', `/api/v1/fleet/edges/${revoked.id}`)
        expect(await slow(revoked, method, path).begun).toBe('revoked')
        const nobody = new TestEdge(world, 'nobody')
        nobody.id = crypto.randomUUID()
        expect(await slow(nobody, method, path).begun).toBe('unknown_edge')
      })
    }

    it('lets an edge send its urgent records beside bulk that does not come to an end, and bulk not without bound', async () => {
      const edge = await world.newEdge()
      const open = Array.from({ length: bodyLimits.largeOfEdgeMax }, () => slow(edge, 'POST', syncPaths.batches))
      for (const { begun } of open) expect(await begun).toBe('asked')
      expect(await slow(edge, 'POST', syncPaths.batches).begun).toBe('busy')
      const urgent = edge.recordsBatch([
        {
          at_ms: world.clock.nowMs(),
          kind: 'audit',
          body: { actor: 'kim', action: 'alarm.acknowledge', subject: 'x', detail: {} },
        },
      ])
      const sent = await world.request('POST', syncPaths.batches, {
        headers: {
          ...edge.headers('POST', syncPaths.batches, urgent),
          'content-length': String(urgent.length),
        },
        body: urgent,
      })
      expect(sent.status).toBe(200)
      for (const { end } of open) end()
      for (const { answer } of open) expect(await answer).toBe('malformed')
    })

    it('refuses a body that turns out too large, whatever it said', async () => {
      const edge = await world.newEdge()
      const large = slow(edge, 'POST', syncPaths.batches, new Uint8Array(batchLimits.bytesMax + 1))
      large.end()
      expect(await large.answer).toBe('too_large')
    })
  })
}
