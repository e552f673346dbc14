import { batchLimits } from '@jidoka/sync-protocol'
import { describe, expect, it } from 'vitest'
import { httpLimits } from '../../platform/http/limits.ts'
import { RefusalError } from '../../platform/http/problem.ts'
import { BodyBudget, bodyLimits } from './body-budget.ts'

/** Bodies that stay until they are let go. */
function bodies() {
  const budget = new BodyBudget()
  const ends: (() => void)[] = []
  const refused: unknown[] = []
  const hold = (edgeId: string, bytes: number) => {
    const work = () => new Promise<void>((resolve) => ends.push(resolve))
    return budget.hold(edgeId, bytes, work).catch((error: unknown) => void refused.push(error))
  }
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  return { hold, ends, refused, turn }
}

describe('the budget for bodies of batches', () => {
  const large = batchLimits.bytesMax
  const small = bodyLimits.smallBytesMax

  it('keeps room for small bodies, however many edges hold large ones', async () => {
    const { hold, ends, refused, turn } = bodies()
    const fits = (httpLimits.batchBodyBytesMax - bodyLimits.keptForSmallBytes) / large
    for (let no = 0; no < fits + 10; no++) void hold(`edge ${no}`, large)
    await turn()
    expect([ends.length, refused.length]).toEqual([fits, 10])
    expect(refused[0]).toBeInstanceOf(RefusalError)
    const smallFits = bodyLimits.keptForSmallBytes / small
    for (let no = 0; no < smallFits + 1; no++) void hold(`edge ${no}`, small)
    await turn()
    expect([ends.length, refused.length]).toEqual([fits + smallFits, 11])
  })

  it('lets an edge hold few bodies at once, and its large ones do not shut out its small ones or those of others', async () => {
    const { hold, ends, refused, turn } = bodies()
    for (let no = 0; no < bodyLimits.largeOfEdgeMax + 1; no++) void hold('one', large)
    await turn()
    expect([ends.length, refused.length]).toEqual([bodyLimits.largeOfEdgeMax, 1])
    for (let no = 0; no < bodyLimits.smallOfEdgeMax + 1; no++) void hold('one', 1_000)
    void hold('other', large)
    await turn()
    expect([ends.length, refused.length]).toEqual([bodyLimits.largeOfEdgeMax + bodyLimits.smallOfEdgeMax + 1, 2])
  })

  it('gives room back when the work is done, and when it failed', async () => {
    const { hold, ends, refused, turn } = bodies()
    for (let round = 0; round < 10; round++) {
      for (let no = 0; no < bodyLimits.largeOfEdgeMax; no++) void hold('one', large)
      await turn()
      for (const end of ends.splice(0)) end()
      await turn()
    }
    expect(refused).toEqual([])
    const budget = new BodyBudget()
    for (let round = 0; round < 100; round++)
      await expect(budget.hold('one', large, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await budget.hold('one', large, () => Promise.resolve(1))).toBe(1)
  })
})
