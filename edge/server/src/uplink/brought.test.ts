import { randomUUID } from 'node:crypto'
import { noDoubt } from '@jidoka/sync-engine'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { doubtsOf } from './doubt-keeper.ts'
import { LineHarness } from './testing/line-harness.ts'

// A person imports a courier's file while the line runs, hangs, or is down: the receipt in it goes to the engine that the simulation tries, and the
// line goes on as it is.

let edge: LineHarness
beforeEach(async () => {
  edge = await LineHarness.start()
})
afterEach(() => edge.stop())

const waits = { interval: 10 }

/** Two records are receipted; then the cloud takes two more by a courier, and the line is cut. */
async function behindByCourier() {
  const parts = await edge.enrolled()
  await edge.addRecord()
  await edge.addRecord()
  const uplink = await edge.uplink(parts)
  await vi.waitUntil(() => edge.journal.receipts.get('records')?.up_to_seq === 2, waits)
  const receipt = edge.journal.receipts.get('records')
  if (receipt === undefined) throw new Error('no receipt')
  return { parts, uplink, receipt }
}

describe('a receipt that a courier brings', () => {
  test('I2: is on disk when it is told as stored, and what it covers is not sent again once the line is back', async () => {
    const { uplink } = await behindByCourier()
    await edge.cloud.stop()
    await edge.addRecord()
    await vi.waitUntil(() => uplink.state.lanes.records.lastSeq === 3, waits)
    await vi.waitUntil(() => ['resuming', 'waiting'].includes(uplink.state.lanes.records.state), waits)
    const receipt = await edge.receiptByCourier('records')
    expect(await uplink.bring(receipt, 'verified')).toBe('stored')
    expect(edge.journal.receipts.get('records')).toEqual(receipt)
    const heads: number[] = []
    edge.cloud.onBatch = ({ header }) => heads.push(header.from_seq)
    await edge.cloud.start()
    await edge.addRecord()
    await edge.cloud.until(edge.isEverythingThere)
    // What follows is the ledger of the outage.
    expect(heads[0]).toBe(4)
  })

  test('waits for the flight of its lane, and is taken when that comes to nothing', async () => {
    const { uplink } = await behindByCourier()
    let isTaken = false
    edge.cloud.holdBatches = true
    await edge.addRecord()
    await vi.waitUntil(() => uplink.state.lanes.records.state === 'sending', waits)
    const receipt = await edge.receiptByCourier('records')
    const brought = uplink.bring(receipt, 'verified').finally(() => {
      isTaken = true
    })
    await vi.waitUntil(() => edge.cloud.heldBatches === 1, waits)
    expect(isTaken).toBe(false)
    await edge.cloud.stop()
    expect(await brought).toBe('stored')
    expect(uplink.state.lanes.records.confirmed.seq).toBe(3)
  })

  test('is passed over by a line that already knows more, and by one that has stopped', async () => {
    const { uplink, receipt } = await behindByCourier()
    expect(await uplink.bring(receipt, 'verified')).toBe('at_work')
    await uplink.stop()
    expect(await uplink.bring(receipt, 'verified')).toBe('stopped')
  })

  test('I2: of rows that nobody here can compare is not taken by a lane that knows of two histories, nor after a restart without a line', async () => {
    const { parts, uplink } = await behindByCourier()
    edge.cloud.refuseNext.push({ kind: 'digest' })
    await edge.addRecord()
    await vi.waitUntil(() => uplink.state.lanes.records.state === 'halted', waits)
    await edge.cloud.stop()
    const receipt = await edge.receiptByCourier('records')
    expect(await uplink.bring(receipt, 'unverifiable')).toBe('in_doubt')
    await uplink.stop()
    const restarted = await edge.uplink(parts)
    expect(restarted.state.lanes.records.seesTwo).toBe(true)
    expect(await restarted.bring(receipt, 'unverifiable')).toBe('in_doubt')
    expect(edge.journal.receipts.get('records')?.up_to_seq).toBe(2)
    expect(await restarted.bring(receipt, 'verified')).toBe('stored')
  })

  test('that two histories are known is noted as soon as a store that was full takes it, and ends with the epoch', async () => {
    const { parts, uplink } = await behindByCourier()
    vi.spyOn(edge.journal, 'saveSetting').mockRejectedValueOnce(new Error('disk full'))
    edge.cloud.refuseNext.push({ kind: 'digest' })
    await edge.addRecord()
    await vi.waitUntil(() => uplink.state.lanes.records.state === 'halted', waits)
    await vi.waitUntil(() => doubtsOf(edge.journal).records.seesTwo, waits)
    await uplink.stop()
    edge.journal.epoch = randomUUID()
    expect(doubtsOf(edge.journal).records).toEqual(noDoubt)
    expect((await edge.uplink(parts)).state.lanes.records.seesTwo).toBe(false)
  })

  test('tells who brought it when it could not be stored', async () => {
    const { uplink } = await behindByCourier()
    await edge.cloud.stop()
    await edge.addRecord()
    await vi.waitUntil(() => ['resuming', 'waiting'].includes(uplink.state.lanes.records.state), waits)
    vi.spyOn(edge.journal, 'storeReceipt').mockRejectedValueOnce(new Error('disk full'))
    const receipt = await edge.receiptByCourier('records')
    await expect(uplink.bring(receipt, 'verified')).rejects.toThrow('disk full')
  })
})

test('rows that leave in a courier file count as sent', async () => {
  const { uplink } = await behindByCourier()
  uplink.exported('records', 9)
  expect(uplink.state.lanes.records.sentSeq).toBeGreaterThanOrEqual(9)
})
