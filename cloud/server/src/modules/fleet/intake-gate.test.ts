import { ManualClock } from '@jidoka/base'
import type { Lane } from '@jidoka/sync-protocol'
import { describe, expect, it } from 'vitest'
import { RefusalError } from '../../platform/http/problem.ts'
import { IntakeGate } from './intake-gate.ts'

/** Work that ends when it is told to, in the order in which it was let in. */
function workshop() {
  const gate = new IntakeGate(new ManualClock(0))
  const begun: { name: string; end: () => void }[] = []
  const enter = (lane: Lane, name: string) =>
    gate.through(lane, () => new Promise<void>((resolve) => begun.push({ name, end: resolve })))
  return { begun, enter, names: () => begun.map(({ name }) => name) }
}
const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('the gate of the intake', () => {
  it('lets four batches of readings in at once, and a record beside them without waiting', async () => {
    const { enter, names } = workshop()
    for (let index = 0; index < 6; index++) void enter('readings', `readings ${index}`)
    void enter('records', 'record')
    await turn()
    expect(names()).toEqual(['readings 0', 'readings 1', 'readings 2', 'readings 3', 'record'])
  })

  it('lets records that wait in before readings that came earlier, each lane in order', async () => {
    const { begun, enter, names } = workshop()
    for (let index = 0; index < 8; index++) void enter('records', `record ${index}`)
    void enter('readings', 'readings')
    void enter('records', 'record 8')
    void enter('records', 'record 9')
    await turn()
    expect(begun).toHaveLength(8)
    begun[0]?.end()
    await turn()
    begun[1]?.end()
    await turn()
    begun[2]?.end()
    await turn()
    expect(names().slice(8)).toEqual(['record 8', 'record 9', 'readings'])
    expect(begun).toHaveLength(11)
  })

  it('lets one batch of readings in at a time while records are worked on, and more again behind them', async () => {
    const { begun, enter, names } = workshop()
    void enter('records', 'record')
    for (let index = 0; index < 5; index++) void enter('readings', `readings ${index}`)
    await turn()
    expect(names()).toEqual(['record', 'readings 0'])
    begun[0]?.end()
    await turn()
    expect(names().slice(2)).toEqual(['readings 1', 'readings 2', 'readings 3'])
  })

  it('gives the place of work that failed to the next', async () => {
    const gate = new IntakeGate(new ManualClock(0))
    for (let round = 0; round < 20; round++)
      await expect(gate.through('readings', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await gate.through('readings', () => Promise.resolve(1))).toBe(1)
  })

  it('sends readings away once sixteen wait, and records not before a thousand do', async () => {
    const { enter } = workshop()
    for (let index = 0; index < 4 + 16; index++) void enter('readings', '')
    await expect(enter('readings', 'one more')).rejects.toThrow(RefusalError)
    for (let index = 0; index < 4 + 1_000; index++) void enter('records', '')
    await expect(enter('records', 'one more')).rejects.toThrow(RefusalError)
  })
})
