import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { NewStore } from '../../testing/stores.ts'
import { openHangUpWorld } from './hang-up-world.ts'
import type { HangUpWorld } from './hang-up-world.ts'

export function hangUpCases(newStore: NewStore): void {
  describe('a caller who hangs up', () => {
    let world: HangUpWorld
    beforeAll(async () => {
      world = await openHangUpWorld(await newStore())
    })
    afterAll(() => world.close())

    /** The caller goes between the two. */
    const cutBetween = async (first: () => Promise<unknown>, second: () => Promise<unknown>, headers = {}) => {
      const reached = Promise.withResolvers<void>()
      const asked = world.ask(async (hungUp) => {
        await first()
        reached.resolve()
        await hungUp
        await second()
      }, headers)
      await reached.promise
      asked.destroy()
      return world.ended()
    }

    it('has nothing more done: what was committed stays, what was not begun is not', async () => {
      const { database, insert } = world
      const put = (code: string) => () => database.withTenant('demo', (tx) => insert(tx, code))
      expect(await cutBetween(put('A'), put('B'))).toBe('RequestOverError')
      expect(await world.codes()).toEqual(['A'])
      await vi.waitFor(async () => expect(await world.answeredWith(499)).toBe(true))
    })

    it('leaves no half of a transaction, and its connection to the next', async () => {
      const { database, insert, pool } = world
      const reached = Promise.withResolvers<void>()
      const asked = world.ask(async (hungUp) => {
        await database.withTenant('demo', async (tx) => {
          await insert(tx, 'C')
          reached.resolve()
          await hungUp
        })
      })
      await reached.promise
      asked.destroy()
      expect(await world.ended()).toBe('RequestOverError')
      expect(await world.codes()).toEqual(['A'])
      expect([pool.waitingCount, pool.totalCount - pool.idleCount]).toEqual([0, 0])
    })

    it('of a request under a key finds all of it done, as it said that it asks again', async () => {
      const { database, insert } = world
      const put = (code: string) => () => database.withTenant('demo', (tx) => insert(tx, code))
      expect(await cutBetween(put('D'), put('E'), { 'idempotency-key': crypto.randomUUID() })).toBe('done')
      expect(await world.codes()).toEqual(['A', 'D', 'E'])
    })
  })
}
