import { createLog, systemClock } from '@jidoka/base'
import { epochStart } from '@jidoka/sync-protocol'
import type { Receipt } from '@jidoka/sync-protocol'
import { expect, test, vi } from 'vitest'
import { ReceiptKeeper } from './receipt-keeper.ts'

const receiptOf = (upTo: number): Receipt => ({
  protocol: '1.2',
  edge_id: '0193a1b2-0000-7000-8000-000000000001',
  epoch: '0193a1b2-0000-7000-8000-000000000002',
  lane: 'readings',
  up_to_seq: upTo,
  count_total: upTo,
  digest: '0123456789abcdef',
  received_at_ms: upTo,
  key_id: 'k1',
  signature: 'A'.repeat(86),
})
const stored = (upTo: number) => ({ kind: 'store_receipt', lane: 'readings', receipt: receiptOf(upTo) }) as const
const setBackTo = (seq: number) =>
  ({
    kind: 'adopt_cursor',
    lane: 'readings',
    point: { ...epochStart(1), seq },
    receipt: seq === 0 ? null : receiptOf(seq),
  }) as const

/** A disk that says in which order it took what, 0 for the beginning. */
function onDisk() {
  const disk = { isFull: false, took: [] as number[] }
  const take = (upTo: number): Promise<void> => {
    if (disk.isFull) return Promise.reject(new Error('the disk is full'))
    disk.took.push(upTo)
    return Promise.resolve()
  }
  const after = vi.fn(() => () => {})
  const keeper = new ReceiptKeeper({
    pipeline: { storeReceipt: (receipt) => take(receipt.up_to_seq), forgetReceipt: () => take(0) },
    clock: { ...systemClock, after },
    log: createLog('test', { level: 'silent' }),
    random: () => 0.5,
  })
  return { disk, keeper, triedAgain: () => vi.waitUntil(() => after.mock.calls.length > 0, { interval: 1 }) }
}

test('S18: a receipt that takes the place of a set-back which a full disk did not take comes behind it', async () => {
  const { disk, keeper, triedAgain } = onDisk()
  disk.isFull = true
  keeper.adopt(setBackTo(0))
  await triedAgain()
  // Refused as well: the next one still has to bring the set-back along.
  keeper.store(stored(8), undefined)
  await expect(keeper.stored('readings')).rejects.toThrow('full')
  disk.isFull = false
  keeper.store(stored(9), undefined)
  await keeper.stored('readings')
  keeper.store(stored(10), undefined)
  await keeper.stored('readings')
  expect(disk.took).toEqual([0, 9, 10])
})

test('S18: of two set-backs that a full disk did not take the one further back comes first', async () => {
  const { disk, keeper, triedAgain } = onDisk()
  disk.isFull = true
  keeper.adopt(setBackTo(3))
  await triedAgain()
  disk.isFull = false
  keeper.adopt(setBackTo(5))
  await vi.waitUntil(() => disk.took.length === 2, { interval: 1 })
  keeper.store(stored(9), undefined)
  await keeper.stored('readings')
  expect(disk.took).toEqual([3, 5, 9])
})
