import { ManualClock } from '@jidoka/base'
import { describe, expect, test } from 'vitest'
import { EventHub } from '../../platform/events.ts'
import { EdgeMemory } from './edge-memory.ts'

/** The database as edges are looked for in it: each look is answered when the test says so. */
function newMemory() {
  const clock = new ManualClock()
  const hub = new EventHub()
  const memory = new EdgeMemory<string>(clock, hub)
  const looks: PromiseWithResolvers<string | null>[] = []
  const find = (edgeId: string) =>
    memory.find(edgeId, () => {
      const look = Promise.withResolvers<string | null>()
      looks.push(look)
      return look.promise
    })
  const found = async (edgeId: string, edge: string | null) => {
    const asked = find(edgeId)
    looks.at(-1)?.resolve(edge)
    return asked
  }
  return { clock, hub, looks, find, found }
}

describe('edges that were found a moment ago', () => {
  test('are not looked for again within half a minute, and then they are', async () => {
    const { clock, looks, find, found } = newMemory()
    expect(await found('a', 'edge a')).toBe('edge a')
    clock.advance(29_999)
    expect(await find('a')).toBe('edge a')
    expect(looks).toHaveLength(1)
    clock.advance(1)
    expect(await found('a', 'edge a')).toBe('edge a')
    expect(looks).toHaveLength(2)
  })

  test('are forgotten at once when something is announced of them, and of them alone', async () => {
    const { hub, looks, find, found } = newMemory()
    await found('a', 'edge a')
    await found('b', 'edge b')
    hub.wakeEdge('a')
    expect(await found('a', 'revoked')).toBe('revoked')
    expect(await find('b')).toBe('edge b')
    expect(looks).toHaveLength(3)
  })

  test('are not remembered as they were before an announcement that came while they were looked for', async () => {
    const { hub, looks, find, found } = newMemory()
    const asked = find('a')
    hub.wakeEdge('a')
    looks[0]?.resolve('before')
    await asked
    expect(await found('a', 'revoked')).toBe('revoked')
    // Two questions at once: the announcement reaches what either of them found.
    const [first, second] = [find('b'), find('b')]
    for (const look of looks.slice(-2)) look.resolve('edge b')
    await Promise.all([first, second])
    hub.wakeEdge('b')
    expect(await found('b', 'revoked')).toBe('revoked')
  })

  test('that are none, or could not be looked for, are looked for each time', async () => {
    const { looks, find, found } = newMemory()
    expect(await found('a', null)).toBeNull()
    const asked = find('a')
    looks.at(-1)?.reject(new Error('no database'))
    await expect(asked).rejects.toThrow('no database')
    expect(await found('a', 'edge a')).toBe('edge a')
  })

  test('are ten thousand at most, and the oldest goes', async () => {
    const { looks, find, found } = newMemory()
    for (let index = 0; index <= 10_000; index++) await found(`edge ${index}`, 'an edge')
    expect(await find('edge 1')).toBe('an edge')
    expect(await found('edge 0', 'an edge')).toBe('an edge')
    expect(looks).toHaveLength(10_002)
  })
})
