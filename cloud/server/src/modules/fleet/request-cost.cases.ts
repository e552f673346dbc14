import { cursorPath } from '@jidoka/sync-protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { statementsOf } from '../../testing/statements.ts'
import type { NewStore } from '../../testing/stores.ts'
import { judgmentRecord, World } from '../../testing/world.ts'
import type { TestEdge } from '../../testing/world.ts'

// A whole fleet comes at once after a cut at the cloud's end, and each statement is work for every request of it. What makes them fewer (an edge that was
// found a moment ago is not looked for again, when it was heard is gathered) must not be what lets a revoked edge in.

export function requestCostCases(newStore: NewStore): void {
  describe('what a request of an edge asks of the database', () => {
    let world: World
    let edge: TestEdge
    beforeAll(async () => {
      world = await World.open(await newStore())
      edge = await world.newEdge()
      await cursor()
      await judgment()
      await reading()
    })
    afterAll(() => world.close())

    const cursor = (of = edge) => of.signed('GET', cursorPath(of.epoch))
    const judgment = () => edge.sendRecords([judgmentRecord(world.clock.nowMs())])
    const reading = () => edge.sendReadings([{ tagNo: 1, timeMs: world.clock.nowMs(), value: 1 }])
    const count = async (work: () => Promise<unknown>) => (await statementsOf(work)).length
    const seenAt = async (id: string) =>
      (await world.store.backend.pool.query<{ seen_at: string }>('select seen_at from fleet.edges where id = $1', [id]))
        .rows[0]?.seen_at

    /** Until it is written that an edge was heard now. */
    const heard = async ({ id }: TestEdge) => {
      const atMs = world.clock.nowMs()
      world.clock.advance(1_000)
      while (Date.parse((await seenAt(id)) ?? '') < atMs) await new Promise((resolve) => setImmediate(resolve))
    }

    // The transaction's begin and commit are two of each.
    it.each([
      ['a cursor', cursor, 5],
      ['a batch of judgments', judgment, 9],
      ['a batch of readings', reading, 11],
      ['a batch that was taken already', () => edge.send(edge.recordsBatch([judgmentRecord(1)], 1)), 6],
    ] as const)('is bounded: %s', async (_, work, statementsMax) => {
      expect(await count(work)).toBeLessThanOrEqual(statementsMax)
    })

    it('is a few statements for all edges that ask at once, each with its own answer', async () => {
      const fleet: TestEdge[] = []
      for (let no = 0; no < 12; no++) fleet.push(await world.newEdge({ name: `edge ${no}` }))
      await fleet[3]?.sendReadings([{ tagNo: 1, timeMs: 1, value: 1 }])
      world.clock.advance(30_000)
      const statements = await statementsOf(async () => {
        const answers = await Promise.all(fleet.map((each) => cursor(each)))
        expect(answers.map(({ body }) => [body.edge_id, body.lanes.readings.next_seq])).toEqual(
          fleet.map(({ id }, no) => [id, no === 3 ? 2 : 1]),
        )
      })
      // Two go by themselves, the ten that come meanwhile together. What jobs ask at the same time is not looked at.
      const asked = (part: string) => statements.filter((text) => text.includes(part)).length
      expect(asked('public_key, revoked_at from fleet.edges')).toBe(3)
      expect(asked('from fleet.cursors c join')).toBeLessThanOrEqual(5)
    })

    it('is a lookup more for an edge that was not heard for half a minute', async () => {
      world.clock.advance(30_000)
      const statements = await statementsOf(judgment)
      expect(statements.filter((text) => text.includes('public_key, revoked_at from fleet.edges'))).toHaveLength(1)
    })

    it('is one statement a second for all edges that were heard, and nothing for one that was noted a moment ago', async () => {
      const others = [await world.newEdge({ name: 'b' }), await world.newEdge({ name: 'c' })]
      world.clock.advance(20_000)
      await cursor()
      await heard(edge)
      world.clock.advance(20_000)
      const heardAt = new Date(world.clock.nowMs()).toISOString()
      const statements = await statementsOf(async () => {
        for (const each of [edge, ...others]) for (const _ of [1, 2]) await cursor(each)
        await heard(edge)
      })
      expect(statements.filter((text) => text.includes('set seen_at'))).toHaveLength(1)
      for (const each of others) expect(await seenAt(each.id)).toBe(heardAt)
      const soon = await statementsOf(async () => {
        world.clock.advance(13_000)
        await cursor()
        world.clock.advance(1_000)
        await cursor()
      })
      expect(soon.filter((text) => text.includes('set seen_at'))).toEqual([])
    })

    it('still finds an edge that was revoked and not announced, whoever remembers it', async () => {
      const revoked = await world.newEdge({ name: 'revoked elsewhere' })
      expect((await cursor(revoked)).status).toBe(200)
      await world.store.backend.pool.query('update fleet.edges set revoked_at = now() where id = $1', [revoked.id])
      expect((await cursor(revoked)).body.refusal).toEqual({ kind: 'revoked' })
      expect((await revoked.send(revoked.readingsBatch([{ tagNo: 1, timeMs: 1, value: 1 }]))).body.refusal).toEqual({
        kind: 'revoked',
      })
      expect((await revoked.signed('GET', '/sync/v1/shape?offset=-1')).body.refusal).toEqual({ kind: 'revoked' })
    })
  })
}
